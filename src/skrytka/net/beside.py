"""Two things at the same time of which one never fails."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")
U = TypeVar("U")


async def beside(first: Awaitable[T], second: Awaitable[U]) -> tuple[T, U]:
    """Both results. What ``first`` raises is raised when both have ended: nothing is left running behind the caller."""
    one, other = await asyncio.gather(first, second, return_exceptions=True)
    if isinstance(one, BaseException):
        raise one
    if isinstance(other, BaseException):
        raise other
    return one, other
