"""Reports to the sender, in the same commit as what they report (RFC 3461 6.2, RFC 3464).

Who hears what: the table in docs/queue.md. Never about a message with a null reverse path, so never about a report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from skrytka.mail.delivery.copies import Copies, blob_in
from skrytka.mail.delivery.incoming import rescan
from skrytka.mail.delivery.inspection import Inspection
from skrytka.mail.delivery.local import Delivery, distinct
from skrytka.mail.delivery.message import Sealed
from skrytka.mail.delivery.resolve import Directory
from skrytka.mail.delivery.types import Transaction
from skrytka.mail.outbox.outbox import Outbox
from skrytka.mail.outbox.sealed import OutboundEnvelope
from skrytka.mail.queue.outcome import Fate, Outcome
from skrytka.mail.queue.parcel import Parcel, Reader
from skrytka.model.address import NULL_REVERSE_PATH, Address, Domain
from skrytka.model.clock import Clock, Random
from skrytka.model.envelope import BodyType, Notify, Recipient, Ret
from skrytka.model.errors import TransientError
from skrytka.model.events import Emitter, ReportSent
from skrytka.model.ids import TraceId, UnitId, id_text, new_id
from skrytka.protocol.reports.dsn import RecipientReport, Report, write
from skrytka.protocol.reports.texts import ReportAction
from skrytka.store.api import Store
from skrytka.store.commands.deliver import QueueDone
from skrytka.store.commands.outbound import Post

RETURN_FULL_BYTES: Final = 64 * 1024  # without RET: a small message goes back whole, of a large one the header
RETURN_MAX_BYTES: Final = 1024 * 1024  # with RET=FULL
HEADER_MAX: Final = 64 * 1024


def wants(recipient: Recipient, event: Notify) -> bool:
    """RFC 3461 4.1: without NOTIFY failures and delays are told, with it what it names."""
    return event in recipient.notify if recipient.notify else event is not Notify.SUCCESS


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceDeps:
    """What reports are made with."""

    hostname: str
    store: Store
    directory: Directory
    delivery: Delivery
    copies: Copies
    inspection: Inspection
    outbox: Outbox
    events: Emitter
    clock: Clock
    random: Random
    expire_s: int


class Bounces:
    """Writes reports and the commit they belong to."""

    def __init__(self, deps: BounceDeps) -> None:
        self._deps = deps

    def reported(self, parcel: Parcel, outcomes: dict[int, Outcome]) -> dict[int, ReportAction]:
        """Of which recipients the reverse path is to hear, and what."""
        if parcel.envelope.reverse_path.is_null:
            return {}
        found: dict[int, ReportAction] = {}
        for number, outcome in outcomes.items():
            recipient = parcel.recipients[number]
            if outcome.fate is Fate.FAILED and wants(recipient, Notify.FAILURE):
                found[number] = ReportAction.FAILED
            elif outcome.fate is Fate.DEFERRED and wants(recipient, Notify.DELAY):
                found[number] = ReportAction.DELAYED
            elif outcome.fate is Fate.SENT and not outcome.is_dsn and wants(recipient, Notify.SUCCESS):
                found[number] = ReportAction.RELAYED  # RFC 3461 6.2.5
        return found

    async def post(
        self,
        parcel: Parcel,
        outcomes: dict[int, Outcome],
        actions: dict[int, ReportAction],
        done: Sequence[int],
        reader: Reader,
    ) -> None:
        """One report about these recipients; ``done`` leave the queue with it, the delayed are marked as told."""
        to = parcel.envelope.reverse_path.address
        if to is None:
            raise AssertionError("nobody to report to")
        content = write(self._report(parcel, outcomes, actions, to, reader))
        await self._commit(parcel, to, content, done, actions)
        self._deps.events.emit(
            ReportSent(
                trace=parcel.envelope.trace,
                recipient=str(to),
                about=id_text(parcel.envelope.trace),
                actions=tuple(sorted({action.value for action in actions.values()})),
            )
        )

    async def _commit(
        self, parcel: Parcel, to: Address, content: bytes, done: Sequence[int], actions: dict[int, ReportAction]
    ) -> None:
        deps = self._deps
        queue_id = parcel.rows[0].queue_id
        told = tuple(number for number, action in actions.items() if action is ReportAction.DELAYED)
        message = deps.delivery.begin()
        try:
            await message.write(content)
            sealed = await message.finish()
            if not isinstance(sealed, Sealed):
                raise TransientError(sealed.reason) if sealed.reason else AssertionError("a report was refused")
            post = await self._addressed(to, sealed)
            await deps.store.submit(
                Post(
                    unit=post.unit,
                    blob=post.blob,
                    targets=post.targets,
                    queue=post.queue,
                    done=QueueDone(queue_id, tuple(done)) if done else None,
                    told=QueueDone(queue_id, told) if told else None,
                )
            )
        finally:
            await message.abort()

    async def _addressed(self, to: Address, sealed: Sealed) -> Post:
        """Into the sender's mailbox when it is here, else into the queue with a null reverse path."""
        deps = self._deps
        unit = UnitId(new_id(deps.clock, deps.random))
        resolution = await deps.directory.resolve(to)
        trace = TraceId(new_id(deps.clock, deps.random))
        if resolution.is_accepted:
            facts = Transaction(
                trace=trace,
                received_at_ms=deps.clock.now_ms(),
                reverse_path=NULL_REVERSE_PATH,
                remote="127.0.0.1",
                helo=Domain.parse(deps.hostname),
                service="courier",
                is_submission=True,
            )
            insides = await deps.inspection.of(sealed)  # what it quotes is a stranger's
            command = await deps.copies.command(unit, facts, distinct([resolution]), sealed, insides)
            return Post(unit=unit, blob=command.blob, targets=command.targets)
        envelope = OutboundEnvelope(
            trace=trace,
            reverse_path=NULL_REVERSE_PATH,
            arrived_at_ms=deps.clock.now_ms(),
            body_type=BodyType.EIGHT_BIT if sealed.is_8bit else BodyType.SEVEN_BIT,
            needs_smtputf8=not sealed.scan.raw.isascii(),
            is_report=True,
        )
        blob = sealed.blob
        queue = await deps.outbox.queue(envelope, [Recipient(to)], blob.blob_id, blob.key)
        return Post(unit=unit, blob=blob_in(blob), queue=queue)

    def _report(
        self,
        parcel: Parcel,
        outcomes: dict[int, Outcome],
        actions: dict[int, ReportAction],
        to: Address,
        reader: Reader,
    ) -> Report:
        deps, row = self._deps, parcel.rows[0]
        now_ms = deps.clock.now_ms()
        until_ms = row.created_at_ms + deps.expire_s * 1000
        is_failure = ReportAction.FAILED in actions.values()
        size = row.size if is_failure and self._is_whole(parcel) else min(row.size, HEADER_MAX)
        octets = reader.read(0, size)
        scan = rescan(octets)
        return Report(
            hostname=deps.hostname,
            to=to,
            arrived_at_ms=parcel.envelope.arrived_at_ms,
            now_ms=now_ms,
            message_id=f"{id_text(new_id(deps.clock, deps.random))}@{deps.hostname}",
            boundary=f"=_{deps.random.token(18).hex()}",
            recipients=tuple(
                RecipientReport(
                    final=parcel.recipients[number].address,
                    action=action,
                    status=outcomes[number].status,
                    original=parcel.recipients[number].original,
                    remote_mta=outcomes[number].host,
                    diagnostic=outcomes[number].text,
                    is_remote=outcomes[number].is_remote,
                    last_attempt_at_ms=now_ms,
                    retry_until_ms=until_ms if action is ReportAction.DELAYED else 0,
                )
                for number, action in sorted(actions.items())
            ),
            envid=parcel.envelope.envid,
            about=scan.message_id or b"",
            header=scan.raw,
            content=octets if is_failure and self._is_whole(parcel) else None,
        )

    def _is_whole(self, parcel: Parcel) -> bool:
        """RFC 3461 4.3; what is binary goes back as its header only."""
        envelope, size = parcel.envelope, parcel.rows[0].size
        if envelope.body_type is BodyType.BINARY or envelope.ret is Ret.HEADERS:
            return False
        return size <= (RETURN_MAX_BYTES if envelope.ret is Ret.FULL else RETURN_FULL_BYTES)
