"""Drives a check of sender authentication: each look-up that it yields is asked, and the answer sent back."""

import asyncio
from typing import Generic, TypeVar

import msgspec

from skrytka.model.clock import Clock
from skrytka.model.dns import Answer, Status
from skrytka.model.errors import PermanentError, TransientError
from skrytka.net.dns.resolver import Resolver
from skrytka.protocol.mailauth.query import Check, Query

T = TypeVar("T")


async def drive(check: Check[T], resolver: Resolver, clock: Clock, *, seconds: float, in_thread: bool = False) -> T:
    """The result of the check. What nobody answers in time is None to it, and so is everything after ``seconds``.

    One look-up that has begun is waited for: the resolver's own time limit comes on top. ``in_thread``: what the check
    does between two look-ups takes longer than the loop may wait.
    """
    ends_at_s = clock.monotonic_s() + seconds
    answer: Answer | None = None
    while True:
        step = await asyncio.to_thread(_step, check, answer) if in_thread else _step(check, answer)
        if isinstance(step, _Result):
            return step.value
        is_late = clock.monotonic_s() >= ends_at_s
        answer = None if is_late else await _answer(step, resolver)


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
