"""Accounts of people whom a provider of another house knows: found by issuer and subject, made at the first sign-in.

An account that is there already is never opened by an address that a provider names: its owner links it himself, signed
in; or an administrator has said that it waits for that provider.
"""

from typing import Final, NamedTuple

from skrytka.mail.admin.accounts import Accounts
from skrytka.mail.admin.base import AdminDeps, AdminPart, parse_address
from skrytka.mail.admin.group_roles import GroupRoles, tell
from skrytka.mail.identity.access_deps import AccessDeps
from skrytka.mail.identity.openid.links import PROVIDED, LinkInfo, Links
from skrytka.mail.identity.openid.provider import ProviderPerson
from skrytka.mail.identity.outside import may_be_made
from skrytka.mail.identity.roles import Roles
from skrytka.mail.identity.verifier import decode_verifier
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.model.settings import Provider as ProviderSettings
from skrytka.store.commands.directory import PASSWORD
from skrytka.store.rows import AccountStatus
from skrytka.store.sql import directory as sql

AT_SIGN_IN: Final = "outside provider"  # who makes an account at somebody's first sign-in, and follows his groups


class Entered(NamedTuple):
    """Whose account it is, and what a login to it is proven by."""

    address: Address
    proof: bytes


class ProvidedPeople(AdminPart):
    """Part of Admin."""

    def __init__(self, deps: AdminDeps, accounts: Accounts) -> None:
        super().__init__(deps)
        self._accounts = accounts
        access = AccessDeps(store=deps.store, keys=deps.keys, clock=deps.clock, random=deps.random)
        self._roles = Roles(access)
        self._links = Links(access)

    async def enter(self, person: ProviderPerson, settings: ProviderSettings) -> Entered:
        """Whose account it is; made now, where it may be. His roles are those of his groups from now on.

        PermanentError: NO_SUCH_USER where there is none for him, ALREADY_EXISTS where somebody else has his address.
        """
        account = await self._links.owner(person.issuer, person.subject)
        if account is None:
            account = await self._introduced(person, settings)
        row = await self._deps.store.read(sql.account_by_id(account))
        if row is None or row.status is AccountStatus.REMOVED:
            raise PermanentError(Reason.NO_SUCH_USER, f"account {account} is gone")
        if settings.roles and row.status is AccountStatus.ACTIVE and await self._waits_for(account, person.issuer):
            roles = GroupRoles(self._roles, settings.roles, is_case_kept=True)
            tell(self._deps.events, AT_SIGN_IN, row.address, await roles.align(account, person.groups))
        return Entered(Address.parse(row.address), await self._links.proof(person.issuer, person.subject))

    async def link(self, address: Address, person: ProviderPerson) -> None:
        """Its owner, signed in, has shown that he is that person there too. NOT_PERMITTED for another address."""
        if person.address is None or person.address.key != address.key:
            raise PermanentError(Reason.NOT_PERMITTED, "the provider knows him by another address")
        row = await self._account(address.key)
        await self._links.add(row.account, person.issuer, person.subject, is_told=True)
        self._changed(row.address, "account.link", row.address)

    async def expect(self, address: str, provider: str, actor: str, made_by: AccountId | None = None) -> None:
        """An account that waits for whoever the provider first says has that address; mail comes in from now on.

        NO_SUCH_OBJECT: no provider of that name; NOT_PERMITTED: it may not speak for the domain.
        """
        found = next((one for one in self._deps.providers if one.name == provider), None)
        if found is None:
            raise PermanentError(Reason.NO_SUCH_OBJECT, f"the settings name no provider {provider!r}")
        parsed = parse_address(address)
        if parsed.domain.name not in {name.lower() for name in found.domains}:
            raise PermanentError(Reason.NOT_PERMITTED, f"{provider} may not speak for {parsed.domain.name}")
        await self._accounts.add_outside(parsed.key, PROVIDED + found.issuer, actor, made_by)

    async def unlink(self, address: str, issuer: str, actor: str) -> list[LinkInfo]:
        """What is left. NO_SUCH_OBJECT."""
        row = await self._account(address)
        await self._links.remove(row.account, issuer)
        self._changed(actor, "account.unlink", row.address)
        return await self._links.of(row.account, row.address)

    async def links(self, address: str) -> list[LinkInfo]:
        """What opens an account beside its password."""
        row = await self._account(address)
        return await self._links.of(row.account, row.address)

    async def is_provided(self, account: AccountId) -> bool:
        """Whether it has no password here, so that it opens by a provider alone."""
        return (await self._stored(account)).startswith(PROVIDED)

    async def _introduced(self, person: ProviderPerson, settings: ProviderSettings) -> AccountId:
        address = person.address
        if address is None:
            raise PermanentError(Reason.NO_SUCH_USER, "no address that the provider may speak for")
        taken = await self._deps.store.read(sql.address(address.key))
        if taken is not None:
            if taken.account is None or not await self._waits_for(taken.account, person.issuer):
                raise PermanentError(Reason.ALREADY_EXISTS, "his address is somebody's who is not linked with him")
            account = taken.account
        elif not settings.is_just_in_time or not may_be_made(address, self._deps.separator):
            raise PermanentError(Reason.NO_SUCH_USER, "no account is made for him at a sign-in")
        else:
            made = await self._accounts.add_outside(address.key, PROVIDED + person.issuer, AT_SIGN_IN)
            account = AccountId(made.account)
        await self._links.add(account, person.issuer, person.subject, is_told=False)
        return account

    async def _waits_for(self, account: AccountId, issuer: str) -> bool:
        """Whether an administrator, or its first sign-in, has said that it is that provider's."""
        return await self._stored(account) == PROVIDED + issuer

    async def _stored(self, account: AccountId) -> str:
        for row in await self._deps.store.read(sql.credentials(account)):
            if row.kind == PASSWORD:
                return decode_verifier(row.verifier).stored
        return ""
