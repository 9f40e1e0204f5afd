"""The courier of outbound mail: reads what is due, sends it, and settles each recipient in one commit.

States of a recipient and what a crash leaves: docs/queue.md. What is in flight is known here only; on disk it stays
due. Each destination has a few workers that keep their connection for the next message; one that hangs holds up nobody
else.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final

from skrytka.mail.mailbox.blobs import Blobs
from skrytka.mail.outbox.sealed import open_envelope, open_recipient, queue_keys
from skrytka.mail.queue.bounce import Bounces
from skrytka.mail.queue.outcome import Fate, Outcome, of_error
from skrytka.mail.queue.parcel import Parcel, Reader
from skrytka.mail.queue.path import Path, Paths
from skrytka.mail.queue.routes import Routes
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason, ReasonedError, TransientError
from skrytka.model.events import DeliveryDeferred, DeliveryFailed, Emitter, FaultRaised, MessageRelayed
from skrytka.model.ids import QueueId, UnitId, new_id
from skrytka.model.settings import Outbound
from skrytka.net.bugs import bug_caught
from skrytka.protocol.reports.dsn import ReportAction
from skrytka.store.api import Store
from skrytka.store.commands.outbound import Postpone, Schedule
from skrytka.store.commands.queue import Complete
from skrytka.store.seal.keys import AccountKeys
from skrytka.store.seal.source import KeySource
from skrytka.store.sql import outbound as sql
from skrytka.store.sql.outbound import OutboundRow

BATCH: Final = 500
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
    is_demo: bool = False


class OutboundCourier:
    """One per node."""

    def __init__(self, deps: OutboundDeps) -> None:
        self._deps = deps
        self._in_flight: set[tuple[QueueId, int]] = set()
        self._owed: dict[tuple[QueueId, int], Outcome] = {}  # over, and not yet written down
        self._waiting: dict[str, deque[Parcel]] = defaultdict(deque)
        self._workers: dict[str, int] = defaultdict(int)
        self._connections = asyncio.Semaphore(deps.settings.connections)

    async def run(self) -> None:
        """Until cancelled; what was in flight then is due again."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    await self.start_due(tasks)
                except ReasonedError as exc:
                    self._deps.events.emit(FaultRaised(fault="F-courier", detail=str(exc)))
                except Exception as exc:  # noqa: BLE001 - the one place for this job's bugs (conventions C6)
                    self._deps.events.emit(bug_caught(exc))
                await asyncio.sleep(TICK_S)

    async def run_once(self) -> int:
        """All that is due, to its end; how many recipients were tried."""
        async with asyncio.TaskGroup() as tasks:
            return await self.start_due(tasks)

    async def start_due(self, tasks: asyncio.TaskGroup) -> int:
        """Hand what is due to workers; how many recipients. TransientError: the store or the key agent is away."""
        deps = self._deps
        rows = await deps.store.read(sql.due(deps.clock.now_ms(), BATCH + len(self._in_flight)))
        fresh = [row for row in rows if (row.queue_id, row.recipient) not in self._in_flight]
        if not fresh:
            return 0
        keys = await queue_keys(deps.keys, deps.random)
        for _queue_id, group in groupby(fresh, attrgetter("queue_id")):
            await self._hand_out(keys, list(group), tasks)
        return len(fresh)

    async def _hand_out(self, keys: AccountKeys, rows: list[OutboundRow], tasks: asyncio.TaskGroup) -> None:
        try:
            envelope = open_envelope(keys, rows[0].queue_id, rows[0].envelope)
            recipients = {
                row.recipient: open_recipient(keys, row.queue_id, row.recipient, row.sealed_recipient) for row in rows
            }
        except PermanentError as exc:
            await self._set_aside(rows, exc)
            return
        by_destination: dict[str, list[OutboundRow]] = defaultdict(list)
        for row in rows:
            domain = recipients[row.recipient].address.domain
            if self._deps.is_demo and self._deps.routes.static(domain) is None:
                await self._hold(row, DEMO_REASON)
                continue
            by_destination[self._deps.routes.destination(domain)].append(row)
        for destination, some in by_destination.items():
            named = {row.recipient: recipients[row.recipient] for row in some}
            self._start(destination, Parcel(envelope, tuple(some), named), tasks)

    def _start(self, destination: str, parcel: Parcel, tasks: asyncio.TaskGroup) -> None:
        self._in_flight.update((row.queue_id, row.recipient) for row in parcel.rows)
        waiting = self._waiting[destination]
        waiting.append(parcel)
        if self._workers[destination] < min(self._deps.settings.connections_per_destination, len(waiting)):
            self._workers[destination] += 1
            tasks.create_task(self._work(destination))

    async def _work(self, destination: str) -> None:
        """Parcel after parcel over one connection, until none is left. Never raises but when it is cancelled."""
        waiting = self._waiting[destination]
        try:
            async with self._connections, self._deps.paths.path() as path:
                while waiting:
                    parcel = waiting.popleft()
                    try:
                        await self._try(parcel, path)
                    finally:
                        self._in_flight.difference_update((row.queue_id, row.recipient) for row in parcel.rows)
        except Exception as exc:  # noqa: BLE001 - one destination's bug ends no other (conventions C6)
            self._deps.events.emit(bug_caught(exc))
        finally:
            self._workers[destination] -= 1
            if not waiting and not self._workers[destination]:
                del self._waiting[destination], self._workers[destination]

    async def _try(self, parcel: Parcel, path: Path) -> None:
        """A worker goes on whatever happens to one parcel."""
        trace, emit = parcel.envelope.trace, self._deps.events.emit
        try:
            await self._attempt(parcel, path)
        except PermanentError as exc:
            await self._set_aside(parcel.rows, exc)
        except TransientError as exc:  # the store or the key agent is away
            emit(FaultRaised(trace=trace, fault="F-courier", detail=str(exc)))
        except Exception as exc:  # noqa: BLE001 - a bug holds up its own message only (conventions C6)
            emit(bug_caught(exc, trace))
            await self._postpone(parcel, {row.recipient: _bug() for row in parcel.rows})

    async def _attempt(self, parcel: Parcel, path: Path) -> None:
        """Send to whom nobody has sent yet, then settle; PermanentError when the message cannot be opened.

        What is over elsewhere and could not be written down here is kept in memory: while the store is away no message
        is sent a second time.
        """
        row = parcel.rows[0]
        keys = await queue_keys(self._deps.keys, self._deps.random)
        key = keys.unwrap_blob_key(row.blob_id, row.queue_id, row.wrapped_key)
        blob = await self._deps.blobs.open(row.blob_id, key)
        try:
            owed = {n: self._owed[row.queue_id, n] for n in parcel.recipients if (row.queue_id, n) in self._owed}
            rest = {n: each for n, each in parcel.recipients.items() if n not in owed}
            outcomes = dict(owed)
            if rest:
                outcomes |= await path.deliver(Parcel(parcel.envelope, parcel.rows, rest), blob.reader)
            over = {(row.queue_id, n): each for n, each in outcomes.items() if each.fate is not Fate.DEFERRED}
            self._owed |= over
            await self._settle(parcel, outcomes, blob.reader)
            for place in over:
                del self._owed[place]
        finally:
            blob.close()

    # -- what follows from an outcome -----------------------------------------------------------------------------

    async def _settle(self, parcel: Parcel, outcomes: dict[int, Outcome], reader: Reader) -> None:
        """Deferrals first, then one commit for all that is over and for what the sender hears of it."""
        deps = self._deps
        outcomes = self._expired(parcel, outcomes)
        await self._postpone(parcel, {n: each for n, each in outcomes.items() if each.fate is Fate.DEFERRED})
        done = tuple(n for n, each in outcomes.items() if each.fate is not Fate.DEFERRED)
        actions = deps.bounces.reported(parcel, outcomes)
        late = self._late(parcel)
        actions = {n: action for n, action in actions.items() if action is not ReportAction.DELAYED or n in late}
        if actions:
            try:
                await deps.bounces.post(parcel, outcomes, actions, done, reader)
            except PermanentError as exc:  # nobody can be told: that must not bring the message back to life
                deps.events.emit(FaultRaised(trace=parcel.envelope.trace, fault="F-courier", detail=str(exc)))
                actions = {}
        if done and not actions:
            await deps.store.submit(Complete(unit=self._unit(), queue_id=parcel.rows[0].queue_id, recipients=done))
        for number in done:
            self._tell(parcel, number, outcomes[number], is_reported=number in actions)

    def _expired(self, parcel: Parcel, outcomes: dict[int, Outcome]) -> dict[int, Outcome]:
        """After so long a deferral is a failure (RFC 5321 4.5.4.1)."""
        age_ms = self._deps.age.now_ms() - parcel.rows[0].created_at_ms
        if age_ms <= self._deps.settings.expire_s * 1000:
            return outcomes
        return {
            number: Outcome(fate=Fate.FAILED, status="4.4.7", text=each.text, is_remote=each.is_remote, host=each.host)
            if each.fate is Fate.DEFERRED
            else each
            for number, each in outcomes.items()
        }

    def _late(self, parcel: Parcel) -> set[int]:
        """Recipients whose sender is to be told, once, that it takes longer."""
        notice_s = self._deps.settings.delay_notice_s
        age_ms = self._deps.age.now_ms() - parcel.rows[0].created_at_ms
        if not notice_s or age_ms < notice_s * 1000:
            return set()
        return {row.recipient for row in parcel.rows if not row.is_told}

    async def _postpone(self, parcel: Parcel, outcomes: dict[int, Outcome]) -> None:
        waits = self._deps.settings.retry_s
        attempts = {row.recipient: row.attempts for row in parcel.rows}
        for number, outcome in outcomes.items():
            wait_s = waits[min(attempts[number], len(waits) - 1)]
            await self._deps.store.submit(
                Postpone(
                    unit=self._unit(),
                    queue_id=parcel.rows[0].queue_id,
                    recipients=(number,),
                    due_at_ms=self._deps.clock.now_ms() + wait_s * 1000,
                    reason=outcome.status,
                )
            )
            self._deps.events.emit(
                DeliveryDeferred(
                    trace=parcel.envelope.trace,
                    recipient=str(parcel.recipients[number].address),
                    reason=outcome.status,
                    attempts=attempts[number] + 1,
                )
            )

    def _tell(self, parcel: Parcel, number: int, outcome: Outcome, *, is_reported: bool) -> None:
        recipient = str(parcel.recipients[number].address)
        attempts = next(row.attempts for row in parcel.rows if row.recipient == number)
        trace, emit = parcel.envelope.trace, self._deps.events.emit
        if outcome.fate is Fate.SENT:
            emit(
                MessageRelayed(
                    trace=trace,
                    recipient=recipient,
                    host=outcome.host,
                    status=outcome.status,
                    tls=outcome.tls,
                    attempts=attempts,
                )
            )
            return
        emit(
            DeliveryFailed(
                trace=trace,
                recipient=recipient,
                status=outcome.status,
                host=outcome.host,
                is_reported=is_reported,
                attempts=attempts,
            )
        )

    async def _hold(self, row: OutboundRow, reason: str) -> None:
        await self._deps.store.submit(
            Schedule(
                unit=self._unit(),
                queue_id=row.queue_id,
                recipients=(row.recipient,),
                due_at_ms=0,
                is_held=True,
                reason=reason,
            )
        )

    async def _set_aside(self, rows: Sequence[OutboundRow], error: PermanentError) -> None:
        """What cannot be opened is held for the administrator: it is nobody's fault outside."""
        self._deps.events.emit(FaultRaised(fault="F-queue-damaged", detail=error.detail))
        for row in rows:
            await self._hold(row, Reason.CORRUPT.value)

    def _unit(self) -> UnitId:
        return UnitId(new_id(self._deps.clock, self._deps.random))


def _bug() -> Outcome:
    return of_error(TransientError(Reason.UNSUPPORTED, "an error of this server"), Fate.DEFERRED)
