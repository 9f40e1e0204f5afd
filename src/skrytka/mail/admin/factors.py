"""Second factors and passwords of an account, as an administrator deals with them: he never holds one of them."""

from skrytka.mail.admin.base import AdminDeps, AdminPart
from skrytka.mail.admin.types import CodeMade
from skrytka.mail.identity.change import RESET_CODE_MS, ChangeDeps, PasswordCare
from skrytka.mail.identity.factors import ENROL_CODE_MS, FactorDeps, Factors, FactorState, Owner, owner_of
from skrytka.model.secret import Secret


class AccountFactors(AdminPart):
    """Part of Admin."""

    def __init__(self, deps: AdminDeps) -> None:
        super().__init__(deps)
        self._factors = Factors(
            FactorDeps(
                store=deps.store,
                keys=deps.keys,
                events=deps.events,
                clock=deps.clock,
                random=deps.random,
                is_demo=deps.is_demo,
            )
        )
        self.care = PasswordCare(
            ChangeDeps(
                store=deps.store,
                keys=deps.keys,
                passwords=deps.passwords,
                events=deps.events,
                clock=deps.clock,
                random=deps.random,
            )
        )

    async def show(self, address: str) -> FactorState:
        """What it has and what it must have."""
        return await self._factors.state(owner_of(await self._account(address)))

    async def reset(self, address: str, actor: str) -> CodeMade:
        """All of its factors are gone; one stays demanded, and the code lets its owner enrol it."""
        owner = owner_of(await self._account(address))
        return self._made(owner, await self._factors.reset(owner, actor), ENROL_CODE_MS)

    async def reset_password(self, address: str, actor: str) -> CodeMade:
        """The code lets its owner set a password that nobody else knows; the old one goes on until then."""
        owner = owner_of(await self._account(address))
        return self._made(owner, await self.care.reset(owner, actor), RESET_CODE_MS)

    async def distrust(self, address: str, actor: str) -> CodeMade:
        """Its password is known to somebody else: it opens nothing any more. The code is that of a reset."""
        owner = owner_of(await self._account(address))
        return self._made(owner, await self.care.distrust(owner, actor), RESET_CODE_MS)

    def _made(self, owner: Owner, code: Secret, lives_ms: int) -> CodeMade:
        return CodeMade(
            address=owner.address.key,
            code=code.reveal().decode(),
            expires_at_ms=self._deps.clock.now_ms() + lives_ms,
        )
