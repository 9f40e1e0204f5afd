"""What the public role works with; made by the composition root."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from skrytka.model.clock import Clock
from skrytka.model.settings import SecurityTxt
from skrytka.protocol.tlspolicy.published import PublishedPolicy


class Challenges(Protocol):
    """What an authority that is asked for a certificate wants to find here."""

    def http(self, token: str) -> bytes | None:
        """The key authorization of a token (RFC 8555 8.3); None when nobody waits for it."""
        ...

    def alpn(self, name: str) -> ssl.SSLContext | None:
        """What is shown to who wants to validate a name by TLS (RFC 8737 3); None when nobody waits for it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicDeps:
    """Of all sessions; a reload makes another one."""

    hostname: str
    is_hosted: Callable[[str], Awaitable[bool]]  # a domain in lower case that mail is taken for
    challenges: Challenges
    policy: PublishedPolicy | None
    security_txt: SecurityTxt
    is_redirecting: bool  # there is a port 443
    clock: Clock
