"""One more set on a message that goes on to another server (RFC 8617 5.1): what we have found, and our seal on it.

The message signature covers what our DKIM signatures cover, and every DKIM-Signature of the message, ours too: it is
made last. RSA takes 0.8 ms twice: not on an event loop.
"""

import re
from collections.abc import Sequence
from typing import Final

from skrytka.protocol.mailauth.arc.fields import AAR, AMS, AS, CHAIN_MAX, SETS_MAX, ArcSet, Status
from skrytka.protocol.mailauth.arc.verify import ChainResult, chain_of
from skrytka.protocol.mailauth.dkim.body import BodyHash
from skrytka.protocol.mailauth.dkim.canonical import Method, canonical_field
from skrytka.protocol.mailauth.dkim.header import Header
from skrytka.protocol.mailauth.dkim.results import DkimError, DkimReason
from skrytka.protocol.mailauth.dkim.sign import SigningKey, folded, signed_names, with_signature
from skrytka.protocol.mailauth.dkim.signature import FIELD_MAX, NAMES_MAX
from skrytka.protocol.mailauth.dkim.tags import write_base64

_SIGNATURE: Final = b"dkim-signature"
_INSTANCE: Final = re.compile(rb"[:;][ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*([0-9]{1,3})[ \t\r\n]*(?:;|\Z)")
_HAS_FAILED: Final = re.compile(rb";[ \t\r\n]*cv[ \t\r\n]*=[ \t\r\n]*fail[ \t\r\n]*(?:;|\Z)", re.IGNORECASE)
_NAME: Final = b"Authentication-Results:"


def seal(header: Header, status: Status, results: bytes, body: BodyHash, key: SigningKey, now_s: int) -> bytes:
    """The three fields, to be put before all others; b"" when there is nothing to be added.

    ``header`` has all fields that the message leaves with but for those on top that nobody signs (Received);
    ``status`` is what became of its chain when it came; ``results`` our whole Authentication-Results field; ``body``
    the hash for ``SIGNED_BODY``. Nothing is added to a chain that says itself that it is broken (5.1), has fifty sets
    or is as long as anybody looks at. DkimError(TOO_LONG) if verifiers would not follow the header.
    """
    instance, before = _place(header, status)
    payload = results.partition(b":")[2].strip()
    if not instance or not results.startswith(_NAME) or len(payload) > FIELD_MAX:
        return b""
    heard = b"ARC-Authentication-Results: i=%d; %s\r\n" % (instance, payload)
    signature = _message_signature(header, instance, body, key, now_s)
    earlier = [field for each in before for field in (each.results, each.claim.field, each.seal.field)]
    sealed = _seal(instance, status, [*earlier, heard, signature], key, now_s)
    length = sum(map(len, (*earlier, heard, signature, sealed)))
    return b"" if length > CHAIN_MAX else sealed + signature + heard


def _place(header: Header, status: Status) -> tuple[int, Sequence[ArcSet]]:
    """The instance, and the sets that the seal covers; 0: there is no place."""
    if status is Status.FAIL:
        return _behind_failure(header), ()  # RFC 8617 5.1.2: as if ours were the only one
    chain = chain_of(header)
    if isinstance(chain, ChainResult) or bool(chain) is not (status is Status.PASS):
        return 0, ()  # another one than was looked at
    return (len(chain) + 1 if len(chain) < SETS_MAX else 0), chain


def _behind_failure(header: Header) -> int:
    found = [
        (int(match[1]), field)
        for name in (AS, AMS, AAR)
        for field in header.named(name)
        if (match := _INSTANCE.search(field))
    ]
    newest = max((number for number, _field in found), default=SETS_MAX)
    if newest >= SETS_MAX or any(number == newest and _HAS_FAILED.search(field) for number, field in found):
        return 0
    return newest + 1


def _message_signature(header: Header, instance: int, body: BodyHash, key: SigningKey, now_s: int) -> bytes:
    names = signed_names(header) + (_SIGNATURE,) * len(header.named(_SIGNATURE))
    if len(names) > NAMES_MAX:
        raise DkimError(DkimReason.TOO_LONG)
    words = [
        b"i=%d;" % instance,
        *_owner(key),
        b"c=relaxed/relaxed;",
        b"t=%d;" % now_s,
        b"h=" + names[0],
        *(b":" + name for name in names[1:]),
        b";",
        b"bh=%s;" % write_base64(body.digest),
        b"b=",
    ]
    field = folded(b"ARC-Message-Signature:", words)
    return with_signature(field, key.sign(header.signed_octets(names, Method.RELAXED, field)))


def _seal(instance: int, status: Status, chain: Sequence[bytes], key: SigningKey, now_s: int) -> bytes:
    words = [b"i=%d;" % instance, *_owner(key), b"t=%d;" % now_s, b"cv=%s;" % status.encode(), b"b="]
    field = folded(b"ARC-Seal:", words)
    signed = [canonical_field(each, Method.RELAXED) for each in (*chain, field)]
    return with_signature(field, key.sign(b"".join(signed)[:-2]))


def _owner(key: SigningKey) -> tuple[bytes, ...]:
    return (
        b"a=%s;" % key.algorithm.encode(),
        b"d=%s;" % key.domain.name.encode(),
        b"s=%s;" % key.selector.encode(),
    )
