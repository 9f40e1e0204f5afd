"""What a check found, as values with a closed reason (RFC 7208 2.6)."""

from enum import StrEnum
from typing import Literal

import msgspec

Scope = Literal["mfrom", "helo"]


class Result(StrEnum):
    """RFC 7208 2.6, in the order of the RFC."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class Cause(StrEnum):
    """Why there is no policy to go by, or none that could be evaluated."""

    BAD_DOMAIN = "bad_domain"  # no domain name with two labels
    NO_RECORD = "no_record"
    SEVERAL_RECORDS = "several_records"
    SYNTAX = "syntax"
    TOO_MANY_LOOKUPS = "too_many_lookups"
    TOO_MANY_VOID_LOOKUPS = "too_many_void_lookups"
    TOO_MANY_EXCHANGES = "too_many_exchanges"
    DNS = "dns"  # no answer, or SERVFAIL


class Identity(msgspec.Struct, frozen=True):
    """Whose policy is asked for: the <sender> of RFC 7208 4.1, whose domain is where a check begins."""

    scope: Scope
    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


class SpfResult(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a check. ``detail`` is for the administrator; ``explanation`` is a stranger's text (RFC 7208 11.5)."""

    result: Result
    identity: Identity
    mechanism: str = ""  # as written in the record that decided; "" if none matched
    cause: Cause | None = None  # for none, temperror and permerror
    detail: str = ""  # where: the domain, and for a syntax error what is wrong
    explanation: str = ""  # of a fail: printable US-ASCII (RFC 7208 6.2)
    lookups: int = 0  # terms that cause look-ups (RFC 7208 4.6.4)
    void_lookups: int = 0
