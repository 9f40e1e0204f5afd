"""Delivers what waits in the local queue, with the same copies and the same command as direct delivery.

States of a queued copy, and what a crash leaves: waiting (in ``queue_recipient``; nothing lost) -> delivered and out of
the queue in one commit. The first try repeats the Deliver that failed under its own unit, so a message that did arrive
after all is not delivered twice; later tries of single recipients have a unit that follows from their place.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

import msgspec

from skrytka.mail.delivery.bugs import DEFERRED
from skrytka.mail.delivery.copies import Copies
from skrytka.mail.delivery.incoming import rescan
from skrytka.mail.delivery.inspection import Inspection
from skrytka.mail.delivery.message import Sealed
from skrytka.mail.delivery.queued import QueuedEnvelope, QueuedTarget, open_envelope, open_target
from skrytka.mail.delivery.reports import Reports, about_delivered, confirmation, wants
from skrytka.mail.delivery.summary import NOTHING_READ, Insides, buggy
from skrytka.mail.delivery.told import delivered_event
from skrytka.mail.delivery.types import Transaction
from skrytka.mail.mailbox.blobs import Blobs, OpenBlob
from skrytka.mail.outbox.sealed import queue_keys
from skrytka.mail.queue.deliver_by import deadline_ms, words
from skrytka.model.clock import Clock, Random
from skrytka.model.envelope import Notify
from skrytka.model.errors import PermanentError, Reason, ReasonedError, TransientError
from skrytka.model.events import DeliveryDeferred, Emitter, FaultRaised
from skrytka.model.ids import ID_BYTES, UnitId, id_text, new_unit
from skrytka.model.limits import MESSAGE_IN_MEMORY_BYTES
from skrytka.model.secret import Secret
from skrytka.net.bugs import bug_caught
from skrytka.protocol.reports.dsn import RecipientReport
from skrytka.protocol.reports.texts import ReportAction
from skrytka.store.api import Store
from skrytka.store.commands.deliver import Deliver, Delivered, QueueDone
from skrytka.store.commands.outbound import Post, Settle
from skrytka.store.commands.queue import Complete, Defer
from skrytka.store.rows import QueueRow
from skrytka.store.seal.blob import SealedBlob
from skrytka.store.seal.keys import AccountKeys
from skrytka.store.seal.source import KeySource
from skrytka.store.sql import queue as sql
from skrytka.store.sql.outbound import TOLD_LATE

BACK_OFF_S: Final = (5, 15, 60, 300, 900, 3600)  # the last one repeats
GIVE_UP_MS: Final = 5 * 24 * 3600 * 1000  # RFC 5321 4.5.4.1: at least 4 to 5 days
BATCH: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierDeps:
    """What the courier works with; made by the composition root."""

    hostname: str
    store: Store
    keys: KeySource
    inspection: Inspection
    blobs: Blobs
    events: Emitter
    clock: Clock
    age: Clock  # for what is given up: model.clock.AgeClock
    random: Random
    reports: Reports | None = None  # None: nobody is told


class _Job(NamedTuple):
    """A queued message, opened."""

    envelope: QueuedEnvelope
    targets: dict[int, QueuedTarget]
    sealed: Sealed
    insides: Insides


class LocalCourier:
    """One per node, in the keeper; :meth:`run_once` until it says 0, then wait for :meth:`next_due_ms`."""

    def __init__(self, deps: CourierDeps) -> None:
        self._deps = deps
        self._copies = Copies(deps.hostname, deps.keys, deps.clock, deps.random)

    async def next_due_ms(self) -> int | None:
        """When there is something to do; None with an empty queue."""
        return await self._deps.store.read(sql.next_due())

    async def run_once(self) -> int:
        """Try all copies that are due, at most ``BATCH``; how many were tried. TransientError: the store is away."""
        rows = await self._deps.store.read(sql.due(self._deps.clock.now_ms(), BATCH))
        if not rows:
            return 0
        keys = await queue_keys(self._deps.keys, self._deps.random)
        for _queue_id, group in groupby(sorted(rows, key=attrgetter("queue_id", "recipient")), attrgetter("queue_id")):
            await self._message(keys, list(group))
        return len(rows)

    async def _message(self, keys: AccountKeys, rows: list[QueueRow]) -> None:
        """A bug with one message holds up no other; after three it is set apart, unread (conventions C6)."""
        try:
            await self._try(keys, rows)
        except (ReasonedError, MemoryError):  # the store is away, or memory short: no fault of the message
            raise
        except Exception as exc:  # noqa: BLE001 - see above
            self._deps.events.emit(bug_caught(exc))
            await self._failed(rows, TransientError(Reason.BUG))

    async def _try(self, keys: AccountKeys, rows: list[QueueRow]) -> None:
        try:
            job = await self._reopen(keys, rows)
        except (PermanentError, TransientError) as exc:
            await self._failed(rows, exc)
            return
        facts, deadline = job.envelope.facts, _deadline(rows[0], job.envelope.facts)
        if facts.deliver_by is not None and deadline is not None and self._deps.clock.now_ms() >= deadline:
            if facts.deliver_by.is_return:  # RFC 2852 4.1.3
                await self._give_up(rows, job, deadline)
                return
            await self._tell_late(rows, job, deadline)
        if len(rows) == job.envelope.recipients:
            try:
                await self._deliver(job, rows, job.envelope.unit)
                await self._complete(rows)  # if the first Deliver had happened, this one has changed nothing
            except TransientError as exc:
                await self._failed(rows, exc, job)
            except PermanentError:
                await self._one_by_one(job, rows)
        else:
            await self._one_by_one(job, rows)

    async def _one_by_one(self, job: _Job, rows: Sequence[QueueRow]) -> None:
        for row in rows:
            try:
                await self._deliver(job, [row], _unit_of(row))
            except (PermanentError, TransientError) as exc:
                await self._failed([row], exc, job)

    async def _deliver(self, job: _Job, rows: Sequence[QueueRow], unit: UnitId) -> None:
        done = QueueDone(rows[0].queue_id, tuple(row.recipient for row in rows))
        queued = [job.targets[row.recipient] for row in rows]
        targets = [(each.recipient, each.target) for each in queued]
        command = await self._copies.command(unit, job.envelope.facts, targets, job.sealed, job.insides, done)
        answers = await self._submit(job, command, queued)
        for each, delivered in zip(queued, answers, strict=True):
            self._deps.events.emit(
                delivered_event(job.envelope.facts.trace, each.target, delivered, job.insides, "queue")
            )

    async def _submit(self, job: _Job, command: Deliver, queued: Sequence[QueuedTarget]) -> tuple[Delivered, ...]:
        """With the report that it arrived, where the sender wants one (RFC 3461 5.2.3)."""
        reports, now_ms = self._deps.reports, self._deps.clock.now_ms()
        confirmed = [
            confirmation(asked, now_ms)
            for each in queued
            for asked in each.asked
            if wants(asked.recipient, Notify.SUCCESS)
        ]
        if reports is None or not confirmed or job.insides.poison is not None:
            return await self._deps.store.submit(command)
        post = Post(unit=command.unit, blob=command.blob, targets=command.targets, done=command.done)
        return await reports.deliver(post, job.envelope.facts, job.sealed.scan, confirmed)

    async def _reopen(self, keys: AccountKeys, rows: Sequence[QueueRow]) -> _Job:
        """Everything sealed, opened; a large message is read in a thread."""
        first = rows[0]
        envelope = open_envelope(keys, first.queue_id, first.envelope)
        targets = {row.recipient: open_target(keys, row.queue_id, row.recipient, row.sealed_recipient) for row in rows}
        key = keys.unwrap_blob_key(first.blob_id, first.queue_id, first.wrapped_key)
        blob = await self._deps.blobs.open(first.blob_id, key)
        try:
            if first.size <= MESSAGE_IN_MEMORY_BYTES:
                sealed = self._read(blob, first, key)
            else:
                sealed = await asyncio.to_thread(self._read, blob, first, key)
        finally:
            blob.close()
        insides = (
            buggy(first.size, sealed.blob.sha256) if _is_hopeless(first) else await self._deps.inspection.of(sealed)
        )
        return _Job(envelope, targets, msgspec.structs.replace(sealed, content=None), insides)

    def _read(self, blob: OpenBlob, row: QueueRow, key: Secret) -> Sealed:
        content = blob.reader.read_all()
        scan = NOTHING_READ if _is_hopeless(row) else rescan(content)
        sha256 = hashlib.sha256(content).digest()
        sealed = SealedBlob(row.blob_id, key, row.size, sha256, None, None, 0)
        return Sealed(sealed, scan, content)

    async def _complete(self, rows: Sequence[QueueRow]) -> None:
        numbers = tuple(row.recipient for row in rows)
        await self._deps.store.submit(Complete(unit=self._unit(), queue_id=rows[0].queue_id, recipients=numbers))

    async def _failed(self, rows: Sequence[QueueRow], error: ReasonedError, job: _Job | None = None) -> None:
        """Try again later; after five days let go with a fault, for nobody could take it in all that time."""
        now_ms = self._deps.clock.now_ms()
        if self._deps.age.now_ms() - rows[0].since_ms > GIVE_UP_MS:
            self._deps.events.emit(
                FaultRaised(fault="F-queue-given-up", detail=f"{id_text(rows[0].queue_id)}: {error}")
            )
            await self._give_up(rows, job)
            return
        attempts = max(row.attempts for row in rows)
        due_at_ms = now_ms + 1000 * BACK_OFF_S[min(attempts, len(BACK_OFF_S) - 1)]
        deadline = _deadline(rows[0], job.envelope.facts) if job is not None else None
        if deadline is not None and deadline > now_ms:
            due_at_ms = min(due_at_ms, deadline)
        numbers = tuple(row.recipient for row in rows)
        reason = error.reason.value
        await self._deps.store.submit(
            Defer(unit=self._unit(), queue_id=rows[0].queue_id, recipients=numbers, due_at_ms=due_at_ms, reason=reason)
        )
        for row in rows:
            known = job.targets.get(row.recipient) if job else None
            name = str(known.target.address) if known else f"{id_text(row.queue_id)}/{row.recipient}"
            trace = job.envelope.facts.trace if job else None
            attempts = row.attempts + 1
            self._deps.events.emit(DeliveryDeferred(trace=trace, recipient=name, reason=reason, attempts=attempts))

    async def _give_up(self, rows: Sequence[QueueRow], job: _Job | None, deadline: int | None = None) -> None:
        """Out of the queue, in one commit with what the sender hears of it; ``deadline``: because of that one."""
        failed = [] if job is None else self._said(rows, job, ReportAction.FAILED, deadline)
        if not await self._is_reported(job, failed, done=_several(rows)):
            await self._complete(rows)

    async def _tell_late(self, rows: Sequence[QueueRow], job: _Job, deadline: int) -> None:
        """Once: the time for its delivery has passed, and it is still tried (RFC 2852 4.1.3)."""
        untold = [row for row in rows if row.is_told != TOLD_LATE]
        if not untold:
            return
        delayed = self._said(untold, job, ReportAction.DELAYED, deadline)
        if not await self._is_reported(job, delayed, told=_several(untold)):
            await self._deps.store.submit(Settle(unit=self._unit(), late=(_several(untold),)))

    async def _is_reported(
        self,
        job: _Job | None,
        said: Sequence[RecipientReport],
        *,
        done: QueueDone | None = None,
        told: QueueDone | None = None,
    ) -> bool:
        """False: there is nothing to tell, or nobody; what goes with it has not happened."""
        reports = self._deps.reports
        to = job.envelope.facts.reverse_path.address if job is not None else None
        if reports is None or job is None or to is None or not said:
            return False
        about = about_delivered(job.envelope.facts, to, job.sealed.scan)
        try:
            async with reports.ready(about, said) as post:
                await self._deps.store.submit(msgspec.structs.replace(post, done=done, told=told, told_what=TOLD_LATE))
        except PermanentError as exc:
            self._deps.events.emit(FaultRaised(trace=about.trace, fault="F-report", detail=exc.detail))
            return False
        reports.tell(about, said)
        return True

    def _said(
        self, rows: Sequence[QueueRow], job: _Job, action: ReportAction, deadline: int | None
    ) -> list[RecipientReport]:
        now_ms = self._deps.clock.now_ms()
        is_failure = action is ReportAction.FAILED
        return [
            RecipientReport(
                final=asked.recipient.address,
                action=action,
                status="5.4.7" if is_failure and deadline is not None else "4.4.7",
                original=asked.recipient.original,
                diagnostic="the mailbox could not be written" if deadline is None else words(deadline),
                is_late=deadline is not None,
                last_attempt_at_ms=now_ms,
            )
            for row in rows
            for asked in job.targets[row.recipient].asked
            if wants(asked.recipient, Notify.FAILURE if is_failure else Notify.DELAY)
        ]

    def _unit(self) -> UnitId:
        return new_unit(self._deps.clock, self._deps.random)


def _several(rows: Sequence[QueueRow]) -> QueueDone:
    return QueueDone(rows[0].queue_id, tuple(row.recipient for row in rows))


def _deadline(row: QueueRow, facts: Transaction) -> int | None:
    by = facts.deliver_by
    return None if by is None else deadline_ms(by, facts.received_at_ms, row.created_at_ms)


def _is_hopeless(row: QueueRow) -> bool:
    return row.reason == Reason.BUG and row.attempts >= DEFERRED


def _unit_of(row: QueueRow) -> UnitId:
    """Always the same for one queued copy, so that a lost answer does not deliver it twice."""
    return UnitId(hashlib.sha256(b"deliver" + row.queue_id + row.recipient.to_bytes(4, "big")).digest()[:ID_BYTES])
