"""The MTA-STS policy that we publish for our own domains, and the id of its TXT record (RFC 8461 3)."""

import hashlib
from typing import Final

import msgspec

HOST_PREFIX: Final = "mta-sts."  # RFC 8461 3.3
PATH: Final = "/.well-known/mta-sts.txt"
MODES: Final = ("enforce", "testing", "none")
MAX_AGE_MAX_S: Final = 31_557_600  # RFC 8461 3.2


class PublishedPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What the policy file says; values are checked with the settings."""

    mode: str
    mx: tuple[str, ...]
    max_age_s: int

    def text(self) -> bytes:
        """The file (RFC 8461 3.2): lines end in CRLF; mode "none" needs no MX, but names them all the same."""
        lines = ["version: STSv1", f"mode: {self.mode}", *(f"mx: {host}" for host in self.mx)]
        return "".join(f"{line}\r\n" for line in [*lines, f"max_age: {self.max_age_s}"]).encode("ascii")

    @property
    def id(self) -> str:
        """1 to 32 letters and digits (RFC 8461 3.1), another one exactly when the text is another one."""
        return hashlib.sha256(self.text()).hexdigest()[:32]

    def record(self) -> str:
        """The TXT record at ``_mta-sts.DOMAIN``."""
        return f"v=STSv1; id={self.id};"
