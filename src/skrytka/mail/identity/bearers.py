"""Tokens instead of passwords (OAUTHBEARER, XOAUTH2), as logins ask whoever issued them: ``tokens.py`` answers."""

from typing import Protocol

import msgspec

from skrytka.model.address import Address
from skrytka.model.secret import Secret


class Bearer(msgspec.Struct, frozen=True):
    """What a token proves."""

    address: Address  # of the account that granted it
    grant: bytes  # names what it was issued under: a token that comes after it was revoked has another one
    expires_at_ms: int


class Bearers(Protocol):
    """Access tokens of this server. Asked on every login and, after changes of the directory, in open sessions."""

    async def prove(self, token: Secret, right: str) -> Bearer:
        """Whose it is. ``right`` is the service it is to open: imap, smtp, pop3, sieve.

        PermanentError(BAD_CREDENTIALS) for anything that is no token of ours, expired, revoked or not for that service;
        its detail says which, for the event. From memory as a rule.
        """
        ...

    async def is_still_valid(self, bearer: Bearer, right: str) -> bool:
        """Whether a session that began with it may go on, expiry apart: neither grant nor right was revoked."""
        ...

    def challenge(self, right: str) -> dict[str, str]:
        """What a program is told whose token was refused (RFC 7628 3.2.2): ``scope``, ``openid-configuration``."""
        ...
