"""Drives a check of sender authentication: each look-up that it yields is asked, and the answer sent back."""

from typing import TypeVar

from skrytka.model.clock import Clock
from skrytka.model.dns import Answer, Status
from skrytka.model.errors import PermanentError, TransientError
from skrytka.net.dns.resolver import Resolver
from skrytka.protocol.mailauth.query import Check, Query

T = TypeVar("T")


async def drive(check: Check[T], resolver: Resolver, clock: Clock, *, seconds: float) -> T:
    """The result of the check. What nobody answers in time is None to it, and so is everything after ``seconds``.

    One look-up that has begun is waited for: the resolver's own time limit comes on top.
    """
    ends_at_s = clock.monotonic_s() + seconds
    try:
        query = next(check)
        while True:
            is_late = clock.monotonic_s() >= ends_at_s
            query = check.send(None if is_late else await _answer(query, resolver))
    except StopIteration as done:
        result: T = done.value
        return result


async def _answer(query: Query, resolver: Resolver) -> Answer | None:
    try:
        return await resolver.query(query.name, query.rdtype)
    except TransientError:
        return None
    except PermanentError:  # what is no name has no records
        return Answer(Status.NXDOMAIN)
