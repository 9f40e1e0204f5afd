"""The fields of a chain, put together to sets (RFC 8617 4.1, 4.2), before anything is verified."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, TypeVar

import msgspec

from skrytka.protocol.mailauth.dkim.body import BodySpec
from skrytka.protocol.mailauth.dkim.header import Header
from skrytka.protocol.mailauth.dkim.key import Algorithm
from skrytka.protocol.mailauth.dkim.results import DkimError, DkimReason
from skrytka.protocol.mailauth.dkim.signature import (
    FIELD_MAX,
    Claim,
    Signature,
    read_algorithm,
    read_claim,
    read_domain,
    read_name,
    read_names,
    read_time,
    signature_of,
)
from skrytka.protocol.mailauth.dkim.tags import read_base64, read_list, read_tags, required

T = TypeVar("T")
SETS_MAX: Final = 50  # RFC 8617 4.2.1
CHAIN_MAX: Final = 64 * 1024  # octets of all fields together: each seal signs all before it again
AAR: Final = b"arc-authentication-results"
AMS: Final = b"arc-message-signature"
AS: Final = b"arc-seal"
_INSTANCE: Final = re.compile(r"[1-9][0-9]?\Z")
_AAR_INSTANCE: Final = re.compile(rb"[ \t\r\n]*i[ \t]*=[ \t]*([1-9][0-9]?)[ \t\r\n]*;")


class Status(StrEnum):
    """RFC 8617 4.4; "" in a seal is nothing of these."""

    NONE = "none"
    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"


class ChainError(ValueError):
    """The chain is broken; the text is for the trace."""


class Seal(msgspec.Struct, frozen=True):
    """One ARC-Seal (RFC 8617 4.1.3)."""

    field: bytes
    algorithm: Algorithm
    domain: str
    selector: str
    signature: bytes
    status: str  # cv=, as written

    @property
    def key_name(self) -> str:
        """Where the key is (RFC 6376 3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"


class ArcSet(msgspec.Struct, frozen=True):
    """What one sealer has added."""

    results: bytes  # the whole ARC-Authentication-Results field
    claim: Claim  # of its ARC-Message-Signature
    seal: Seal


def read_sets(header: Header) -> tuple[ArcSet, ...]:
    """In the order in which they were added; none: nobody has sealed. ChainError (RFC 8617 5.2, 1 to 3)."""
    found = {name: header.named(name) for name in (AAR, AMS, AS)}
    count = max(len(fields) for fields in found.values())
    if not count:
        return ()
    if count > SETS_MAX:
        raise ChainError("more than fifty sets")
    if sum(len(field) for fields in found.values() for field in fields) > CHAIN_MAX:
        raise ChainError("a chain too long to look at")
    results = _numbered(AAR, [(_results_instance(field), field) for field in found[AAR]], count)
    claims = _numbered(AMS, [_claim(field) for field in found[AMS]], count)
    seals = _numbered(AS, [_seal(field) for field in found[AS]], count)
    sets = tuple(map(ArcSet, results, claims, seals))
    for number, each in enumerate(sets):
        wanted = Status.PASS if number else Status.NONE
        if each.seal.status.lower() != wanted:
            raise ChainError(f"cv= of seal {number + 1} is not {wanted}")
    return sets


def message_signature(claim: Claim) -> Signature:
    """What an ARC-Message-Signature says; ChainError.

    Empty names in h= are passed over, as the suite of the RFC's authors has it; so it may name nothing at all.
    """
    try:
        kept = ":".join(name for name in read_list(required(claim.tags, "h")) if name)
        return signature_of(claim, names=read_names(kept) if kept else ())
    except DkimError as exc:
        raise ChainError(f"message signature: {exc}") from exc


def body_specs(sets: Sequence[ArcSet]) -> frozenset[BodySpec]:
    """What a BodyHasher has to make: only the newest message signature must hold (RFC 8617 5.2, 4)."""
    return frozenset({sets[-1].claim.body}) if sets else frozenset()


def _numbered(name: bytes, found: list[tuple[int, T]], count: int) -> list[T]:
    by_instance = dict(found)
    if len(found) != count or sorted(by_instance) != list(range(1, count + 1)):
        raise ChainError(f"{name.decode()}: instances are not 1 to {count}")
    return [by_instance[number] for number in range(1, count + 1)]


def _results_instance(field: bytes) -> int:
    match = _AAR_INSTANCE.match(field.partition(b":")[2])
    if match is None:
        raise ChainError("results without an instance")
    return int(match[1])


def _instance(tags: dict[str, str]) -> int:
    value = tags.get("i", "")
    if not _INSTANCE.match(value):
        raise ChainError("a field without an instance")
    return int(value)


def _claim(field: bytes) -> tuple[int, Claim]:
    claim = read_claim(field)
    if not isinstance(claim, Claim):
        raise ChainError(f"message signature: {claim.reason}")
    return _instance(claim.tags), claim


def _seal(field: bytes) -> tuple[int, Seal]:
    try:
        if len(field) > FIELD_MAX:
            raise DkimError(DkimReason.TOO_LONG)
        tags = read_tags(field.partition(b":")[2].removesuffix(b"\r\n"))
        if "h" in tags:  # RFC 8617 4.1.3
            raise ChainError("a seal with h=")
        read_time(tags)
        seal = Seal(
            field,
            read_algorithm(required(tags, "a")),
            read_domain(required(tags, "d")),
            read_name(required(tags, "s")),
            read_base64(required(tags, "b")),
            required(tags, "cv"),
        )
    except DkimError as exc:
        raise ChainError(f"seal: {exc}") from exc
    return _instance(tags), seal
