"""What somebody types at the second step of signing in: the code of an app, or a recovery code."""

from skrytka.mail.identity.change import TO_CHANGE, PasswordCare
from skrytka.mail.identity.factors import Factors
from skrytka.mail.identity.proofs import Proofs
from skrytka.mail.identity.types import Login, Peer
from skrytka.model.secret import Secret


class TypedCodes:
    """``types.SecondFactors``."""

    def __init__(self, factors: Factors, proofs: Proofs, care: PasswordCare) -> None:
        self._factors = factors
        self._proofs = proofs
        self._care = care

    async def is_needed(self, login: Login) -> bool:
        """Also where one is demanded and there is none: then a password alone opens nothing but enrolment."""
        return (await self._factors.state(await self._factors.owner(login.account))).has_mfa

    async def must_enrol(self, login: Login) -> bool:
        """Whether there is nothing to be typed yet."""
        return not await self._factors.rows(login.account)

    async def must_change(self, login: Login) -> bool:
        """Whether the password was given by somebody else."""
        return await self._care.must_change(login.account) in TO_CHANGE

    async def check(self, login: Login, code: Secret, peer: Peer) -> None:
        """PermanentError(BAD_CREDENTIALS): it is wrong; TransientError(RATE_LIMITED): too often."""
        owner = await self._factors.owner(login.account)
        text = code.reveal().decode(errors="replace")
        if "".join(text.split()).isdecimal():
            await self._proofs.totp(owner, text, peer)
        else:
            await self._proofs.recovery(owner, code, peer)
