"""What the supervisor answers its children: keys, limits, events. Lifecycle is the supervisor's own."""

from skrytka.daemon.event_log import Checkpoints, EventLog
from skrytka.daemon.key_agent import KeyAgent
from skrytka.daemon.messages import (
    AnyMessage,
    CapAcquire,
    CapRelease,
    ChainHeads,
    Fault,
    KeyRequest,
    LimitRefund,
    LimitTake,
    Message,
)
from skrytka.daemon.prepare import Prepared
from skrytka.daemon.shared_limits import LimitKeeper
from skrytka.model.clock import Clock
from skrytka.model.errors import ReasonedError, RemoteProtocolError
from skrytka.model.events import FaultRaised

DAY_S = 86400.0
KEYLESS = "store"  # a process that has no business with keys


class Desk:
    """Key agent, shared limits and checkpoints behind one question."""

    def __init__(self, prepared: Prepared, clock: Clock, events: EventLog) -> None:
        self._events = events
        self._clock = clock
        self._ring = prepared.ring
        self._expire_due_s = clock.monotonic_s()
        self._agent = KeyAgent(prepared.ring, clock, events)
        self._limits = LimitKeeper(clock)
        self.checkpoints = Checkpoints(prepared.layout, prepared.config.settings, clock, events)

    def answer(self, name: str, message: AnyMessage) -> Message | None:
        """For the child of that name; None where no answer is waited for. RemoteProtocolError: it must not ask that."""
        match message:
            case KeyRequest() if name != KEYLESS:
                return self._agent.answer(name, message)
            case LimitTake() | LimitRefund() | CapAcquire() | CapRelease():
                return self._limits.answer(name, message)
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
        if now_s < self._expire_due_s:
            return
        self._expire_due_s = now_s + DAY_S
        try:
            self._ring.expire()
        except ReasonedError as exc:
            self._events.emit(FaultRaised(fault="F-key-ring", detail=str(exc)))

    def ended(self, name: str) -> None:
        """The process is gone, and what it held is free."""
        self._limits.forget(name)
        self.checkpoints.ended(name)
