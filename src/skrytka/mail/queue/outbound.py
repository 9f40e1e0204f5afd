"""The courier of outbound mail: reads what is due, sends it, and has each recipient settled.

States of a recipient and what a crash leaves: docs/queue.md. What is in flight is known here only; on disk it stays
due. Each destination has a few workers that keep their connection for the next message; one that hangs holds up nobody
else. What is due is read lane by lane (urgent, usual, bulk), a batch at a time, and no more than memory shall hold.
Each front has a courier for its share of the messages, so that all cores work.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count, groupby
from operator import attrgetter
from typing import Final

from skrytka.mail.mailbox.blobs import Blobs
from skrytka.mail.outbox.sealed import QueueKeys, open_envelope, open_recipient
from skrytka.mail.queue.bounce import Bounces
from skrytka.mail.queue.deliver_by import is_over, overdue
from skrytka.mail.queue.outcome import Fate, Outcome, of_error
from skrytka.mail.queue.parcel import Parcel
from skrytka.mail.queue.path import Path, Paths
from skrytka.mail.queue.routes import Routes
from skrytka.mail.queue.settle import COURIER_FAULT, SettleDeps, Settlements
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason, ReasonedError, TransientError
from skrytka.model.events import Emitter, FaultRaised
from skrytka.model.ids import QueueId, new_unit
from skrytka.model.settings import Outbound
from skrytka.net.bugs import bug_caught
from skrytka.store.api import Store
from skrytka.store.commands.deliver import QueueDone
from skrytka.store.commands.outbound import Schedule
from skrytka.store.seal.keys import AccountKeys
from skrytka.store.seal.source import KeySource
from skrytka.store.sql import outbound as sql
from skrytka.store.sql.outbound import LANES, START, WHOLE, OutboundRow, Place, Share

BATCH: Final = 250  # rows read and opened at once: 5 ms of the loop
IN_FLIGHT_MAX: Final = 2_000  # recipients in memory
WAITING_MAX: Final = 500  # parcels of one destination in memory: another one's mail has its place too
EVERYTHING: Final = ""
TICK_S: Final = 1.0
DEMO_REASON: Final = "demo: not sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundDeps:
    """What the courier works with; made by the composition root."""

    store: Store
    keys: KeySource
    blobs: Blobs
    routes: Routes
    paths: Paths
    bounces: Bounces
    events: Emitter
    clock: Clock
    age: Clock  # for what is given up: model.clock.AgeClock
    random: Random
    settings: Outbound
    share: Share = WHOLE
    is_demo: bool = False


class OutboundCourier:
    """One for each share of the node's queue; limits on connections are divided among them."""

    def __init__(self, deps: OutboundDeps) -> None:
        self._deps = deps
        settling = SettleDeps(
            store=deps.store,
            bounces=deps.bounces,
            events=deps.events,
            clock=deps.clock,
            age=deps.age,
            random=deps.random,
            settings=deps.settings,
        )
        self._settlements = Settlements(settling, self._landed)
        self.is_paused = deps.settings.is_paused  # may be set at any time; what is under way goes on
        self._in_flight: set[tuple[QueueId, int]] = set()
        self._waiting: dict[str, list[tuple[int, int, Parcel]]] = defaultdict(list)  # heaps: urgent first, then in turn
        self._turn = count()
        self._workers: dict[str, int] = defaultdict(int)
        self._lanes = {lane: _Lane() for lane in LANES}
        self._connections = asyncio.Semaphore(_part(deps.settings.connections, deps.share))
        self._per_destination = _part(deps.settings.connections_per_destination, deps.share)
        self._full: set[str] = set()  # destinations of which more is due than memory shall hold; EVERYTHING: all mail
        self._has_room = asyncio.Event()
        self._keys = QueueKeys(deps.keys, deps.random)

    async def run(self) -> None:
        """Until cancelled; what was in flight then is due again."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._has_room.clear()
                await self._guarded(self.start_due, tasks)
                try:
                    async with asyncio.timeout(TICK_S):
                        await self._has_room.wait()
                except TimeoutError:
                    await self._guarded(self._look_further, tasks)

    async def _guarded(self, step: Callable[[asyncio.TaskGroup], Awaitable[int]], tasks: asyncio.TaskGroup) -> None:
        """The step until it finds nothing; an error is told, and the next tick tries again."""
        try:
            while await step(tasks):  # noqa: ASYNC110 - it polls nothing: each step does some of the work
                await asyncio.sleep(0)  # workers and sessions have their turn between two batches
        except ReasonedError as exc:
            self._deps.events.emit(FaultRaised(fault=COURIER_FAULT, detail=str(exc)))
        except Exception as exc:  # noqa: BLE001 - the one place for this job's bugs (conventions C6)
            self._deps.events.emit(bug_caught(exc))

    async def run_once(self) -> int:
        """All that is due, to its end; how many recipients were tried."""
        tried = 0
        async with asyncio.TaskGroup() as tasks:
            while True:
                tried += await self.start_due(tasks)
                if all(lane.read_to is START for lane in self._lanes.values()):
                    return tried

    async def start_due(self, tasks: asyncio.TaskGroup) -> int:
        """Hand a batch of what is due to workers; how many recipients. 0: all is in hand, or memory is full.

        TransientError: the store or the key agent is away.
        """
        self._full.clear()
        handed = 0
        for number, lane in self._lanes.items():
            if not self.is_paused:
                handed += await self._start_lane(number, lane, tasks)
        return handed

    async def _start_lane(self, number: int, lane: "_Lane", tasks: asyncio.TaskGroup) -> int:
        """Past what is in flight, to the next batch of which something is not."""
        while not self._full:
            rows, lane.read_to = await self._read(number, lane.read_to)
            handed, first_left = await self._hand_out_all(rows, tasks)
            if first_left is not None:
                lane.read_to = first_left
            if handed or lane.read_to is START:
                return handed
        return 0

    async def _look_further(self, tasks: asyncio.TaskGroup) -> int:
        """Where a destination that is slow has as much in memory as it may: past its mail, to that of others."""
        if self._full and not self.is_paused:
            for number, lane in self._lanes.items():
                rows, lane.looked_to = await self._read(number, max(lane.looked_to, lane.read_to))
                await self._hand_out_all(rows, tasks)
        return 0

    async def _read(self, lane: int, after: Place) -> tuple[list[OutboundRow], Place]:
        """Rows of the lane, and where to read on: at its end from the start, for what is in flight is due still."""
        now_ms = self._deps.clock.now_ms()
        rows = await self._deps.store.read(sql.due(lane, now_ms, BATCH, after, self._deps.share))
        last = rows[-1] if len(rows) == BATCH else None
        return rows, START if last is None else (last.due_at_ms, last.queue_id, last.recipient)

    async def _hand_out_all(self, rows: Sequence[OutboundRow], tasks: asyncio.TaskGroup) -> tuple[int, Place | None]:
        """How many were handed out, and the place before the first that had to stay on disk."""
        fresh = [row for row in rows if (row.queue_id, row.recipient) not in self._in_flight]
        if not fresh:
            return 0, None
        keys = await self._keys.get()
        handed, first_left = 0, None
        for _queue_id, group in groupby(fresh, attrgetter("queue_id")):
            some, taken = list(group), 0
            if len(self._in_flight) < IN_FLIGHT_MAX:
                taken = await self._hand_out(keys, some, tasks)
            else:
                self._full.add(EVERYTHING)
            handed += taken
            if taken < len(some) and first_left is None:
                first_left = (some[0].due_at_ms, some[0].queue_id, some[0].recipient - 1)
        return handed, first_left

    async def _hand_out(self, keys: AccountKeys, rows: list[OutboundRow], tasks: asyncio.TaskGroup) -> int:
        try:
            envelope = open_envelope(keys, rows[0].queue_id, rows[0].envelope)
            recipients = {
                row.recipient: open_recipient(keys, row.queue_id, row.recipient, row.sealed_recipient) for row in rows
            }
        except PermanentError as exc:
            await self._set_aside(rows, exc)
            return len(rows)
        by_destination: dict[str, list[OutboundRow]] = defaultdict(list)
        held: list[OutboundRow] = []
        for row in rows:
            domain = recipients[row.recipient].address.domain
            if self._deps.is_demo and self._deps.routes.static(domain) is None:
                held.append(row)
            else:
                by_destination[self._deps.routes.destination(domain)].append(row)
        if held:
            await self._hold(held, DEMO_REASON)
        handed = len(held)
        for destination, some in by_destination.items():
            named = {row.recipient: recipients[row.recipient] for row in some}
            if self._start(destination, Parcel(envelope, tuple(some), named), tasks):
                handed += len(some)
        return handed

    def _start(self, destination: str, parcel: Parcel, tasks: asyncio.TaskGroup) -> bool:
        """False: so many wait for that destination that this one may wait on disk."""
        waiting = self._waiting[destination]
        if len(waiting) >= WAITING_MAX:
            self._full.add(destination)
            return False
        self._in_flight.update((row.queue_id, row.recipient) for row in parcel.rows)
        heappush(waiting, (-parcel.rows[0].priority, next(self._turn), parcel))
        if self._workers[destination] < min(self._per_destination, len(waiting)):
            self._workers[destination] += 1
            tasks.create_task(self._work(destination, tasks))
        return True

    async def _work(self, destination: str, tasks: asyncio.TaskGroup) -> None:
        """Parcel after parcel over one connection, until none is left. Never raises but when it is cancelled."""
        waiting = self._waiting[destination]
        try:
            async with self._connections, self._deps.paths.path() as path:
                while waiting:
                    await self._try(heappop(waiting)[2], path, tasks)
        except Exception as exc:  # noqa: BLE001 - one destination's bug ends no other (conventions C6)
            self._deps.events.emit(bug_caught(exc))
        finally:
            self._workers[destination] -= 1
            if not waiting and not self._workers[destination]:
                del self._waiting[destination], self._workers[destination]

    async def _try(self, parcel: Parcel, path: Path, tasks: asyncio.TaskGroup) -> None:
        """A worker goes on whatever happens to one parcel."""
        trace, emit = parcel.envelope.trace, self._deps.events.emit
        is_settling = False
        try:
            is_settling = await self._attempt(parcel, path, tasks)
        except PermanentError as exc:
            await self._set_aside(parcel.rows, exc)
        except TransientError as exc:  # the store or the key agent is away
            emit(FaultRaised(trace=trace, fault=COURIER_FAULT, detail=str(exc)))
        except Exception as exc:  # noqa: BLE001 - a bug holds up its own message only (conventions C6)
            emit(bug_caught(exc, trace))
            sent = {n: each for n, each in self._settlements.owed(parcel).items() if each.fate is Fate.SENT}
            is_settling = self._settlements.later(parcel, dict.fromkeys(parcel.recipients, _bug()) | sent, tasks)
        finally:
            if not is_settling:
                self._landed(parcel)

    async def _attempt(self, parcel: Parcel, path: Path, tasks: asyncio.TaskGroup) -> bool:
        """Send to whom nobody has sent yet; as ``settle``. PermanentError when the message cannot be opened."""
        row = parcel.rows[0]
        keys = await self._keys.get()
        key = keys.unwrap_blob_key(row.blob_id, row.queue_id, row.wrapped_key)
        blob = await self._deps.blobs.open(row.blob_id, key)
        try:
            outcomes = self._settlements.owed(parcel)
            rest = {n: each for n, each in parcel.recipients.items() if n not in outcomes}
            if rest and is_over(parcel, self._deps.clock.now_ms()):  # RFC 2852 4.1.3
                outcomes |= dict.fromkeys(rest, overdue(Fate.FAILED, parcel))
            elif rest:
                parcel = await self._settlements.tell_late(parcel, blob.reader)
                outcomes |= await path.deliver(Parcel(parcel.envelope, parcel.rows, rest), blob.reader)
            return await self._settlements.settle(parcel, outcomes, blob.reader, tasks)
        finally:
            blob.close()

    def _landed(self, parcel: Parcel) -> None:
        """In flight no more; when there is room again for what is due, it is read."""
        self._in_flight.difference_update((row.queue_id, row.recipient) for row in parcel.rows)
        if any(self._is_half_empty(each) for each in self._full):
            self._has_room.set()

    def _is_half_empty(self, full: str) -> bool:
        if full == EVERYTHING:
            return len(self._in_flight) <= IN_FLIGHT_MAX // 2
        return len(self._waiting.get(full, ())) <= WAITING_MAX // 2

    async def _hold(self, rows: Sequence[OutboundRow], reason: str) -> None:
        """Recipients of one message."""
        message = QueueDone(rows[0].queue_id, tuple(row.recipient for row in rows))
        unit = new_unit(self._deps.clock, self._deps.random)
        await self._deps.store.submit(
            Schedule(unit=unit, messages=(message,), due_at_ms=0, is_held=True, reason=reason)
        )

    async def _set_aside(self, rows: Sequence[OutboundRow], error: PermanentError) -> None:
        """What cannot be opened is held for the administrator: it is nobody's fault outside."""
        self._deps.events.emit(FaultRaised(fault="F-queue-damaged", detail=error.detail))
        await self._hold(rows, Reason.CORRUPT.value)


class _Lane:
    """How far a lane was read, and how far beyond that for destinations that are not slow."""

    __slots__ = ("looked_to", "read_to")

    def __init__(self) -> None:
        self.read_to: Place = START
        self.looked_to: Place = START


def _part(limit: int, share: Share) -> int:
    return limit // share.of + (share.number < limit % share.of)


def _bug() -> Outcome:
    return of_error(TransientError(Reason.BUG, "an error of this server"), Fate.DEFERRED)
