import asyncio
import threading

import pytest

from skrytka.model.address import Domain
from skrytka.model.clock import FixedClock
from skrytka.model.dns import Answer, Status
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.net.dns.drive import KNOWN_MAX, Begun, drive
from skrytka.protocol.mailauth.query import Check, Query

HERE = Answer(Status.NOERROR, ("192.0.2.1",))


class Scripted:
    """A resolver that takes a second for each answer."""

    def __init__(self, clock: FixedClock, answers: dict[str, Answer | Exception]) -> None:
        self.clock, self.answers = clock, answers
        self.asked: list[str] = []

    async def query(self, name: Domain | str, rdtype: str) -> Answer:
        self.asked.append(f"{name} {rdtype}")
        self.clock.advance(1)
        answer = self.answers[str(name)]
        if isinstance(answer, Exception):
            raise answer
        return answer


def each_of(*names: str) -> Check[list[Answer | None]]:
    found = []
    for name in names:
        found.append((yield Query(name, "A")))  # noqa: PERF401 - a comprehension cannot yield
    return found


async def test_each_look_up_is_asked_and_failures_are_told_apart() -> None:
    clock = FixedClock()
    resolver = Scripted(
        clock,
        {
            "a.example": HERE,
            "away.example": TransientError(Reason.DNS_TIMEOUT, "x"),
            "no..name": PermanentError(Reason.BAD_SYNTAX, "x"),
        },
    )
    found = await drive(each_of("a.example", "away.example", "no..name"), resolver, clock, seconds=60)
    assert found == [HERE, None, Answer(Status.NXDOMAIN)]
    assert resolver.asked == ["a.example A", "away.example A", "no..name A"]


async def test_after_its_time_nothing_is_asked_any_more() -> None:
    clock = FixedClock()
    resolver = Scripted(clock, {"a.example": HERE})
    assert await drive(each_of(*["a.example"] * 5), resolver, clock, seconds=2) == [HERE, HERE, None, None, None]
    assert len(resolver.asked) == 2


async def test_a_check_that_asks_nothing_has_a_result() -> None:
    assert await drive(each_of(), Scripted(FixedClock(), {}), FixedClock(), seconds=1) == []


async def test_steps_in_a_thread_have_the_same_result() -> None:
    clock = FixedClock()
    threads = []

    def check() -> Check[list[Answer | None]]:
        threads.append(threading.get_ident())
        found = yield from each_of("a.example")
        threads.append(threading.get_ident())
        return found

    resolver = Scripted(clock, {"a.example": HERE})
    assert await Begun(check()).drive(resolver, clock, seconds=60, in_thread=True) == [HERE]
    assert threading.get_ident() not in threads
    assert await drive(check(), resolver, clock, seconds=60) == [HERE]
    assert threads[2:] == [threading.get_ident()] * 2


def known(name: str, rdtype: str) -> Answer | None:
    return HERE if name != "b.example" and rdtype == "A" else None


def begun(clock: FixedClock, *names: str, until_s: float = float("inf")) -> Begun[list[Answer | None]]:
    made = Begun(each_of(*names))
    made.advance(known, clock, until_s)
    return made


async def test_what_is_known_needs_no_resolver() -> None:
    clock = FixedClock()
    assert begun(clock, "a.example", "a.example").result == [HERE, HERE]
    half = begun(clock, "a.example", "b.example", "a.example")
    assert not half.is_done
    resolver = Scripted(clock, {"a.example": HERE, "b.example": HERE})
    assert await half.drive(resolver, clock, seconds=60) == [HERE] * 3
    assert resolver.asked == ["b.example A", "a.example A"]


def test_there_is_so_much_time_for_what_is_known() -> None:
    clock = FixedClock()
    assert not begun(clock, until_s=clock.monotonic_s()).is_done
    with pytest.raises(AssertionError):
        _ = begun(clock, "b.example").result


async def test_however_much_is_known_the_loop_has_its_turns() -> None:
    many = [f"{number}.example" for number in range(2 * KNOWN_MAX)]
    clock = FixedClock()
    assert not begun(clock, *many).is_done
    turns: list[bool] = []
    asyncio.get_running_loop().call_soon(turns.append, True)
    await drive(each_of(*many), Remembering(), clock, seconds=60)
    assert turns == [True]


class Remembering:
    """Answers without a turn of the loop, and in no time."""

    async def query(self, _name: Domain | str, _rdtype: str) -> Answer:
        return HERE
