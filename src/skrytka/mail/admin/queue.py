"""The queue as an administrator sees it, and what he may do about it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from skrytka.mail.admin.base import AdminPart
from skrytka.mail.delivery import queued
from skrytka.mail.delivery.types import Transaction
from skrytka.mail.outbox.outbox import said_as
from skrytka.mail.outbox.sealed import OutboundEnvelope, open_envelope, open_recipient, queue_keys
from skrytka.model.address import Address
from skrytka.model.envelope import By, DeliverBy
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import QueueChanged
from skrytka.model.ids import QueueId, id_text, parse_id
from skrytka.store.commands.deliver import QueueDone as Several
from skrytka.store.commands.outbound import Schedule, Settle
from skrytka.store.seal.keys import AccountKeys
from skrytka.store.sql import outbound as sql
from skrytka.store.sql.outbound import KIND_OUTBOUND, OutboundRow

LISTED_MAX: Final = 10_000  # recipients
TOGETHER: Final = 200  # messages of one commit
ALL: Final = "all"
WAITING: Final = "waiting"
HELD: Final = "held"
SCHEDULED: Final = "scheduled"
WHY: Final = {
    sql.SUSPENDED: "the account that sent it is suspended: it goes on when the account is resumed",
    sql.REMOVED: "the account that sent it was removed: release it, or remove it",
    "4.4.1": "no server could be reached",
    "4.4.2": "the server did not answer in time",
    "4.4.3": "DNS gave no answer, or none that DNSSEC proves",
    "4.7.0": "the route wants TLS with a right certificate, and the server has none",
    "4.7.4": "the domain's MTA-STS policy does not name the server, or it lacks the proof that tls_demands asks for",
    "4.7.5": "the server's certificate is not one that the domain's policy (DANE, MTA-STS) vouches for",
    "4.7.10": "the domain's policy (DANE, MTA-STS), or tls_demands, wants TLS, and the server gives none",
}


_SENDERLESS: Final = frozenset({sql.SUSPENDED, sql.REMOVED})


class QueueInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One recipient that waits."""

    id: str  # of the message in the queue
    number: int  # of the recipient in it
    recipient: str
    reverse_path: str
    trace: str
    kind: str  # outbound, local
    state: str  # waiting, held by an administrator, or scheduled: its sender wants it to go later
    reason: str  # why it waits: a status code (RFC 3463), or a word
    why: str  # the same in a sentence, where there is one
    attempts: int
    size_bytes: int
    priority: int  # from -9 to 9 (RFC 6710)
    queued_at_ms: int
    due_at_ms: int | None  # None: held
    deliver_by_at_ms: int | None  # by when its sender wants it delivered (RFC 2852)
    deliver_by_mode: str  # R: else it comes back; N: else he is told; with T he hears of each server; "": whenever
    release_at_ms: int | None  # until when its sender wants it to wait


class QueueDone(msgspec.Struct, frozen=True, kw_only=True):
    """What was done."""

    id: str
    recipients: int


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which recipients: a message's, or all; of these those that fit everything that is named."""

    id: str = ALL  # of a message, or "all"
    sender: str = ""  # the reverse path; "<>" is the null one
    recipient: str = ""
    domain: str = ""  # of the recipient
    state: str = ""  # waiting, held, scheduled

    def covers(self, info: QueueInfo) -> bool:
        """Addresses are compared without regard to case."""
        recipient = info.recipient.lower()
        sender = info.reverse_path.lower()
        return (
            self.sender.lower() in {"", sender, sender.strip("<>") or sender}
            and self.recipient.lower() in {"", recipient}
            and self.domain.lower() in {"", recipient.rpartition("@")[2]}
            and self.state in {"", info.state}
        )


