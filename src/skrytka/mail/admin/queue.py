"""The queue as an administrator sees it, and what he may do about it."""

from collections.abc import Sequence
from typing import Final

import msgspec

from skrytka.mail.admin.base import AdminPart
from skrytka.mail.outbox.sealed import open_envelope, open_recipient, queue_keys
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import QueueChanged
from skrytka.model.ids import QueueId, id_text, parse_id
from skrytka.store.commands.deliver import QueueDone as Several
from skrytka.store.commands.outbound import Schedule
from skrytka.store.commands.queue import Complete
from skrytka.store.seal.keys import AccountKeys
from skrytka.store.sql import outbound as sql
from skrytka.store.sql.outbound import KIND_OUTBOUND, OutboundRow

LISTED_MAX: Final = 10_000  # recipients
TOGETHER: Final = 200  # messages of one commit
ALL: Final = "all"


class QueueInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One recipient that waits."""

    id: str  # of the message in the queue
    number: int  # of the recipient in it
    recipient: str  # "" for mail of this server, which waits for its mailbox
    reverse_path: str
    trace: str
    kind: str  # outbound, local
    state: str  # waiting, held
    reason: str  # why it waits: a status code (RFC 3463), or a word
    attempts: int
    size_bytes: int
    priority: int
    queued_at_ms: int
    due_at_ms: int | None  # None: held


class QueueDone(msgspec.Struct, frozen=True, kw_only=True):
    """What was done."""

    id: str
    recipients: int


class Queue(AdminPart):
    """Part of Admin. An ``id`` is that of a message, or "all"."""

    async def list(self) -> Sequence[QueueInfo]:
        """The oldest messages first."""
        return await self._infos(await self._deps.store.read(sql.listed(LISTED_MAX)))

    async def show(self, text: str) -> Sequence[QueueInfo]:
        """The recipients of one message that are left; PermanentError(NO_SUCH_OBJECT)."""
        return await self._infos(await self._rows(text))

    async def retry(self, text: str, actor: str) -> QueueDone:
        """Due now, held ones excepted."""
        waiting = [row for row in await self._rows(text) if not row.is_held]
        return await self._schedule(text, actor, "queue.retry", waiting)

    async def hold(self, text: str, actor: str) -> QueueDone:
        """Not tried, and not expired, until it is released."""
        return await self._schedule(text, actor, "queue.hold", await self._rows(text))

    async def release(self, text: str, actor: str) -> QueueDone:
        """Due now; in a demo what leads outside is held again."""
        held = [row for row in await self._rows(text) if row.is_held]
        return await self._schedule(text, actor, "queue.release", held)

    async def remove(self, text: str, actor: str) -> QueueDone:
        """Gone, and nobody is told."""
        rows = await self._rows(text)
        for queue_id, numbers in _by_message(rows).items():
            await self._deps.store.submit(Complete(unit=self._unit(), queue_id=queue_id, recipients=numbers))
            self._told(actor, "queue.remove", queue_id, len(numbers))
        return QueueDone(id=text, recipients=len(rows))

    async def _schedule(self, text: str, actor: str, action: str, rows: Sequence[OutboundRow]) -> QueueDone:
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

    async def _infos(self, rows: Sequence[OutboundRow]) -> Sequence[QueueInfo]:
        keys = await queue_keys(self._deps.keys, self._deps.random) if rows else None
        return [_info(row, keys) for row in rows if keys is not None]

    def _told(self, actor: str, action: str, queue_id: QueueId, recipients: int) -> None:
        self._deps.events.emit(QueueChanged(actor=actor, action=action, queue_id=id_text(queue_id), count=recipients))


def _by_message(rows: Sequence[OutboundRow]) -> dict[QueueId, tuple[int, ...]]:
    found: dict[QueueId, tuple[int, ...]] = {}
    for row in rows:
        found[row.queue_id] = (*found.get(row.queue_id, ()), row.recipient)
    return found


def _info(row: OutboundRow, keys: AccountKeys) -> QueueInfo:
    recipient = reverse_path = trace = ""
    if row.kind == KIND_OUTBOUND:
        try:
            envelope = open_envelope(keys, row.queue_id, row.envelope)
            recipient = str(open_recipient(keys, row.queue_id, row.recipient, row.sealed_recipient).address)
            reverse_path, trace = f"<{envelope.reverse_path}>", id_text(envelope.trace)
        except PermanentError:
            recipient = "(cannot be opened)"
    return QueueInfo(
        id=id_text(row.queue_id),
        number=row.recipient,
        recipient=recipient,
        reverse_path=reverse_path,
        trace=trace,
        kind="outbound" if row.kind == KIND_OUTBOUND else "local",
        state="held" if row.is_held else "waiting",
        reason=row.reason,
        attempts=row.attempts,
        size_bytes=row.size,
        priority=row.priority,
        queued_at_ms=row.created_at_ms,
        due_at_ms=None if row.is_held else row.due_at_ms,
    )
