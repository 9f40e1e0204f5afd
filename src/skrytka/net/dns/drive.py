"""Drives a check of sender authentication: each look-up that it yields is asked, and the answer sent back.

What is known already needs no task: :meth:`Begun.advance` goes as far as that leads, :meth:`Begun.drive` the rest.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import msgspec

from skrytka.model.clock import Clock
from skrytka.model.dns import Answer, Status
from skrytka.model.errors import PermanentError, TransientError
from skrytka.net.dns.resolver import Resolver
from skrytka.protocol.mailauth.query import Check, Query

T = TypeVar("T")
KNOWN_MAX: Final = 16  # look-ups without a turn of the loop, and how long they may take
TURN_S: Final = 0.0005

Known = Callable[[str, str], Answer | None]  # what a resolver has at hand of a name and type


def nothing_known(_name: str, _rdtype: str) -> Answer | None:
    """Of a resolver that remembers nothing."""
    return None


class Begun(Generic[T]):
    """A check under way: it has its result, or waits for an answer."""

    __slots__ = ("_check", "_result", "_wanted")

    def __init__(self, check: Check[T]) -> None:
        self._check = check
        self._wanted: Query | None = None
        self._result: _Result[T] | None = None

    @property
    def is_done(self) -> bool:
        return self._result is not None

    @property
    def result(self) -> T:
        """Only when it is done."""
        if self._result is None:
            raise AssertionError("the check is not done")
        return self._result.value

    def advance(self, known: Known, clock: Clock, until_s: float) -> None:
        """As far as what is known leads, until that time. Raises what the check raises."""
        for _ in range(KNOWN_MAX):
            answer = None
            if clock.monotonic_s() >= until_s:
                return
            if self._wanted is not None and (answer := known(self._wanted.name, self._wanted.rdtype)) is None:
                return
            self._take(_step(self._check, answer))
            if self._result is not None:
                return

    async def drive(self, resolver: Resolver, clock: Clock, *, seconds: float, in_thread: bool = False) -> T:
        """The result of the check. What nobody answers in time is None to it, and so is everything after ``seconds``.

        One look-up that has begun is waited for: the resolver's own time limit comes on top. ``in_thread``: what the
        check does between two look-ups takes longer than the loop may wait.
        """
        ends_at_s = clock.monotonic_s() + seconds
        turn_at_s, asked = clock.monotonic_s(), 0
        while self._result is None:
            answer = None
            now_s = clock.monotonic_s()
            if self._wanted is not None and now_s < ends_at_s:
                answer = await _answer(self._wanted, resolver)
                asked += 1
            if asked == KNOWN_MAX or now_s >= turn_at_s + TURN_S:
                await asyncio.sleep(0)  # answers that are remembered make no turn of the loop
                turn_at_s, asked = clock.monotonic_s(), 0
            step = _step(self._check, answer) if not in_thread else await asyncio.to_thread(_step, self._check, answer)
            self._take(step)
        return self._result.value

    def _take(self, step: "Query | _Result[T]") -> None:
        if isinstance(step, _Result):
            self._result = step
        else:
            self._wanted = step


async def drive(check: Check[T], resolver: Resolver, clock: Clock, *, seconds: float) -> T:
    """As :meth:`Begun.drive`, from the beginning."""
    return await Begun(check).drive(resolver, clock, seconds=seconds)


class _Result(msgspec.Struct, Generic[T]):
    """The end of a check: StopIteration cannot leave a thread's future."""

    value: T


def _step(check: Check[T], answer: Answer | None) -> Query | _Result[T]:
    """``answer`` is None for the first step, too: that is what begins a generator."""
    try:
        return check.send(answer)
    except StopIteration as done:
        return _Result(done.value)


async def _answer(query: Query, resolver: Resolver) -> Answer | None:
    try:
        return await resolver.query(query.name, query.rdtype)
    except TransientError:
        return None
    except PermanentError:  # what is no name has no records
        return Answer(Status.NXDOMAIN)
