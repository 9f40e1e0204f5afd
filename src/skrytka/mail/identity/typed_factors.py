"""Second factors that can be typed into a page without a script: the code of an app, or a recovery code."""

from typing import Final

from skrytka.mail.identity.factors import Factors
from skrytka.mail.identity.proofs import Proofs
from skrytka.mail.identity.types import Login, Peer
from skrytka.model.secret import Secret

APP_CODE: Final = 6  # digits; a recovery code has letters


class TypedFactors:
    """Of one process."""

    def __init__(self, factors: Factors, proofs: Proofs) -> None:
        self._factors = factors
        self._proofs = proofs

    async def is_needed(self, login: Login) -> bool:
        """Whether the account has a factor, or must have had one by now: then its password alone opens nothing."""
        return (await self._factors.state(await self._factors.owner(login.account))).has_mfa

    async def check(self, login: Login, code: Secret, peer: Peer) -> None:
        """PermanentError(BAD_CREDENTIALS): it is wrong; TransientError(RATE_LIMITED): too often."""
        owner = await self._factors.owner(login.account)
        text = code.reveal().decode("utf-8", "replace").replace(" ", "")
        if len(text) == APP_CODE and text.isascii() and text.isdecimal():
            await self._proofs.totp(owner, text, peer)
        else:
            await self._proofs.recovery(owner, code, peer)
