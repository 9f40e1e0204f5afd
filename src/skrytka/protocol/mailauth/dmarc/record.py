"""DMARC policy records. What is wrong in one is left out, as RFC 9989 4.8 demands; nothing raises."""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final, Literal, cast
from urllib.parse import unquote

import msgspec

KEPT_MAX: Final = 1024  # characters of a record that is remembered
URIS_MAX: Final = 10  # of one tag: reports go to no more
_VERSION: Final = re.compile(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_TAG: Final = re.compile(r"[ \t]*([A-Za-z]+)[ \t]*=[ \t]*([\x20-\x3a\x3c-\x7e]*?)[ \t]*\Z")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s,!]+\Z")
_OLD_SIZE: Final = re.compile(r"![0-9]+[kmgt]?\Z", re.IGNORECASE)  # RFC 9989 4.8: obs-dmarc-report-size is ignored
_MAILTO: Final = "mailto:"


class Policy(StrEnum):
    """What an owner asks; the order is that of severity."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"

    @property
    def weaker(self) -> "Policy":
        """What t=y makes of it (RFC 9989 4.7)."""
        return Policy.QUARANTINE if self is Policy.REJECT else Policy.NONE


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One record with the defaults filled in.

    ``is_applicable`` is False where RFC 9989 4.10.1 has no processing: no valid ``p``, or a broken ``sp`` or ``np``,
    and nobody to report to. Such a record still counts in the tree walk.
    """

    policy: Policy = Policy.NONE
    subdomains: Policy | None = None  # sp
    nonexistent: Policy | None = None  # np
    is_dkim_strict: bool = False
    is_spf_strict: bool = False
    psd: Literal["y", "n", "u"] = "u"
    is_testing: bool = False
    aggregate_to: tuple[str, ...] = ()  # rua: addresses of mailto URIs, not yet parsed
    failure_to: tuple[str, ...] = ()  # ruf
    failure_options: frozenset[str] = frozenset("0")
    is_applicable: bool = True

    def for_subdomain(self, *, exists: bool) -> Policy:
        """What is asked of mail from below the domain of the record (RFC 9989 4.10.1)."""
        below = self.policy if self.subdomains is None else self.subdomains
        return below if exists or self.nonexistent is None else self.nonexistent


def is_record(text: str) -> bool:
    """Whether it begins as one: only then it counts at all."""
    return _VERSION.match(text) is not None


def parse(text: str) -> Record | None:
    """None for what is no DMARC record. Of a tag that comes twice the first counts; unknown tags are ignored."""
    if not is_record(text):
        return None
    return _parse(text) if len(text) > KEPT_MAX else _kept(text)


@lru_cache(maxsize=1024)  # the same few domains send most mail
def _kept(text: str) -> Record:
    return _parse(text)


def _parse(text: str) -> Record:
    tags: dict[str, str] = {}
    for part in text.split(";")[1:]:
        if match := _TAG.match(part):
            tags.setdefault(match[1].lower(), match[2])
    uris = _uris(tags.get("rua", ""))
    policies = {name: _policy(tags.get(name)) for name in ("p", "sp", "np")}
    is_whole = policies["p"] is not None and all(policies[name] is not None for name in ("sp", "np") if name in tags)
    return Record(
        policy=(policies["p"] or Policy.NONE) if is_whole else Policy.NONE,
        subdomains=policies["sp"] if is_whole else None,
        nonexistent=policies["np"] if is_whole else None,
        is_dkim_strict=_flag(tags, "adkim", "s"),
        is_spf_strict=_flag(tags, "aspf", "s"),
        psd=_psd(tags),
        is_testing=_flag(tags, "t", "y"),
        aggregate_to=_addresses(uris),
        failure_to=_addresses(_uris(tags.get("ruf", ""))),
        failure_options=_options(tags.get("fo", "0")),
        is_applicable=is_whole or bool(uris),
    )


def _policy(value: str | None) -> Policy | None:
    try:
        return None if value is None else Policy(value.lower())
    except ValueError:
        return None


def _flag(tags: Mapping[str, str], name: str, value: str) -> bool:
    return tags.get(name, "").lower() == value


def _psd(tags: Mapping[str, str]) -> Literal["y", "n", "u"]:
    value = tags.get("psd", "u").lower()
    return cast("Literal['y', 'n', 'u']", value) if value in {"y", "n"} else "u"


def _options(value: str) -> frozenset[str]:
    """RFC 9989 4.7, fo; "0" and "1" exclude each other."""
    found = frozenset(each.strip().lower() for each in value.split(":"))
    return frozenset("0") if not found <= {"0", "1", "d", "s"} or {"0", "1"} <= found else found


def _uris(value: str) -> tuple[str, ...]:
    uris = (_OLD_SIZE.sub("", each.strip()) for each in value.split(","))
    return tuple(uri for uri in uris if _URI.match(uri))[:URIS_MAX]


def _addresses(uris: tuple[str, ...]) -> tuple[str, ...]:
    """Other schemes are ignored (RFC 9989 4.7); a query part of a mailto URI too (RFC 6068 2)."""
    mail = (uri[len(_MAILTO) :] for uri in uris if uri[: len(_MAILTO)].lower() == _MAILTO)
    return tuple(unquote(uri.partition("?")[0]) for uri in mail)