class Queue(AdminPart):
    """Part of Admin. PermanentError(NO_SUCH_OBJECT) when a message that is named is not there."""

    async def list(self, wanted: Wanted) -> Sequence[QueueInfo]:
        """The oldest messages first."""
        return [info for _row, info in await self._found(wanted)]

    async def retry(self, wanted: Wanted, actor: str) -> QueueDone:
        """Due now, held and scheduled ones excepted."""
        rows = [row for row, info in await self._found(wanted) if info.state == WAITING]
        return await self._schedule(wanted.id, actor, "queue.retry", rows)

    async def hold(self, wanted: Wanted, actor: str) -> QueueDone:
        """Not tried, and not expired, until it is released."""
        rows = [row for row, _info in await self._found(wanted)]
        return await self._schedule(wanted.id, actor, "queue.hold", rows)

    async def release(self, wanted: Wanted, actor: str) -> QueueDone:
        """What is held is due now, or when its sender wants; a scheduled message that is named is due now.

        What an account that is suspended or gone had scheduled has to be named too. In a demo what leads outside is
        held again.
        """
        found = await self._found(wanted)
        is_named = wanted.id != ALL
        held = [row for row, info in found if info.state == HELD and (is_named or row.reason not in _SENDERLESS)]
        sooner = [row for row, info in found if info.state == SCHEDULED and is_named]
        await self._schedule(wanted.id, actor, "queue.release", sooner, is_released=True)
        await self._schedule(wanted.id, actor, "queue.release", held)
        return QueueDone(id=wanted.id, recipients=len(held) + len(sooner))

    async def remove(self, wanted: Wanted, actor: str) -> QueueDone:
        """Gone, and nobody is told."""
        rows = [row for row, _info in await self._found(wanted)]
        messages = [Several(queue_id, numbers) for queue_id, numbers in _by_message(rows).items()]
        for start in range(0, len(messages), TOGETHER):
            some = messages[start : start + TOGETHER]
            await self._deps.store.submit(Settle(unit=self._unit(), done=tuple(some)))
            for message in some:
                self._told(actor, "queue.remove", message.queue_id, len(message.recipients))
        return QueueDone(id=wanted.id, recipients=len(rows))

    async def _schedule(
        self, text: str, actor: str, action: str, rows: Sequence[OutboundRow], *, is_released: bool = False
    ) -> QueueDone:
        is_held = action == "queue.hold"
        messages = [Several(queue_id, numbers) for queue_id, numbers in _by_message(rows).items()]
        for start in range(0, len(messages), TOGETHER):
            some = messages[start : start + TOGETHER]
            await self._deps.store.submit(
                Schedule(
                    unit=self._unit(),
                    messages=tuple(some),
                    due_at_ms=self._deps.clock.now_ms(),
                    is_held=is_held,
                    reason="administrator" if is_held else "",
                    is_released=is_released,
                )
            )
            for message in some:
                self._told(actor, action, message.queue_id, len(message.recipients))
        return QueueDone(id=text, recipients=len(rows))

    async def _rows(self, text: str) -> Sequence[OutboundRow]:
        if text == ALL:
            return await self._deps.store.read(sql.listed(LISTED_MAX))
        try:
            queue_id = QueueId(parse_id(text))
        except ValueError as exc:
            raise PermanentError(Reason.BAD_SYNTAX, f"{text!r}: {exc}") from exc
        rows = await self._deps.store.read(sql.message(queue_id))
        if not rows:
            raise PermanentError(Reason.NO_SUCH_OBJECT, f"there is no message {text} in the queue")
        return rows

    async def _found(self, wanted: Wanted) -> Sequence[tuple[OutboundRow, QueueInfo]]:
        rows = await self._rows(wanted.id)
        if not rows:
            return []
        keys = await queue_keys(self._deps.keys, self._deps.random)
        now_ms = self._deps.clock.now_ms()
        infos = [(row, _info(row, keys, now_ms)) for row in rows]
        return [(row, info) for row, info in infos if wanted.covers(info)]

    def _told(self, actor: str, action: str, queue_id: QueueId, recipients: int) -> None:
        self._deps.events.emit(QueueChanged(actor=actor, action=action, queue_id=id_text(queue_id), count=recipients))


def _by_message(rows: Sequence[OutboundRow]) -> dict[QueueId, tuple[int, ...]]:
    found: dict[QueueId, tuple[int, ...]] = {}
    for row in rows:
        found[row.queue_id] = (*found.get(row.queue_id, ()), row.recipient)
    return found


class _Known(NamedTuple):
    """What is sealed in a row."""

    recipient: str
    reverse_path: str
    trace: str
    priority: int | None
    arrived_at_ms: int
    deliver_by: DeliverBy | None


_DAMAGED: Final = _Known("(cannot be opened)", "", "", None, 0, None)


def _opened(row: OutboundRow, keys: AccountKeys) -> _Known:
    """PermanentError(CORRUPT)."""
    if row.kind == KIND_OUTBOUND:
        envelope = open_envelope(keys, row.queue_id, row.envelope)
        recipient = open_recipient(keys, row.queue_id, row.recipient, row.sealed_recipient).address
        return _known(recipient, envelope, envelope.arrived_at_ms)
    facts = queued.open_envelope(keys, row.queue_id, row.envelope).facts
    target = queued.open_target(keys, row.queue_id, row.recipient, row.sealed_recipient)
    return _known(target.recipient, facts, facts.received_at_ms)


def _known(recipient: Address, said: OutboundEnvelope | Transaction, arrived_at_ms: int) -> _Known:
    path, trace = f"<{said.reverse_path}>", id_text(said.trace)
    return _Known(str(recipient), path, trace, said.priority, arrived_at_ms, said.deliver_by)


def _info(row: OutboundRow, keys: AccountKeys, now_ms: int) -> QueueInfo:
    try:
        known = _opened(row, keys)
    except PermanentError:
        known = _DAMAGED
    by = known.deliver_by
    is_scheduled = row.release_at_ms > now_ms
    return QueueInfo(
        id=id_text(row.queue_id),
        number=row.recipient,
        recipient=known.recipient,
        reverse_path=known.reverse_path,
        trace=known.trace,
        kind="outbound" if row.kind == KIND_OUTBOUND else "local",
        state=HELD if row.is_held else SCHEDULED if is_scheduled else WAITING,
        reason=row.reason,
        why=WHY.get(row.reason, ""),
        attempts=row.attempts,
        size_bytes=row.size,
        priority=said_as(row.priority) if known.priority is None else known.priority,
        queued_at_ms=row.created_at_ms,
        due_at_ms=None if row.is_held else row.due_at_ms,
        deliver_by_at_ms=None if by is None else row.created_at_ms + by.at_ms - known.arrived_at_ms,
        deliver_by_mode="" if by is None else str(By(0, by.is_return, by.is_traced)).partition(";")[2],
        release_at_ms=row.release_at_ms if is_scheduled else None,
    )
