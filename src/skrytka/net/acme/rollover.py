"""Which key the next certificate has: a new one where nobody is told which to expect, else one that DNS shows already.

A key that TLSA records do not name is never served: mail from those who look would wait (RFC 7671 8.1). What counts is
what a resolver that validates says: a signed answer, or an unsigned one of a zone that is proven to be unsigned. To
another one anybody could say that there is no TLSA, or that the next key is there.
"""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Final

import msgspec

from skrytka.model.dns import Answer, Tlsa
from skrytka.model.errors import PermanentError, TransientError
from skrytka.net.dns.resolver import Resolver

_END_ENTITY: Final = frozenset({1, 3})  # RFC 6698 2.1.1: what names the server's own key or certificate
_WAIT: Final = 2  # times the TTL (RFC 7671 8.1)


class Ground(Enum):
    """Why a key may be taken, or may not."""

    FREE = "no TLSA record names the key of this server"
    SHOWN = "DNS shows the next key long enough"
    WAITING = "DNS shows the next key, but not for two times its TTL yet"
    MISSING = "the TLSA records do not name the next key"
    UNKNOWN = "DNS does not say"
    UNPROVEN = "the resolver does not validate, so nobody vouches for what DNS says of TLSA"


class Sight(msgspec.Struct, frozen=True):
    """What DNS says of the next key now."""

    ground: Ground
    seen_ms: int = 0  # since when it has shown the next key
    ttl_s: int = 0

    @property
    def may_roll(self) -> bool:
        """Whether the next key may be served."""
        return self.ground in (Ground.FREE, Ground.SHOWN)


IsValidating = Callable[[], Awaitable[bool]]


async def look(
    resolver: Resolver, host: str, next_digest: bytes, *, seen_ms: int, now_ms: int, is_validating: IsValidating
) -> Sight:
    """``seen_ms`` is what the last look gave; 0 for none. ``is_validating`` is asked where the answer is not signed."""
    try:
        answer = await resolver.query(f"_25._tcp.{host}", "TLSA")
        is_proven = answer.is_authentic or await is_validating()
    except (TransientError, PermanentError):
        return Sight(Ground.UNKNOWN, seen_ms)
    sight = judge(answer, next_digest, seen_ms=seen_ms, now_ms=now_ms)
    if is_proven:
        return sight
    return Sight(Ground.UNPROVEN if sight.may_roll else sight.ground)  # since when it is there is not known either


def judge(answer: Answer, next_digest: bytes, *, seen_ms: int, now_ms: int) -> Sight:
    """From one answer that somebody vouches for."""
    own = [one for one in answer.records if isinstance(one, Tlsa) and one.usage in _END_ENTITY]
    if not own:
        return Sight(Ground.FREE)
    if not any(one.usage == 3 and (one.selector, one.matching) == (1, 1) and one.data == next_digest for one in own):
        return Sight(Ground.MISSING)
    since_ms = min(seen_ms, now_ms) or now_ms  # a clock that was set back makes nobody wait for ever
    is_long = now_ms - since_ms >= _WAIT * answer.ttl_s * 1000
    return Sight(Ground.SHOWN if is_long else Ground.WAITING, since_ms, answer.ttl_s)
