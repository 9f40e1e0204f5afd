import pytest

from skrytka.daemon import channel
from skrytka.daemon.channel import Channel
from skrytka.daemon.inspection import InspectorWatch, fault_of
from skrytka.daemon.messages import InspectorsLost
from skrytka.inspect.client import LATE, Death
from skrytka.model.events import FaultRaised
from tests.unit.mail.support import Recorder

FAULTS = [(LATE, "hang"), ("MemoryError at scan.py:7", "memory"), ("ended", "crash"), ("ValueError", "crash")]


def death(how: str, kind: str = "structure", *, is_second: bool = False) -> Death:
    return Death(pid=7, how=how, kind=kind, size_bytes=10, is_second=is_second)


@pytest.mark.parametrize(("how", "fault"), FAULTS)
def test_a_death_is_a_fault_by_its_cause(how: str, fault: str) -> None:
    assert fault_of(death(how)) == f"F-inspector-{fault}"


async def test_a_death_is_told_with_the_size_of_its_message() -> None:
    near, far = channel.pair()
    events = Recorder()
    ours = Channel(near, lambda _message, _fds: None, lambda: None)
    watch = InspectorWatch(ours, events)
    watch.inspector_exited(7, -9)
    watch.inspector_died(death("ended", is_second=True))
    watch.inspector_died(death("ended", kind=""))
    told = [event.detail for event in events.events if isinstance(event, FaultRaised)]
    assert told == ["pid 7: ended (structure, 10 octets, the second time)", "pid 7: ended (without a job)"]
    ours.close()
    far.close()


async def test_a_lost_zygote_is_asked_for_by_the_number_of_its_socket() -> None:
    near, far = channel.pair()
    ours = Channel(near, lambda _message, _fds: None, lambda: None)
    watch = InspectorWatch(ours, Recorder())
    watch.number = 3
    watch.zygote_lost()
    assert channel.receive_blocking(far) == (InspectorsLost(number=3), [])
    ours.close()
    far.close()
