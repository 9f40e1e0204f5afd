"""The supervisor's side of the inspectors, with a zygote that forks nobody."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from skrytka.daemon import channel, inspectors
from skrytka.daemon.channel import Channel
from skrytka.daemon.inspectors import InspectorKeeper
from skrytka.daemon.messages import AnyMessage, InspectorSocket
from skrytka.inspect.spawn import join
from skrytka.model.clock import FixedClock
from tests.support.logs import CountingLog

FAKE = Path(__file__).resolve().parents[2] / "support" / "fake_zygote.py"


def fake(fd: int) -> list[str]:
    return [sys.executable, "-S", "-P", str(FAKE), str(fd)]


class Front:
    """A front's end of its control socket."""

    def __init__(self) -> None:
        near, far = channel.pair()
        self.heard: list[tuple[int, socket.socket]] = []
        self.supervisors = Channel(near, lambda _message, _fds: None, lambda: None)
        self._own = Channel(far, self._received, lambda: None)

    def _received(self, message: AnyMessage, fds: list[int]) -> None:
        assert isinstance(message, InspectorSocket)
        self.heard.append((message.number, socket.socket(fileno=fds[0])))

    def close(self) -> None:
        self._own.close()
        self.supervisors.close()
        for _number, sock in self.heard:
            sock.close()


class Case:
    """A keeper, what it said, and two fronts."""

    def __init__(self, command: Callable[[int], list[str]] = fake) -> None:
        self.said: list[str] = []
        self.events = CountingLog()
        self.keeper = InspectorKeeper(FixedClock(), self.events, self.said.append, command=command)
        self.fronts = [Front(), Front()]
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self.keeper.reap)

    def serve(self) -> None:
        self.keeper.start()
        for number, front in enumerate(self.fronts):
            self.keeper.serve(f"front-{number}", front.supervisors)

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not is_so():  # noqa: ASYNC110 - another process ends
                await asyncio.sleep(0.005)

    async def close(self) -> None:
        for front in self.fronts:
            front.close()
        await self.keeper.end()
        asyncio.get_running_loop().remove_signal_handler(signal.SIGCHLD)


@pytest.fixture
async def case() -> AsyncIterator[Case]:
    made = Case()
    made.serve()
    await made.until(lambda: all(front.heard for front in made.fronts))
    yield made
    await made.close()


async def test_a_zygote_that_is_silent_for_long_is_replaced(case: Case) -> None:
    before = case.keeper.pid
    case.keeper.watch(inspectors.SILENT_S / 2)
    assert not case.said
    case.keeper.watch(inspectors.SILENT_S / 2)
    await case.until(lambda: all(len(front.heard) == 2 for front in case.fronts))
    assert case.keeper.pid not in (0, before)
    assert "said nothing for 30 s" in case.said[0]
    assert case.events.counts == {"FaultRaised": 1, "ChildEnded": 1}
    case.keeper.watch(inspectors.SILENT_S / 2)
    assert len(case.said) == 2, "the new one has its own time"


async def test_each_front_gets_a_socket_to_one_zygote(case: Case) -> None:
    assert [number for front in case.fronts for number, _sock in front.heard] == [1, 1]
    assert case.keeper.pid


async def test_a_zygote_that_is_killed_is_replaced_for_all_fronts(case: Case) -> None:
    before = case.keeper.pid
    os.kill(before, signal.SIGKILL)
    await case.until(lambda: all(len(front.heard) == 2 for front in case.fronts))
    assert case.keeper.pid not in (0, before)
    assert case.events.counts["ChildEnded"] == 1
    assert "signal 9" in case.said[0]


async def test_a_front_that_asks_about_a_dead_zygote_gets_one_socket_not_two(case: Case) -> None:
    os.kill(case.keeper.pid, signal.SIGKILL)
    case.keeper.lost("front-0", 1)
    await case.until(lambda: all(len(front.heard) == 2 for front in case.fronts))
    await asyncio.sleep(0)
    assert case.keeper._numbers == {"front-0": 2, "front-1": 2}


async def test_a_front_that_lost_its_socket_alone_gets_another(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspectors, "ASK_AGAIN_S", 0.0)
    case.fronts[0].heard[0][1].send(b"drop")
    case.keeper.lost("front-0", 1)
    case.keeper.lost("front-0", 1)  # said twice, answered once
    await case.until(lambda: len(case.fronts[0].heard) == 2)
    case.keeper.lost("front-0", 1)  # of an old one
    assert case.keeper._numbers == {"front-0": 2, "front-1": 1}
    assert len(case.fronts[1].heard) == 1


async def test_a_front_that_is_started_again_gets_a_socket(case: Case) -> None:
    case.fronts[1].close()
    case.fronts[1] = Front()
    case.keeper.serve("front-1", case.fronts[1].supervisors)
    await case.until(lambda: bool(case.fronts[1].heard))
    assert case.fronts[1].heard[0][0] == 2


async def test_it_is_gone_when_the_fronts_have_ended(case: Case) -> None:
    pid = case.keeper.pid
    for front in case.fronts:
        front.close()
    await case.keeper.end()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert case.said == []


async def test_one_that_does_not_end_is_killed(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspectors, "END_S", 0.05)
    assert case.keeper._sock is not None
    with join(case.keeper._sock):  # a front that nobody knows of
        await case.keeper.end()
    assert "killed" in case.said[0]


async def test_one_that_cannot_be_started_is_tried_again_later_and_later() -> None:
    def missing(_fd: int) -> list[str]:
        return ["/nonexistent/python"]

    case = Case(missing)
    case.serve()
    try:
        await case.until(lambda: len(case.said) >= 3)
        assert [line.split("again in ")[1].split(";")[0] for line in case.said[:3]] == ["0.05 s", "0.1 s", "0.2 s"]
        assert case.events.counts.get("ChildEnded", 0) == 0
    finally:
        await case.close()
