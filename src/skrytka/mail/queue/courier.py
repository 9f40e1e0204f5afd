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

from skrytka.mail.delivery.copies import Copies
from skrytka.mail.delivery.incoming import rescan
from skrytka.mail.delivery.inspection import Inspection
from skrytka.mail.delivery.local import delivered_event
from skrytka.mail.delivery.message import Sealed
from skrytka.mail.delivery.summary import Insides
from skrytka.mail.mailbox.blobs import Blobs, OpenBlob
from skrytka.mail.queue.sealed import QueuedEnvelope, QueuedTarget, open_envelope, open_target, queue_keys
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, ReasonedError, TransientError
from skrytka.model.events import DeliveryDeferred, Emitter, FaultRaised
from skrytka.model.ids import ID_BYTES, UnitId, id_text, new_id
from skrytka.model.limits import MESSAGE_IN_MEMORY_BYTES
from skrytka.model.secret import Secret
from skrytka.store.api import Store
from skrytka.store.commands.deliver import QueueDone
from skrytka.store.commands.queue import Complete, Defer
from skrytka.store.rows import QueueRow
from skrytka.store.seal.blob import SealedBlob
from skrytka.store.seal.keys import AccountKeys
from skrytka.store.seal.source import KeySource
from skrytka.store.sql import queue as sql

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
        try:
            job = await self._reopen(keys, rows)
        except (PermanentError, TransientError) as exc:
            await self._failed(rows, exc)
            return
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
        answers = await self._deps.store.submit(command)
        for each, delivered in zip(queued, answers, strict=True):
            self._deps.events.emit(
                delivered_event(job.envelope.facts.trace, each.target, delivered, job.insides, "queue")
            )

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
        insides = await self._deps.inspection.of(sealed)
        return _Job(envelope, targets, msgspec.structs.replace(sealed, content=None), insides)

    def _read(self, blob: OpenBlob, row: QueueRow, key: Secret) -> Sealed:
        content = blob.reader.read_all()
        scan = rescan(content)
        sha256 = hashlib.sha256(content).digest()
        sealed = SealedBlob(row.blob_id, key, row.size, sha256, None, None, 0)
        return Sealed(sealed, scan, content)

    async def _complete(self, rows: Sequence[QueueRow]) -> None:
        numbers = tuple(row.recipient for row in rows)
        await self._deps.store.submit(Complete(unit=self._unit(), queue_id=rows[0].queue_id, recipients=numbers))

    async def _failed(self, rows: Sequence[QueueRow], error: ReasonedError, job: _Job | None = None) -> None:
        """Try again later; after five days let go with a fault, for nobody could take it in all that time."""
        now_ms = self._deps.clock.now_ms()
        if self._deps.age.now_ms() - rows[0].created_at_ms > GIVE_UP_MS:
            self._deps.events.emit(
                FaultRaised(fault="F-queue-given-up", detail=f"{id_text(rows[0].queue_id)}: {error}")
            )
            await self._complete(rows)
            return
        attempts = max(row.attempts for row in rows)
        due_at_ms = now_ms + 1000 * BACK_OFF_S[min(attempts, len(BACK_OFF_S) - 1)]
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

    def _unit(self) -> UnitId:
        return UnitId(new_id(self._deps.clock, self._deps.random))


def _unit_of(row: QueueRow) -> UnitId:
    """Always the same for one queued copy, so that a lost answer does not deliver it twice."""
    return UnitId(hashlib.sha256(b"deliver" + row.queue_id + row.recipient.to_bytes(4, "big")).digest()[:ID_BYTES])
