"""What a signature field says (RFC 6376 3.5, 6.1.1), read in two steps.

A :class:`Claim` is cheap and says which body hash is wanted; the rest is read when the check comes to it, for names
with U-labels take their time. ARC's AMS is the same but for v= and i= (RFC 8617 4.1.2): ``signature_of``.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import msgspec

from skrytka.model.address import DOMAIN_MAX, AddressError, Domain
from skrytka.protocol.mailauth.dkim.body import BodySpec
from skrytka.protocol.mailauth.dkim.canonical import Method
from skrytka.protocol.mailauth.dkim.header import Header
from skrytka.protocol.mailauth.dkim.key import Algorithm
from skrytka.protocol.mailauth.dkim.results import RESULTS, DkimError, DkimReason, SignatureResult
from skrytka.protocol.mailauth.dkim.tags import Tags, read_base64, read_list, read_tags, required, without_space

SIGNATURES_MAX: Final = 10
FIELD_MAX: Final = 16 * 1024  # octets; z= may hold a whole header
NAMES_MAX: Final = 256  # of h=
LOCAL_PART_MAX: Final = 254  # characters, of i=: no path has more (RFC 5321 4.5.3.1.3)
U_LABELS_MAX: Final = 100  # characters of a name that is not ASCII: IDNA takes 2 µs for each

_NUMBER = re.compile(r"[0-9]{1,12}\Z")  # RFC 6376 3.5, t= and x=
_LENGTH = re.compile(r"[0-9]{1,76}\Z")  # the same, l=
_NAMES = re.compile(r"[!-9<-~]+(?:[ \t]*:[ \t]*[!-9<-~]+)*\Z")
_HEX = re.compile(rb"=([0-9A-F]{2})")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\Z")
_PLAIN_WORD = re.compile(r"[A-Za-z0-9-]{1,32}\Z")


class Claim(msgspec.Struct, frozen=True):
    """A signature field that is a tag list; ``field`` is the very object that the header holds."""

    field: bytes
    tags: Tags
    method: Method  # of the header
    body: BodySpec


class Signature(msgspec.Struct, frozen=True):
    field: bytes
    body: BodySpec
    method: Method  # of the header
    algorithm: Algorithm
    domain: str
    selector: str
    names: tuple[bytes, ...]  # h=, lower case
    body_hash: bytes
    signature: bytes
    signed_at_s: int | None
    expires_at_s: int | None
    identity: str = ""
    is_domain_itself: bool = True  # i= names d=, no subdomain

    @property
    def key_name(self) -> str:
        """Where the key is (RFC 6376 3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"


def read_claims(header: Header) -> tuple[Claim | SignatureResult, ...]:
    """From the top, ten at most, then one TOO_MANY for all others; what can be no signature has its result at once."""
    fields = header.named(b"dkim-signature")
    claims = [read_claim(field) for field in fields[:SIGNATURES_MAX]]
    if len(fields) > SIGNATURES_MAX:
        claims.append(refusal(DkimReason.TOO_MANY))
    return tuple(claims)


def read_claim(field: bytes) -> Claim | SignatureResult:
    tags: Tags = {}
    try:
        if len(field) > FIELD_MAX:
            raise DkimError(DkimReason.TOO_LONG)
        tags = read_tags(field.partition(b":")[2].removesuffix(b"\r\n"))
        method, body_method = _methods(tags)
        body = BodySpec(body_method, _number(tags, "l", _LENGTH))
    except DkimError as exc:
        return refusal(exc.reason, tags)
    return Claim(field, tags, method, body)


def body_specs(claims: Iterable[Claim | SignatureResult]) -> frozenset[BodySpec]:
    """What a BodyHasher has to make for them."""
    return frozenset(claim.body for claim in claims if isinstance(claim, Claim))


def refusal(reason: DkimReason, tags: Tags | None = None) -> SignatureResult:
    """Of a signature that cannot be read, with as much of it as is plain."""
    tags = tags or {}
    return SignatureResult(
        RESULTS[reason],
        reason,
        domain=_plain(tags, "d", _PLAIN_NAME),
        selector=_plain(tags, "s", _PLAIN_NAME),
        algorithm=_plain(tags, "a", _PLAIN_WORD),
    )


def read_signature(claim: Claim) -> Signature:
    """DkimError if the field breaks a rule of RFC 6376 6.1.1."""
    tags = claim.tags
    if required(tags, "v") != "1":
        raise DkimError(DkimReason.VERSION)
    domain = identity_domain = read_domain(required(tags, "d"))
    local = ""
    if "i" in tags:
        local, identity_domain = _identity(tags["i"])
        if identity_domain != domain and not identity_domain.endswith(f".{domain}"):
            raise DkimError(DkimReason.DOMAIN_MISMATCH)
    found = signature_of(claim, f"{local}@{identity_domain}", is_domain_itself=identity_domain == domain)
    if b"from" not in found.names:
        raise DkimError(DkimReason.FROM_NOT_SIGNED)
    return found


def signature_of(
    claim: Claim, identity: str = "", *, is_domain_itself: bool = True, names: tuple[bytes, ...] | None = None
) -> Signature:
    """All that DKIM-Signature and ARC-Message-Signature have in common; ``names`` is h= where its form is another."""
    tags = claim.tags
    algorithm = read_algorithm(required(tags, "a"))
    if "dns/txt" not in read_list(tags.get("q", "dns/txt")):
        raise DkimError(DkimReason.QUERY_METHOD)
    found = Signature(
        claim.field,
        claim.body,
        claim.method,
        algorithm,
        domain=read_domain(required(tags, "d")),
        selector=read_name(required(tags, "s")),
        names=read_names(required(tags, "h")) if names is None else names,
        body_hash=read_base64(required(tags, "bh")),
        signature=read_base64(required(tags, "b")),
        signed_at_s=read_time(tags),
        expires_at_s=_number(tags, "x", _NUMBER),
        identity=identity,
        is_domain_itself=is_domain_itself,
    )
    _check(found)
    return found


def _check(found: Signature) -> None:
    if len(found.key_name) > DOMAIN_MAX or len(found.body_hash) != 32 or not found.signature:
        raise DkimError(DkimReason.SYNTAX)
    expires = found.expires_at_s
    if expires is not None and expires <= (found.signed_at_s or 0):  # RFC 6376 3.5, x=
        raise DkimError(DkimReason.SYNTAX)


def _methods(tags: Tags) -> tuple[Method, Method]:
    """c=: of the header, of the body."""
    header, _, body = tags.get("c", "simple/simple").lower().partition("/")
    try:
        return Method(header), Method(body or "simple")
    except ValueError as exc:
        raise DkimError(DkimReason.CANONICALIZATION) from exc


def read_algorithm(value: str) -> Algorithm:
    """DkimError(ALGORITHM), or SHA1."""
    try:
        return Algorithm(value.lower())
    except ValueError as exc:
        is_sha1 = value.lower() == "rsa-sha1"  # RFC 8301 3.1
        raise DkimError(DkimReason.SHA1 if is_sha1 else DkimReason.ALGORITHM) from exc


def read_domain(value: str) -> str:
    """RFC 6376 3.5, d=: two labels at least."""
    name = read_name(value)
    if "." not in name:
        raise DkimError(DkimReason.SYNTAX)
    return name


def read_name(value: str) -> str:
    """As A-labels, as DNS has them (RFC 8616 5)."""
    if len(value) > (DOMAIN_MAX if value.isascii() else U_LABELS_MAX) or value.startswith("["):
        raise DkimError(DkimReason.SYNTAX)
    try:
        return Domain.parse(value).name
    except AddressError as exc:
        raise DkimError(DkimReason.SYNTAX) from exc


@lru_cache(maxsize=256)  # a signer has one list for all its mail
def read_names(value: str) -> tuple[bytes, ...]:
    if not _NAMES.match(value):
        raise DkimError(DkimReason.SYNTAX)
    names = tuple(name.encode() for name in read_list(value))
    if len(names) > NAMES_MAX:
        raise DkimError(DkimReason.TOO_LONG)
    return names


def _identity(value: str) -> tuple[str, str]:
    """I= in dkim-quoted-printable (RFC 6376 2.11): its local part, which may be empty, and its domain."""
    octets = _HEX.sub(lambda match: bytes.fromhex(match[1].decode()), without_space(value).encode())
    try:
        local, at, domain = octets.decode().rpartition("@")
    except UnicodeDecodeError as exc:
        raise DkimError(DkimReason.SYNTAX) from exc
    if not at or not local.isprintable():
        raise DkimError(DkimReason.SYNTAX)
    if len(local) > LOCAL_PART_MAX:
        raise DkimError(DkimReason.TOO_LONG)
    return local, read_domain(domain)


def read_time(tags: Tags) -> int | None:
    """t=; DkimError(SYNTAX)."""
    return _number(tags, "t", _NUMBER)


def _number(tags: Tags, name: str, pattern: re.Pattern[str]) -> int | None:
    value = tags.get(name)
    if value is None:
        return None
    if not pattern.match(value):
        raise DkimError(DkimReason.SYNTAX)
    return int(value)


def _plain(tags: Tags, name: str, pattern: re.Pattern[str]) -> str:
    value = tags.get(name, "")
    return value.lower() if len(value) <= DOMAIN_MAX and pattern.match(value) else ""
