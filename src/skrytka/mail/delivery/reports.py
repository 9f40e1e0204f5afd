"""Reports to whoever sent a message, ready for the one commit with what they report (RFC 3461 6, RFC 3464).

The table of who hears what stands in docs/dsn.md. Whoever calls has seen to it that the reverse path is not null and is
the sender's (``Transaction.is_proven``): nobody is told about mail that somebody else sent under his name.
"""

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from skrytka.mail.delivery.copies import Copies, blob_in
from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.mail.delivery.inspection import Inspection
from skrytka.mail.delivery.message import IncomingMessage, Sealed
from skrytka.mail.delivery.resolve import Directory
from skrytka.mail.delivery.types import Asked, Resolution, Transaction
from skrytka.mail.outbox.outbox import Outbox, level_of
from skrytka.mail.outbox.sealed import OutboundEnvelope
from skrytka.mail.outbox.signing import NOT_SIGNED, Signing
from skrytka.model.address import NULL_REVERSE_PATH, Address, Domain
from skrytka.model.clock import Clock, Random
from skrytka.model.envelope import BodyType, Notify, Recipient, TlsWish
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import Emitter, FaultRaised, ReportSent
from skrytka.model.ids import AccountId, TraceId, id_text, new_id, new_unit
from skrytka.protocol.mailauth.dkim.sign import SIGNED_BODY
from skrytka.protocol.reports.dsn import RecipientReport, Report, write
from skrytka.protocol.reports.texts import ENGLISH, ReportAction, Words
from skrytka.store.api import Store
from skrytka.store.commands.deliver import Delivered
from skrytka.store.commands.outbound import Post

STATUS_DELIVERED = "2.0.0"


def wants(recipient: Recipient, event: Notify) -> bool:
    """RFC 3461 4.1: without NOTIFY failures and delays are told, with it what it names."""
    return event in recipient.notify if recipient.notify else event is not Notify.SUCCESS


