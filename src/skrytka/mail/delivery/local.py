"""Delivery into the mailboxes of this node: one command, one commit, then 250 (design section 5).

All recipients' copies are made ready first (keys, prefix, summary), then one Deliver writes them. A store that has no
time for these accounts now leaves the message to the queue, if that can be written; else the peer hears 4xx and keeps
the message. Nothing is answered 250 before the store has said that it is on disk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from skrytka.mail.delivery.bugs import MessageBugs
from skrytka.mail.delivery.copies import Copies, blob_in
from skrytka.mail.delivery.failures import Failures
from skrytka.mail.delivery.forwards import forwards_of, is_loop, may_be_forged
from skrytka.mail.delivery.incoming import HeaderFilter
from skrytka.mail.delivery.inspection import Inspection
from skrytka.mail.delivery.look import Look, Looked
from skrytka.mail.delivery.message import IncomingMessage, Sealed, Specs, verdict_of
from skrytka.mail.delivery.outgoing import Departures, Leaving, to_sign
from skrytka.mail.delivery.priority import field_priority, prioritized
from skrytka.mail.delivery.queued import WaitingCopies
from skrytka.mail.delivery.report_intake import ReportIntake
from skrytka.mail.delivery.reports import ReportDeps, Reports, asked_of, confirmations
from skrytka.mail.delivery.resolve import Directory
from skrytka.mail.delivery.senders import Senders
from skrytka.mail.delivery.signatures import SignatureReader
from skrytka.mail.delivery.submitted import SubmissionFilter
from skrytka.mail.delivery.summary import NOTHING_READ, Insides, buggy
from skrytka.mail.delivery.tls_required import with_tls_wish
from skrytka.mail.delivery.told import delivered_event, names_of, outcome_event
from skrytka.mail.delivery.types import Check, Decide, Fallback, Outgoing, Resolution, Target, Transaction
from skrytka.mail.delivery.withheld import kept_here, refused
from skrytka.mail.outbox.outbox import Outbox
from skrytka.mail.outbox.rewriting import Rewriting
from skrytka.mail.outbox.signing import Signing
from skrytka.model import reply
from skrytka.model.address import Address
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason, ReasonedError, TransientError
from skrytka.model.events import Emitter, MessageQueued
from skrytka.model.ids import AccountId, TraceId, UnitId, new_unit
from skrytka.model.limits import SmtpLimits
from skrytka.model.verdict import Action, Verdict
from skrytka.net.bugs import bug_caught
from skrytka.protocol.reports.texts import ENGLISH, Words
from skrytka.store.api import Store
from skrytka.store.commands.deliver import Delivered
from skrytka.store.commands.outbound import Post
from skrytka.store.seal.blob import BlobWriter, SealedBlob
from skrytka.store.seal.budget import MemoryBudget
from skrytka.store.seal.source import KeySource

_QUEUED_FOR: Final = frozenset(
    {Reason.STORE_BUSY, Reason.KEY_UNAVAILABLE}
)  # what passes while the store itself is well
HELD: Final = "held"  # why it waits, in events and in the queue
_NOT_FORWARDED: Final = Verdict(
    Action.REJECT, reply.NOT_FORWARDED, Reason.NOT_PERMITTED, detail="a forward would make From pass for ours"
)
_NOTHING_LEAVES: Final = Verdict(Action.REJECT, reply.RELAY_DENIED, Reason.RELAY_DENIED)
_TOO_LATE: Final = Verdict(Action.REJECT, reply.DELIVER_BY_PASSED, Reason.EXPIRED)
_ACCEPTED: Final = Verdict(Action.ACCEPT, reply.ACCEPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDeps:
    """What a Delivery works with; made by the composition root."""

    hostname: str  # also our authserv-id (RFC 8601 2.5)
    spool_dir: Path
    store: Store
    keys: KeySource
    inspection: Inspection
    decide: Decide
    fallback: Fallback | None
    events: Emitter
    clock: Clock
    random: Random
    memory: MemoryBudget
    limits: SmtpLimits
    bugs: MessageBugs
    outbox: Outbox | None = None  # None: nothing leaves
    senders: Senders | None = None  # None: nobody asks whose mail it is
    intake: ReportIntake | None = None  # None: reports of others are mail as any other
    failures: Failures | None = None  # None: no domain is told of a single message
    directory: Directory | None = None  # of reverse paths; None: nobody is told that his mail arrived
    words: Words = ENGLISH  # of reports
    rewriting: Rewriting | None = None  # None: nothing is forwarded
    signing: Signing | None = None  # None: what leaves is not signed
    is_sealing: bool = False  # forwards have a set of ARC


class Delivery:
    """Takes messages in and puts them into mailboxes; one per process."""

    def __init__(self, deps: DeliveryDeps) -> None:
        self._deps = deps
        self._copies = Copies(deps.hostname, deps.keys, deps.clock, deps.random)
        self._look = Look(
            deps.hostname, deps.inspection, deps.decide, deps.senders, deps.events, deps.intake, deps.failures
        )
        self._departures = _departures(deps)
        self._waiting = WaitingCopies(deps.keys, deps.clock, deps.random)
        self._reports = self._made_reports(deps)

    @property
    def reports(self) -> Reports | None:
        """For who delivers later what could not be delivered at once."""
        return self._reports

    def _made_reports(self, deps: DeliveryDeps) -> Reports | None:
        if deps.outbox is None or deps.directory is None:
            return None
        return Reports(
            ReportDeps(
                hostname=deps.hostname,
                begin=self.begin,
                store=deps.store,
                directory=deps.directory,
                copies=self._copies,
                inspection=deps.inspection,
                outbox=deps.outbox,
                events=deps.events,
                clock=deps.clock,
                random=deps.random,
                words=deps.words,
                signing=deps.signing,
            )
        )

    def begin(self, *, is_leaving: bool = False) -> IncomingMessage:
        """A place for the octets of one message; ``abort`` it unless it is handed to :meth:`deliver`.

        What is leaving, by an alias too, can be signed.
        """
        return self._incoming(
            HeaderFilter(self._deps.hostname, self._deps.limits.header_bytes), self._specs(is_leaving)
        )

    def begin_checked(self, *, is_leaving: bool = False) -> IncomingMessage:
        """As :meth:`begin`, of a message whose sender will be asked about."""
        header = HeaderFilter(self._deps.hostname, self._deps.limits.header_bytes)
        if self._deps.senders is None:
            return self._incoming(header, self._specs(is_leaving))
        return self._incoming(header, SignatureReader(frozenset(to_sign()) if is_leaving else frozenset()))

    def begin_submission(self, *, is_leaving: bool = True) -> IncomingMessage:
        """As :meth:`begin`; the header is completed (RFC 6409 8)."""
        deps = self._deps
        header = SubmissionFilter(deps.hostname, deps.limits.header_bytes, deps.clock, deps.random)
        return self._incoming(header, self._specs(is_leaving))

    def _specs(self, is_leaving: bool) -> Specs | None:  # noqa: FBT001 - it has one meaning
        return to_sign if is_leaving and self._deps.signing is not None else None

    def _incoming(self, header: HeaderFilter, specs: Specs | None = None) -> IncomingMessage:
        deps = self._deps
        writer = BlobWriter(deps.spool_dir, deps.clock, deps.random, deps.memory)
        return IncomingMessage(writer, header, deps.memory, specs)

    async def deliver(
        self,
        facts: Transaction,
        recipients: Sequence[Resolution],
        message: IncomingMessage,
        outgoing: Outgoing | None = None,
        check: Check | None = None,
    ) -> Verdict:
        """Decide, deliver, and say what the peer is told; the reply is positive only when the message is on disk.

        Emits MessageReceived and MessageDelivered or MessageQueued, or MessageRefused. Whatever happens, nothing of
        the message is left behind that the store did not take over. A bug is raised, but the third one with the same
        message from outside sets it apart (conventions C6).
        """
        began_s = self._deps.clock.monotonic_s()
        try:
            verdict = await self._deliver(facts, recipients, message, outgoing, check)
        finally:
            await message.abort()
        duration_ms = int((self._deps.clock.monotonic_s() - began_s) * 1000)
        self._deps.events.emit(
            outcome_event(facts, names_of(recipients, outgoing), verdict, message.size_bytes, duration_ms)
        )
        return verdict

    async def _deliver(
        self,
        facts: Transaction,
        recipients: Sequence[Resolution],
        message: IncomingMessage,
        outgoing: Outgoing | None,
        check: Check | None,
    ) -> Verdict:
        try:
            sealed = await message.finish()
            if isinstance(sealed, Verdict):
                return sealed
            return await self._decided(facts, recipients, sealed, outgoing, check)
        except (ReasonedError, MemoryError):  # want of memory is no fault of the message
            raise
        except Exception as exc:
            blob = message.blob
            is_kept = not facts.is_submission and distinct(recipients)  # here, where it can be set apart
            if blob is None or not is_kept or not await self._deps.bugs.is_hopeless(blob.sha256):
                raise
            self._deps.events.emit(bug_caught(exc, facts.trace))
            return await self._set_apart(facts, recipients, blob)

    async def _set_apart(self, facts: Transaction, recipients: Sequence[Resolution], blob: SealedBlob) -> Verdict:
        """Into the mailboxes that no client sees, without a look at anything that a bug was met with."""
        insides = buggy(blob.size, blob.sha256)
        targets = distinct(recipients)
        unit = new_unit(self._deps.clock, self._deps.random)
        command = await self._copies.command(unit, facts, targets, Sealed(blob, NOTHING_READ, None), insides)
        answers = await self._deps.store.submit(command)
        self._tell(facts.trace, targets, answers, insides)
        return _ACCEPTED

    async def _decided(
        self,
        facts: Transaction,
        recipients: Sequence[Resolution],
        sealed: Sealed,
        outgoing: Outgoing | None,
        check: Check | None,
    ) -> Verdict:
        verdict = self._deps.decide(sealed.scan, ())
        if not verdict.reply.is_positive:
            return verdict
        if check is not None and (refusal := await check(sealed.scan)) is not None:
            return refusal
        if (by := facts.deliver_by) is not None and by.is_return and by.at_ms <= self._deps.clock.now_ms():
            return _TOO_LATE
        granted = prioritized(with_tls_wish(facts, sealed.scan), sealed.scan)
        verdict = await self._placed(granted, recipients, sealed, outgoing)
        if verdict is _ACCEPTED and facts.priority is None and granted.priority != field_priority(sealed.scan):
            text = f"{granted.priority} is the new priority assigned to the message"
            return Verdict(Action.ACCEPT, reply.PRIORITY_CHANGED.with_text(text))
        return verdict

    async def _placed(
        self, facts: Transaction, recipients: Sequence[Resolution], sealed: Sealed, outgoing: Outgoing | None
    ) -> Verdict:
        leaving = Leaving(outgoing, tuple(forwards_of(recipients, outgoing)))
        if leaving.forwards and is_loop(sealed.scan, leaving.forwards):
            return Verdict(Action.REJECT, reply.MAIL_LOOP, Reason.MAIL_LOOP, detail="it was forwarded from here before")
        try:
            if facts.release_at_ms > self._deps.clock.now_ms():
                return await self._hold(facts, recipients, sealed, leaving)
            looked = await self._look.at(facts, recipients, sealed)
            if leaving.forwards and looked.facts.is_junk:
                return await self._withheld(looked, recipients, sealed)
            if leaving:
                return await self._post(looked, recipients, sealed, leaving)
        except TransientError as exc:  # of what leaves or is held, too: the two queues are two commands
            return verdict_of(exc)
        except PermanentError as exc:
            return _vanished(exc)
        return await self._put(looked, recipients, sealed)

    async def _withheld(self, looked: Looked, recipients: Sequence[Resolution], sealed: Sealed) -> Verdict:
        """To be quarantined: in Junk of people here, and to nobody elsewhere."""
        trace, reason = looked.facts.trace, looked.verdict.reason
        kept = await kept_here(self._deps.directory, recipients, trace, reason)
        if kept is None:
            return refused(looked.verdict)
        verdict = await self._put(looked, kept.recipients, sealed)
        if verdict.reply.is_positive:
            for event in kept.events:
                self._deps.events.emit(event)
        return verdict

    async def _put(self, looked: Looked, recipients: Sequence[Resolution], sealed: Sealed) -> Verdict:
        """Into the mailboxes, or into the queue while they cannot be written."""
        facts, insides = looked.facts, looked.insides
        if not looked.verdict.reply.is_positive:
            return looked.verdict
        targets = distinct(recipients)
        unit = new_unit(self._deps.clock, self._deps.random)
        confirmed = confirmations(facts, recipients, self._deps.clock.now_ms())
        try:
            command = await self._copies.command(unit, facts, targets, sealed, insides)
            if confirmed and insides.poison is None and self._reports is not None:  # what is set apart is not delivered
                post = Post(unit=unit, blob=command.blob, targets=command.targets)
                answers = await self._reports.deliver(post, facts, sealed.scan, confirmed)
            else:
                answers = await self._deps.store.submit(command)
        except TransientError as exc:
            return await self._put_aside(facts, recipients, sealed, unit, exc)
        except PermanentError as exc:
            return _vanished(exc)
        self._tell(facts.trace, targets, answers, insides)
        return _ACCEPTED

    def _tell(
        self,
        trace: TraceId,
        targets: Sequence[tuple[Address, Target]],
        answers: Sequence[Delivered],
        insides: Insides | None,
    ) -> None:
        for (_recipient, target), delivered in zip(targets, answers, strict=True):
            self._deps.events.emit(delivered_event(trace, target, delivered, insides))

    async def _post(
        self, looked: Looked, recipients: Sequence[Resolution], sealed: Sealed, leaving: Leaving
    ) -> Verdict:
        """Copies for mailboxes here and the queue for those elsewhere, in one commit."""
        facts, insides = looked.facts, looked.insides
        if not looked.verdict.reply.is_positive:
            return looked.verdict
        if self._departures is None:
            return _NOTHING_LEAVES
        doubted, hostname = looked.doubted, self._deps.hostname
        if doubted is not None and may_be_forged(doubted, leaving.forwards, facts.reverse_path, hostname):
            return _NOT_FORWARDED
        targets = distinct(recipients)
        unit = new_unit(self._deps.clock, self._deps.random)
        confirmed = confirmations(facts, recipients, self._deps.clock.now_ms())
        copies = (await self._copies.command(unit, facts, targets, sealed, insides)).targets if targets else ()
        left = await self._departures.ready(facts, sealed, leaving)
        blob = blob_in(sealed.blob)
        post = Post(unit=unit, blob=blob, targets=copies, queue=left.queue, forwards=left.forwards)
        if self._reports is not None:
            answers = await self._reports.deliver(post, facts, sealed.scan, confirmed)
        else:
            answers = await self._deps.store.submit(post)
        self._tell(facts.trace, targets, answers, insides)
        for event in left.events:
            self._deps.events.emit(event)
        return _ACCEPTED

    async def _hold(
        self,
        facts: Transaction,
        recipients: Sequence[Resolution],
        sealed: Sealed,
        leaving: Leaving,
    ) -> Verdict:
        """Into the queue until its time comes, what is for mailboxes here too (RFC 4865 4.2): one commit."""
        if self._departures is None:
            return _NOTHING_LEAVES
        targets = distinct(recipients)
        local = None
        left = await self._departures.ready(facts, sealed, leaving)
        if targets:
            await self._look.insides(facts, sealed)  # what no inspector survives is refused while its sender is there
            first, asked = new_unit(self._deps.clock, self._deps.random), asked_of(facts, recipients)
            local = await self._waiting.queue(facts, targets, sealed.blob, first, asked, reason=HELD)
        unit = new_unit(self._deps.clock, self._deps.random)
        await self._deps.store.submit(
            Post(
                unit=unit,
                blob=blob_in(sealed.blob),
                queue=left.queue,
                forwards=left.forwards,
                local=local,
                account=facts.account,
            )
        )
        signatures = tuple(name for event in left.events for name in event.signatures)
        names = names_of(recipients, leaving.outgoing)
        self._deps.events.emit(
            MessageQueued(trace=facts.trace, recipients=names, reason=HELD, signatures=signatures, hold=facts.hold)
        )
        return _ACCEPTED

    async def _put_aside(
        self,
        facts: Transaction,
        recipients: Sequence[Resolution],
        sealed: Sealed,
        unit: UnitId,
        cause: TransientError,
    ) -> Verdict:
        if self._deps.fallback is None or cause.reason not in _QUEUED_FOR:
            return verdict_of(cause)
        targets = distinct(recipients)
        try:
            await self._deps.fallback.enqueue(facts, targets, sealed.blob, unit, cause, asked_of(facts, recipients))
        except TransientError as exc:
            return verdict_of(exc)
        addresses = tuple(str(target.address) for _recipient, target in targets)
        self._deps.events.emit(MessageQueued(trace=facts.trace, recipients=addresses, reason=cause.reason.value))
        return _ACCEPTED


def _departures(deps: DeliveryDeps) -> Departures | None:
    if deps.outbox is None:
        return None
    return Departures(deps.outbox, deps.signing, deps.rewriting, deps.hostname, is_sealing=deps.is_sealing)


def _vanished(exc: PermanentError) -> Verdict:
    """An account that is gone since RCPT: asked again, the sender hears of it."""
    return Verdict(Action.DEFER, reply.LOCAL_ERROR, exc.reason, detail=exc.detail)


def distinct(recipients: Sequence[Resolution]) -> list[tuple[Address, Target]]:
    """Each account once, with the first recipient that led to it."""
    found: dict[AccountId, tuple[Address, Target]] = {}
    for resolution in recipients:
        for target in resolution.targets:
            found.setdefault(target.account, (resolution.recipient, target))
    return list(found.values())
