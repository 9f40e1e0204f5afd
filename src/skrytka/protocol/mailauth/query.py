"""How a check asks DNS without knowing it: it yields a :class:`Query` and is sent the answer.

A test is a dict. Whoever drives a check bounds time; the check itself bounds how much it asks.
"""

from collections.abc import Generator, Mapping
from typing import Literal, TypeAlias, TypeVar

import msgspec

from skrytka.model.dns import Answer, Status

T = TypeVar("T")
RdType = Literal["A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TLSA", "TXT"]


class Query(msgspec.Struct, frozen=True):
    """One look-up; ``name`` has no final dot and may be no host name at all (``_spf.example.org``)."""

    name: str
    rdtype: RdType


# None: nobody answered in time, or whoever did could not say (SERVFAIL); a check calls that a temporary error.
Check: TypeAlias = Generator[Query, Answer | None, T]


def run_with(check: Check[T], records: Mapping[Query, Answer | None]) -> T:
    """Drive a check from a table; what is not in it does not exist."""
    answer: Answer | None = None
    try:
        query = next(check)
        while True:
            answer = records.get(query, Answer(Status.NXDOMAIN))
            query = check.send(answer)
    except StopIteration as done:
        result: T = done.value
        return result
