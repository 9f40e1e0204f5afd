"""What follows from the outcomes of a try: commits, reports, events.

Messages whose sender need not hear of it share a commit, and no worker waits for it; a report is one commit with what
it reports. What is over elsewhere and could not be written down is kept in memory (``owed``): while the store is away
no message is sent a second time. Until a parcel is settled it counts as in flight.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from skrytka.mail.queue.bounce import Bounces
from skrytka.mail.queue.deliver_by import is_over, overdue, to_be_told, wakes_at_ms
from skrytka.mail.queue.outcome import Fate, Outcome
from skrytka.mail.queue.parcel import Parcel, Reader
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, TransientError
from skrytka.model.events import DeliveryDeferred, DeliveryFailed, Emitter, FaultRaised, MessageRelayed
from skrytka.model.ids import QueueId, UnitId, new_unit
from skrytka.model.settings import Outbound
from skrytka.net.bugs import bug_caught
from skrytka.protocol.reports.texts import ReportAction
from skrytka.store.api import Store
from skrytka.store.commands.deliver import QueueDone
from skrytka.store.commands.outbound import Later, Settle
from skrytka.store.sql.outbound import TOLD_LATE

TOGETHER: Final = 500  # messages of one commit: 30 ms of the store process; a slow disk makes them large
DETAIL_MAX: Final = 300  # characters of a reply in an event
COURIER_FAULT: Final = "F-courier"
Place = tuple[QueueId, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleDeps:
    """What settling works with."""

    store: Store
    bounces: Bounces
    events: Emitter
    clock: Clock
    age: Clock  # for what is given up: model.clock.AgeClock
    random: Random
    settings: Outbound


class _Settled(NamedTuple):
    parcel: Parcel
    outcomes: dict[int, Outcome]


class Settlements:
    """One per courier; ``release`` is told of each parcel that is in flight no more."""

    def __init__(self, deps: SettleDeps, release: Callable[[Parcel], None]) -> None:
        self._deps = deps
        self._release = release
        self._owed: dict[Place, Outcome] = {}
        self._waiting: deque[_Settled] = deque()
        self._is_writing = False

    def owed(self, parcel: Parcel) -> dict[int, Outcome]:
        """Recipients that nobody may send to again: their outcome has only to be written down."""
        queue_id = parcel.rows[0].queue_id
        return {n: self._owed[queue_id, n] for n in parcel.recipients if (queue_id, n) in self._owed}

    async def settle(
        self, parcel: Parcel, outcomes: dict[int, Outcome], reader: Reader, tasks: asyncio.TaskGroup
    ) -> bool:
        """Of every recipient of the parcel. True: it waits for its commit, and ``release`` is told of it then.

        With something to tell the sender it is on disk when this returns False; TransientError if it could not be.
        """
        outcomes = self._expired(parcel, outcomes)
        self._owe(parcel, outcomes)
        if actions := self._actions(parcel, outcomes):
            await self._with_report(parcel, outcomes, actions, reader)
            return False
        return self.later(parcel, outcomes, tasks)

    async def tell_late(self, parcel: Parcel, reader: Reader) -> Parcel:
        """Of what is still tried though the time for its delivery has passed: once, and then the parcel knows it.

        TransientError when that could not be written down.
        """
        numbers = to_be_told(parcel, self._deps.clock.now_ms())
        if not numbers:
            return parcel
        outcomes = dict.fromkeys(numbers, overdue(Fate.DEFERRED, parcel))
        told = QueueDone(parcel.rows[0].queue_id, numbers)
        try:
            await self._deps.bounces.post(parcel, outcomes, dict.fromkeys(numbers, ReportAction.DELAYED), (), reader)
        except PermanentError as exc:  # nobody can be told: once is enough
            self._deps.events.emit(FaultRaised(trace=parcel.envelope.trace, fault=COURIER_FAULT, detail=str(exc)))
            await self._deps.store.submit(Settle(unit=self._unit(), late=(told,)))
        rows = tuple(row._replace(is_told=TOLD_LATE) if row.recipient in numbers else row for row in parcel.rows)
        return msgspec.structs.replace(parcel, rows=rows)

    def later(self, parcel: Parcel, outcomes: dict[int, Outcome], tasks: asyncio.TaskGroup) -> bool:
        """Without a report; always True."""
        self._waiting.append(_Settled(parcel, outcomes))
        if not self._is_writing:
            self._is_writing = True
            tasks.create_task(self._write_all())
        return True

    # -- many at a time -------------------------------------------------------------------------------------------

    async def _write_all(self) -> None:
        """Commit after commit until nothing waits. Never raises but when it is cancelled."""
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]
                try:
                    await self._write(batch)
                except TransientError as exc:  # they are due still, and owed
                    self._deps.events.emit(FaultRaised(fault=COURIER_FAULT, detail=str(exc)))
                except Exception as exc:  # noqa: BLE001 - a bug leaves them due; the courier goes on (conventions C6)
                    self._deps.events.emit(bug_caught(exc))
                finally:
                    for settled in batch:
                        self._release(settled.parcel)
        finally:
            self._is_writing = False

    async def _write(self, batch: Sequence[_Settled]) -> None:
        done: list[QueueDone] = []
        later: list[Later] = []
        for parcel, outcomes in batch:
            numbers = _over(outcomes)
            if numbers:
                done.append(QueueDone(parcel.rows[0].queue_id, numbers))
            later += self._later(parcel, outcomes)
        await self._deps.store.submit(Settle(unit=self._unit(), done=tuple(done), later=tuple(later)))
        for parcel, outcomes in batch:
            self._tell(parcel, outcomes, set())

    def _later(self, parcel: Parcel, outcomes: dict[int, Outcome]) -> list[Later]:
        waits, now_ms = self._deps.settings.retry_s, self._deps.clock.now_ms()
        rows = {row.recipient: row for row in parcel.rows}
        queue_id = parcel.rows[0].queue_id
        found: dict[tuple[int, str], list[int]] = {}
        for number, outcome in outcomes.items():
            if outcome.fate is Fate.DEFERRED:
                due_ms = now_ms + waits[min(rows[number].attempts, len(waits) - 1)] * 1000
                wakes_ms = wakes_at_ms(parcel, rows[number])
                due_ms = due_ms if wakes_ms is None else min(due_ms, max(now_ms, wakes_ms))
                found.setdefault((due_ms, outcome.status), []).append(number)
        return [Later(queue_id, tuple(numbers), due_ms, reason) for (due_ms, reason), numbers in found.items()]

    # -- with a report --------------------------------------------------------------------------------------------

    async def _with_report(
        self, parcel: Parcel, outcomes: dict[int, Outcome], actions: dict[int, ReportAction], reader: Reader
    ) -> None:
        """Deferrals first, then one commit for all that is over and for what the sender hears of it."""
        deps = self._deps
        if later := self._later(parcel, outcomes):
            await deps.store.submit(Settle(unit=self._unit(), later=tuple(later)))
        done = _over(outcomes)
        try:
            await deps.bounces.post(parcel, outcomes, actions, done, reader)
        except PermanentError as exc:  # nobody can be told: that must not bring the message back to life
            deps.events.emit(FaultRaised(trace=parcel.envelope.trace, fault=COURIER_FAULT, detail=str(exc)))
            actions = {}
            if done:
                over = (QueueDone(parcel.rows[0].queue_id, done),)
                await deps.store.submit(Settle(unit=self._unit(), done=over))
        self._tell(parcel, outcomes, set(actions))

    def _actions(self, parcel: Parcel, outcomes: dict[int, Outcome]) -> dict[int, ReportAction]:
        late = self._late(parcel)
        actions = self._deps.bounces.reported(parcel, outcomes)
        return {n: action for n, action in actions.items() if action is not ReportAction.DELAYED or n in late}

    def _late(self, parcel: Parcel) -> set[int]:
        """Recipients whose sender is to be told, once, that it takes longer."""
        notice_s = self._deps.settings.delay_notice_s
        if not notice_s or self._age_ms(parcel) < notice_s * 1000:
            return set()
        return {row.recipient for row in parcel.rows if not row.is_told}

    def _expired(self, parcel: Parcel, outcomes: dict[int, Outcome]) -> dict[int, Outcome]:
        """A deferral is a failure after so long (RFC 5321 4.5.4.1), or when its sender wants that (RFC 2852 4.1.3)."""
        if is_over(parcel, self._deps.clock.now_ms()):
            late = overdue(Fate.FAILED, parcel)
            return {number: late if each.fate is Fate.DEFERRED else each for number, each in outcomes.items()}
        if self._age_ms(parcel) <= self._deps.settings.expire_s * 1000:
            return outcomes
        return {
            number: Outcome(fate=Fate.FAILED, status="4.4.7", text=each.text, is_remote=each.is_remote, host=each.host)
            if each.fate is Fate.DEFERRED
            else each
            for number, each in outcomes.items()
        }

    def _age_ms(self, parcel: Parcel) -> int:
        return self._deps.age.now_ms() - parcel.rows[0].since_ms

    # -- memory and events ----------------------------------------------------------------------------------------

    def _owe(self, parcel: Parcel, outcomes: dict[int, Outcome]) -> None:
        queue_id = parcel.rows[0].queue_id
        for number in _over(outcomes):
            self._owed[queue_id, number] = outcomes[number]

    def _tell(self, parcel: Parcel, outcomes: dict[int, Outcome], reported: set[int]) -> None:
        """It is on disk: nothing is owed, and the event log hears of it."""
        queue_id, trace, emit = parcel.rows[0].queue_id, parcel.envelope.trace, self._deps.events.emit
        attempts = {row.recipient: row.attempts for row in parcel.rows}
        for number, outcome in outcomes.items():
            self._owed.pop((queue_id, number), None)
            recipient, tries = str(parcel.recipients[number].address), attempts[number]
            status, host, detail = outcome.status, outcome.host, outcome.text[:DETAIL_MAX]
            if outcome.fate is Fate.DEFERRED:
                emit(
                    DeliveryDeferred(
                        trace=trace, recipient=recipient, reason=status, attempts=tries + 1, host=host, detail=detail
                    )
                )
                continue
            if outcome.fate is Fate.SENT:
                emit(
                    MessageRelayed(
                        trace=trace, recipient=recipient, host=host, status=status, tls=outcome.tls, attempts=tries
                    )
                )
                continue
            is_reported = number in reported
            emit(
                DeliveryFailed(
                    trace=trace,
                    recipient=recipient,
                    status=status,
                    host=host,
                    is_reported=is_reported,
                    attempts=tries,
                    detail=detail,
                )
            )

    def _unit(self) -> UnitId:
        return new_unit(self._deps.clock, self._deps.random)


def _over(outcomes: dict[int, Outcome]) -> tuple[int, ...]:
    return tuple(number for number, outcome in outcomes.items() if outcome.fate is not Fate.DEFERRED)