class Begin(Protocol):
    """``Delivery.begin``."""

    def __call__(self, *, is_leaving: bool) -> IncomingMessage: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDeps:
    """What reports are made with."""

    hostname: str
    begin: Begin
    store: Store
    directory: Directory
    copies: Copies
    inspection: Inspection
    outbox: Outbox
    events: Emitter
    clock: Clock
    random: Random
    words: Words = ENGLISH
    signing: Signing | None = None  # None: reports leave unsigned


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The message that a report is about."""

    trace: TraceId
    to: Address  # its reverse path
    arrived_at_ms: int
    envid: str
    scan: HeaderScan
    hold: str = ""
    deliver_by_ms: int | None = None
    priority: int | None = None
    tls_wish: TlsWish = TlsWish.USUAL
    content: bytes | None = None  # all of it, where it is to be returned


class Reports:
    """Writes and addresses reports; the caller commits them."""

    def __init__(self, deps: ReportDeps) -> None:
        self._deps = deps

    @property
    def deps(self) -> ReportDeps:
        """For who else writes mail of this server."""
        return self._deps

    @contextlib.asynccontextmanager
    async def ready(self, about: About, recipients: Sequence[RecipientReport]) -> AsyncIterator[Post]:
        """The command that puts the report where it belongs; nothing is left behind of one that was not submitted.

        PermanentError when nobody can be told: the reverse path is of this server and takes no mail.
        """
        deps = self._deps
        resolution = await deps.directory.resolve(about.to, has_quota=False)
        is_local = resolution.is_accepted and not resolution.outside
        if not resolution.is_accepted and resolution.verdict.reason is not Reason.RELAY_DENIED:
            raise PermanentError(resolution.verdict.reason or Reason.NO_SUCH_USER, f"nobody to report to: {about.to}")
        message = deps.begin(is_leaving=not is_local)
        try:
            report = self._report(about, recipients, is_local=is_local)
            await message.write(write(report))
            sealed = await message.finish()
            if not isinstance(sealed, Sealed):
                raise TransientError(sealed.reason) if sealed.reason else AssertionError("a report was refused")
            yield await (self._inside(resolution, sealed) if is_local else self._outside(report, sealed, about))
        finally:
            await message.abort()

    async def deliver(
        self, post: Post, facts: Transaction, scan: HeaderScan, confirmed: Sequence[RecipientReport]
    ) -> tuple[Delivered, ...]:
        """A message and the report that it arrived, in one commit.

        When there is nobody to report to that is a fault, and no reason not to deliver.
        """
        to = facts.reverse_path.address
        if not confirmed or to is None:
            return await self._deps.store.submit(post)
        about = about_delivered(facts, to, scan)
        async with contextlib.AsyncExitStack() as stack:
            try:
                report = await stack.enter_async_context(self.ready(about, confirmed))
            except PermanentError as exc:
                self._deps.events.emit(FaultRaised(trace=facts.trace, fault="F-report", detail=exc.detail))
                return await self._deps.store.submit(post)
            answers = await self._deps.store.submit(msgspec.structs.replace(post, also=report))
        self.tell(about, confirmed)
        return answers

    def tell(self, about: About, recipients: Iterable[RecipientReport]) -> None:
        """The event of a report that was committed."""
        self._deps.events.emit(
            ReportSent(
                trace=about.trace,
                recipient=str(about.to),
                about=id_text(about.trace),
                actions=tuple(sorted({each.action.value for each in recipients})),
            )
        )

    def _report(self, about: About, recipients: Sequence[RecipientReport], *, is_local: bool) -> Report:
        deps = self._deps
        return Report(
            hostname=deps.hostname,
            to=about.to,
            arrived_at_ms=about.arrived_at_ms,
            now_ms=deps.clock.now_ms(),
            message_id=f"{id_text(new_id(deps.clock, deps.random))}@{deps.hostname}",
            boundary=f"=_{deps.random.token(18).hex()}",
            recipients=tuple(recipients),
            envid=about.envid,
            future_release=about.hold,
            deliver_by_ms=about.deliver_by_ms,
            log_id=id_text(about.trace),
            about=about.scan.message_id or b"",
            header=about.scan.raw,
            content=about.content,
            words=deps.words,
            is_local=is_local,
            is_tls_optional=about.tls_wish is TlsWish.OPTIONAL,
        )

    async def _inside(self, resolution: Resolution, sealed: Sealed) -> Post:
        """Into the mailboxes of the reverse path."""
        deps = self._deps
        unit = new_unit(deps.clock, deps.random)
        facts = Transaction(
            trace=TraceId(new_id(deps.clock, deps.random)),
            received_at_ms=deps.clock.now_ms(),
            reverse_path=NULL_REVERSE_PATH,
            remote="127.0.0.1",
            helo=Domain.parse(deps.hostname),
            service="courier",
            is_submission=True,
        )
        insides = await deps.inspection.of(sealed)  # what it quotes is a stranger's
        targets = [(resolution.recipient, target) for target in resolution.targets]
        command = await deps.copies.command(unit, facts, targets, sealed, insides)
        return Post(unit=unit, blob=command.blob, targets=command.targets)

    async def _outside(self, report: Report, sealed: Sealed, about: About) -> Post:
        """Into the queue, with a null reverse path and NOTIFY=NEVER (RFC 3461 6.1).

        As urgent as what it is about (RFC 6710 4.6), and with the same wish of TLS (RFC 8689 5, 6).
        """
        deps, priority = self._deps, about.priority
        trace = TraceId(new_id(deps.clock, deps.random))
        signed, body = NOT_SIGNED, sealed.hash_of(SIGNED_BODY)
        if deps.signing is not None and body is not None:  # From is of our host name
            signed = await deps.signing.of_domain(sealed.scan.fields, Domain.parse(deps.hostname), body, trace)
        envelope = OutboundEnvelope(
            trace=trace,
            reverse_path=NULL_REVERSE_PATH,
            arrived_at_ms=report.now_ms,
            body_type=BodyType.EIGHT_BIT if sealed.is_8bit else BodyType.SEVEN_BIT,
            needs_smtputf8=report.needs_smtputf8,
            is_report=True,
            priority=priority,
            tls_wish=about.tls_wish,
            signatures=signed.fields,
            signed_for=signed.domain,
            body_digest=body.digest if body is not None and signed.domain else b"",
        )
        blob = sealed.blob
        recipient = Recipient(report.to, frozenset({Notify.NEVER}))
        queue = await deps.outbox.queue(envelope, [recipient], blob.blob_id, blob.key, priority=level_of(priority or 0))
        return Post(unit=new_unit(deps.clock, deps.random), blob=blob_in(blob), queue=queue)


def about_delivered(facts: Transaction, to: Address, scan: HeaderScan) -> About:
    """For a report about a message of which only the header goes back."""
    return About(
        trace=facts.trace,
        to=to,
        arrived_at_ms=facts.received_at_ms,
        envid=facts.envid,
        scan=scan,
        hold=facts.hold,
        deliver_by_ms=None if facts.deliver_by is None else facts.deliver_by.at_ms,
        priority=facts.priority,
        tls_wish=facts.tls_wish,
    )


def confirmations(facts: Transaction, resolutions: Iterable[Resolution], now_ms: int) -> list[RecipientReport]:
    """What the sender hears of copies that are in their mailboxes (RFC 3461 5.2.3, 5.2.7.3)."""
    if not facts.is_proven or facts.reverse_path.is_null:
        return []
    return [
        confirmation(Asked(each.asked, each.is_group), now_ms)
        for each in resolutions
        if each.asked is not None and wants(each.asked, Notify.SUCCESS) and (each.targets or each.is_group)
    ]


def confirmation(asked: Asked, now_ms: int) -> RecipientReport:
    """One of them. The address is the one that RCPT named: whose mailboxes are behind it is nobody's business."""
    return RecipientReport(
        final=asked.recipient.address,
        action=ReportAction.EXPANDED if asked.is_group else ReportAction.DELIVERED,
        status=STATUS_DELIVERED,
        original=asked.recipient.original,
        last_attempt_at_ms=now_ms,
    )


def asked_of(facts: Transaction, resolutions: Iterable[Resolution]) -> Mapping[AccountId, tuple[Asked, ...]]:
    """About which RCPTs the sender may have to be told by the end of each account's copy.

    The first member of a group stands for it; of the others only failures and delays are told (RFC 3461 5.2.7.3 c).
    """
    found: dict[AccountId, tuple[Asked, ...]] = {}
    if not facts.is_proven or facts.reverse_path.is_null:
        return found
    for each in resolutions:
        if each.asked is None:
            continue
        is_group = each.is_group
        for place, target in enumerate(each.targets):
            asked = each.asked if place == 0 else without_success(each.asked)
            found[target.account] = (*found.get(target.account, ()), Asked(asked, is_group))
    return found


def without_success(recipient: Recipient) -> Recipient:
    """The same, of whom only failures and delays are told."""
    if not recipient.notify:
        return recipient
    left = recipient.notify - {Notify.SUCCESS} or {Notify.NEVER}
    return msgspec.structs.replace(recipient, notify=frozenset(left))
