"""What a front tells of its inspectors: deaths as faults, and that it needs another way to the zygote."""

from typing import Final

from skrytka.daemon.channel import Channel
from skrytka.daemon.messages import InspectorsLost
from skrytka.inspect.client import LATE, Death
from skrytka.model.events import Emitter, FaultRaised

INSPECTORS: Final = 2  # of each front: one that hangs until its deadline leaves one


class InspectorWatch:
    """``inspect.client.Observer``."""

    def __init__(self, channel: Channel, events: Emitter) -> None:
        self._channel = channel
        self._events = events
        self.number = 0  # of the socket that leads to the zygote now

    def inspector_died(self, death: Death) -> None:
        """A fault each; what becomes of the message is an event of its own."""
        work = f"{death.kind}, {death.size_bytes} octets" if death.kind else "without a job"
        which = ", the second time" if death.is_second else ""
        self._events.emit(FaultRaised(fault=fault_of(death), detail=f"pid {death.pid}: {death.how} ({work}{which})"))

    def inspector_exited(self, pid: int, status: int) -> None:
        """Every child does; those that should not have were told of."""

    def zygote_lost(self) -> None:
        """The supervisor sends another socket, now or when it has another zygote."""
        self._channel.send(InspectorsLost(number=self.number))


def fault_of(death: Death) -> str:
    """Its id in docs/faults.md."""
    if death.how == LATE:
        return "F-inspector-hang"
    if death.how.startswith("MemoryError"):
        return "F-inspector-memory"
    return "F-inspector-crash"
