"""The domain in From: what DMARC is about (RFC 9989 5.3.1), and what is wrong where there is not exactly one.

Who takes From apart is another's matter (an inspector's): here are the domains that it found.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

from skrytka.model.address import AddressError, Domain

DOMAINS_MAX: Final = 4  # of From, that are looked at: each may take nine questions
U_LABELS_MAX: Final = 100  # characters of a name that is not ASCII: IDNA takes 2 µs for each


class Problem(StrEnum):
    """Why there is no one author domain."""

    NO_FROM = "no_from"
    SEVERAL_FROM = "several_from"  # fields
    NO_ADDRESS = "no_address"  # a field without any
    SEVERAL_DOMAINS = "several_domains"
    BAD_DOMAIN = "bad_domain"  # an address literal, or what is no domain
    TOO_MANY = "too_many"  # addresses or domains


class Author(msgspec.Struct, frozen=True):
    """Domains as A-labels in lower case, each once; with a problem there may be any number, up to DOMAINS_MAX."""

    domains: tuple[str, ...] = ()
    problem: Problem | None = None

    @property
    def domain(self) -> str:
        """The one that DMARC asks about; "" where there is no such."""
        return self.domains[0] if self.problem is None and self.domains else ""


def author_of(fields: Sequence[Sequence[bytes] | None]) -> Author:
    """Of all From fields, the domains of their addresses as they stand there; None: more than anybody looks at."""
    raw_domains = dict.fromkeys(raw.lower() for field in fields for raw in field or ())
    is_too_much = len(raw_domains) > DOMAINS_MAX or any(field is None for field in fields)
    read = [_domain(raw) for raw in list(raw_domains)[:DOMAINS_MAX]]
    domains = tuple(dict.fromkeys(domain for domain in read if domain))
    return Author(domains, _problem(fields, read, domains, is_too_much=is_too_much))


def _problem(
    fields: Sequence[Sequence[bytes] | None], read: Sequence[str], domains: Sequence[str], *, is_too_much: bool
) -> Problem | None:
    if not fields:
        return Problem.NO_FROM
    if len(fields) > 1:
        return Problem.SEVERAL_FROM
    if is_too_much:
        return Problem.TOO_MANY
    if not read:
        return Problem.NO_ADDRESS
    if "" in read:
        return Problem.BAD_DOMAIN
    return Problem.SEVERAL_DOMAINS if len(domains) > 1 else None


def _domain(raw: bytes) -> str:
    """Of ``domain`` or ``domain.``; "" for what is none."""
    try:
        text = raw.decode().removesuffix(".")
        if not text.isascii() and len(text) > U_LABELS_MAX:
            return ""
        domain = Domain.parse(text)
    except (UnicodeDecodeError, AddressError):
        return ""
    return "" if domain.is_literal else domain.name
