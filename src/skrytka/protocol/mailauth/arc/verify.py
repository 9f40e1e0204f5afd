"""The check of a chain (RFC 8617 5.2): the newest message signature, then every seal from the newest to the oldest."""

from collections.abc import Mapping, Sequence

import msgspec

from skrytka.model.dns import Answer
from skrytka.protocol.mailauth.arc.fields import ArcSet, ChainError, Seal, Status, message_signature, read_sets
from skrytka.protocol.mailauth.dkim.body import BodyHash, BodySpec
from skrytka.protocol.mailauth.dkim.canonical import Method, canonical_field, without_signature
from skrytka.protocol.mailauth.dkim.header import Header
from skrytka.protocol.mailauth.dkim.key import KeyRecord
from skrytka.protocol.mailauth.dkim.results import DkimError, DkimReason, Result
from skrytka.protocol.mailauth.dkim.signature import Signature
from skrytka.protocol.mailauth.dkim.verify import fitting_keys, verify_read
from skrytka.protocol.mailauth.query import Check, Query


class ChainResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it. ``sealers`` are d= of the seals, the oldest first.

    Of a chain that passes each sealer has signed what those before it have said, and the newest one the message as it
    came to us; its From only where ``is_from_signed``.
    """

    status: Status
    detail: str = ""  # of a failure, for the trace
    sealers: tuple[str, ...] = ()
    is_from_signed: bool = False
    results: tuple[bytes, ...] = ()  # whole ARC-Authentication-Results fields, the oldest first


def verify_chain(
    header: Header, sets: Sequence[ArcSet], bodies: Mapping[BodySpec, BodyHash], now_s: int
) -> Check[ChainResult]:
    """``sets`` as :func:`read_sets` gave them. DNS that does not answer is a failure too (RFC 8617 5.2.1)."""
    if not sets:
        return ChainResult(status=Status.NONE)
    sealers = tuple(each.seal.domain for each in sets)
    try:
        signature = yield from _check_message(header, sets[-1], bodies, now_s)
        yield from _check_seals(sets)
    except ChainError as exc:
        return ChainResult(status=Status.FAIL, detail=str(exc), sealers=sealers)
    return ChainResult(
        status=Status.PASS,
        sealers=sealers,
        is_from_signed=b"from" in signature.names,
        results=tuple(each.results for each in sets),
    )


def chain_of(header: Header) -> tuple[ArcSet, ...] | ChainResult:
    """The sets, or the failure of a chain whose structure is broken."""
    try:
        return read_sets(header)
    except ChainError as exc:
        return ChainResult(status=Status.FAIL, detail=str(exc))


def _check_message(header: Header, newest: ArcSet, bodies: Mapping[BodySpec, BodyHash], now_s: int) -> Check[Signature]:
    signature = message_signature(newest.claim)
    found = yield from verify_read(header, signature, bodies.get(newest.claim.body), now_s)
    if found.result is not Result.PASS:
        raise ChainError(f"message signature: {found.reason}")
    return signature


def _check_seals(sets: Sequence[ArcSet]) -> Check[None]:
    """Each seal signs all sets up to its own, of itself without b= (RFC 8617 5.1.1)."""
    before: list[bytes] = []
    signed: list[bytes] = []
    for each in sets:
        before += [canonical_field(field, Method.RELAXED) for field in (each.results, each.claim.field)]
        own = canonical_field(without_signature(each.seal.field), Method.RELAXED)
        signed.append(b"".join(before) + own[:-2])
        before.append(canonical_field(each.seal.field, Method.RELAXED))
    for number in range(len(sets), 0, -1):
        seal = sets[number - 1].seal
        answer = yield Query(seal.key_name, "TXT")
        if not _is_sealed(seal, answer, signed[number - 1]):
            raise ChainError(f"seal {number} does not hold")


def _is_sealed(seal: Seal, answer: Answer | None, signed: bytes) -> bool:
    def fitting(key: KeyRecord) -> KeyRecord:
        if key.algorithm is not seal.algorithm:
            raise DkimError(DkimReason.KEY_TYPE)
        return key

    try:
        keys = fitting_keys(answer, fitting)
    except DkimError as exc:
        raise ChainError(f"seal of {seal.domain}: {exc}") from exc
    return any(key.verifies(seal.signature, signed) for key in keys)
