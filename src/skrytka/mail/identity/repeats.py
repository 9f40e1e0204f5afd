"""Answers to changes that a program may send twice: kept for an hour, sealed, over restarts too.

A program that lost an answer sends the same again and gets what was said before, a secret in it included: nothing else
would tell it. It is known by its key before it is worked on: what a crash interrupts is not done a second time.
"""

import hmac
from typing import Final

import msgspec

from skrytka.mail.identity.access_deps import AccessPart, mac, open_record, seal
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.commands.repeats import BeginRepeat, EndRepeat

KEPT_S: Final = 3600
_LABEL: Final = b"repeat"
_ASKED: Final = b"repeat/asked"


class Said(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed of an answer."""

    status: int
    body: bytes
    fields: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        return f"Said({self.status})"


class Repeats(AccessPart):
    """Of all accounts. ``name`` is of who asked and the key he sent, ``asked`` all that he asked."""

    async def begin(self, account: AccountId, name: bytes, asked: bytes) -> Said | None:
        """What was said before; None: do it, then :meth:`end`.

        PermanentError: BAD_SYNTAX when the key was used for something else, ALREADY_EXISTS when it is being worked on,
        or was when the server ended. TransientError(RATE_LIMITED): too many are kept.
        """
        keys = await self._keys()
        repeat, digest = mac(keys, _LABEL, name), mac(keys, _ASKED, asked)
        expires_at_ms = self._deps.clock.now_ms() + KEPT_S * 1000
        before = await self._deps.store.submit(
            BeginRepeat(unit=self._unit(), account=account, repeat=repeat, digest=digest, expires_at_ms=expires_at_ms)
        )
        if before is None:
            return None
        if not hmac.compare_digest(before.digest, digest):
            raise PermanentError(Reason.BAD_SYNTAX, "that Idempotency-Key was used for something else")
        if not before.record:
            raise PermanentError(
                Reason.ALREADY_EXISTS, "that is being worked on, or was when the server ended: look what became of it"
            )
        return open_record(keys, _LABEL, _row(account, repeat), before.record, Said)

    async def end(self, account: AccountId, name: bytes, said: Said | None) -> None:
        """What is said to the next one; None: it may be tried again."""
        keys = await self._keys()
        repeat = mac(keys, _LABEL, name)
        record = b"" if said is None else seal(keys, _LABEL, _row(account, repeat), said)
        await self._deps.store.submit(EndRepeat(unit=self._unit(), account=account, repeat=repeat, record=record))


def _row(account: AccountId, repeat: bytes) -> bytes:
    return account.to_bytes(8, "big") + repeat
