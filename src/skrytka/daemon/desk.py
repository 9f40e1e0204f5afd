"""What the supervisor answers its children: keys, limits, events. Lifecycle is the supervisor's own."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from skrytka.daemon.attack_desk import AttackDesk
from skrytka.daemon.counters import Counters, Lasting
from skrytka.daemon.event_log import Checkpoints, EventLog
from skrytka.daemon.files import write_private
from skrytka.daemon.key_agent import KeyAgent
from skrytka.daemon.messages import (
    AnyMessage,
    CapAcquire,
    CapRelease,
    ChainHeads,
    Fault,
    GuardsWanted,
    KeyRequest,
    LimitRefund,
    LimitTake,
    LoginTried,
    LoginTrusted,
    Message,
)
from skrytka.daemon.prepare import Prepared
from skrytka.daemon.shared_limits import LimitKeeper
from skrytka.model.clock import AgeClock, Clock, Random
from skrytka.model.errors import ReasonedError, RemoteProtocolError
from skrytka.model.events import FaultRaised

DAY_S = 86400.0
KNOWN_S = 600.0  # how much of the time that is known a crash may forget
KEYLESS = "store"  # a process that has no business with keys


class Desk:
    """Key agent, shared limits and checkpoints behind one question."""

    def __init__(
        self,
        prepared: Prepared,
        clock: Clock,
        random: Random,
        events: EventLog,
        tell: Callable[[Message], None] = lambda _message: None,
    ) -> None:
        """``tell`` sends a message to every front."""
        self._events = events
        self._clock = clock
        self._ring = prepared.ring
        self._expire_due_s = clock.monotonic_s()
        self._known_time = prepared.layout.known_time
        self._known_due_s = clock.monotonic_s()
        self.age = AgeClock(clock, _read_known(self._known_time))
        self._agent = KeyAgent(prepared.ring, clock, events)
        lasting = Lasting(clock)
        self._limits = LimitKeeper(lasting)
        self.attacks = AttackDesk(lasting, prepared.config.settings.attacks, events, tell)
        self.counters = Counters(
            prepared.layout.counters, prepared.ring, lasting, random, self._limits.table, self.attacks.counted, events
        )
        self.counters.load()
        self.checkpoints = Checkpoints(prepared.layout, prepared.config.settings, clock, events)

    def answer(self, name: str, message: AnyMessage) -> Message | None:
        """For the child of that name; None where no answer is waited for. RemoteProtocolError: it must not ask that."""
        match message:
            case KeyRequest() if name != KEYLESS:
                return self._agent.answer(name, message)
            case LimitTake() | LimitRefund() | CapAcquire() | CapRelease():
                return self._limits.answer(name, message)
            case LoginTried() | LoginTrusted() | GuardsWanted():
                return self.attacks.answer(message)
            case Fault(fault=fault, detail=detail):
                self._events.emit(FaultRaised(fault=fault, detail=detail))
            case ChainHeads(heads=heads):
                self.checkpoints.report(name, heads)
            case _:
                raise RemoteProtocolError(f"{name} sent {type(message).__name__}")
        return None

    def tick(self) -> None:
        """Called ten times a second: checkpoints by the minute, old versions of the key ring by the day."""
        self.checkpoints.tick()
        now_s = self._clock.monotonic_s()
        if now_s >= self._known_due_s:
            self._known_due_s = now_s + KNOWN_S
            self.keep_known_time()
        if now_s < self._expire_due_s:
            return
        self._expire_due_s = now_s + DAY_S
        try:
            self._ring.expire(self.age.now_ms())
        except ReasonedError as exc:
            self._events.emit(FaultRaised(fault="F-key-ring", detail=str(exc)))

    async def retire_events(self) -> None:
        """Called by the hour; the first call of a day does the work."""
        await self.checkpoints.retire(self.age.now_ms())

    def keep_known_time(self) -> None:
        """For the next start; a disk that refuses only makes it keep things longer."""
        self.age.now_ms()
        with contextlib.suppress(OSError):
            write_private(self._known_time, b"%d\n" % self.age.known_ms)

    def ended(self, name: str) -> None:
        """The process is gone, and what it held is free."""
        self._limits.forget(name)
        self.checkpoints.ended(name)


def _read_known(path: Path) -> int | None:
    """None for the first start, and for a file that is damaged: the clock is believed then."""
    try:
        return int(path.read_bytes())
    except (OSError, ValueError):
        return None
