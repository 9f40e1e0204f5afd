"""Chains as a sealer makes them, for what the suite of the RFC's authors does not have."""

from collections.abc import Sequence

from skrytka.mail.delivery.incoming import rescan
from skrytka.protocol.mailauth.arc.fields import body_specs
from skrytka.protocol.mailauth.arc.verify import ChainResult, chain_of, verify_chain
from skrytka.protocol.mailauth.dkim.body import BodyHasher
from skrytka.protocol.mailauth.dkim.canonical import Method, canonical_field
from skrytka.protocol.mailauth.dkim.header import Header
from skrytka.protocol.mailauth.dkim.tags import write_base64
from skrytka.protocol.mailauth.query import run_with
from tests.support.dkim import MESSAGE, NOW_S, body_hash, ed25519_key, own_records

_OWNER = "a=ed25519-sha256; d=example.org; s=e1"


def seal(
    message: bytes = MESSAGE,
    instance: int = 1,
    *,
    cv: str | None = None,
    names: str = "from:subject",
    tags: str = "",
    seal_tags: str = "",
    said: str = "dmarc=pass",
) -> bytes:
    """The message with one more set on top of it."""
    scan = rescan(message)
    results = f"ARC-Authentication-Results: i={instance}; lists.example.org; {said}\r\n".encode()
    digest = write_base64(body_hash(message[len(scan.raw) :]).digest).decode()
    unsigned = (
        f"ARC-Message-Signature: i={instance}; {_OWNER}; c=relaxed/relaxed; h={names}; bh={digest};{tags} b="
    ).encode()
    key = ed25519_key()
    octets = Header(scan.fields).signed_octets([name.encode() for name in names.split(":")], Method.RELAXED, unsigned)
    signature = unsigned + write_base64(key.sign(octets)) + b"\r\n"
    status = cv if cv is not None else "pass" if instance > 1 else "none"
    own = f"ARC-Seal: i={instance}; {_OWNER}; cv={status};{seal_tags} b=".encode()
    chain = [*_earlier(scan.fields), results, signature]
    signed = b"".join(canonical_field(field, Method.RELAXED) for field in chain)
    sealed = own + write_base64(key.sign(signed + canonical_field(own, Method.RELAXED)[:-2])) + b"\r\n"
    return sealed + signature + results + message


def _earlier(fields: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """Fields of the sets below: they stand newest first, and as seal, signature, results."""
    found = [field for name, field in fields if name.startswith(b"arc-")]
    return found[::-1]


def validate(message: bytes) -> ChainResult:
    """The chain of a whole message."""
    scan = rescan(message)
    header = Header(scan.fields)
    sets = chain_of(header)
    if isinstance(sets, ChainResult):
        return sets
    hasher = BodyHasher(body_specs(sets))
    hasher.feed(message[len(scan.raw) :])
    return run_with(verify_chain(header, sets, hasher.finish(), NOW_S), own_records())
