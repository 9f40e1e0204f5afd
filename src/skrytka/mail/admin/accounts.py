"""Accounts: made, given passwords, suspended, removed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from skrytka.mail.admin.base import AdminPart, parse_address, parse_domain
from skrytka.mail.admin.domains import Domains
from skrytka.mail.admin.factors import AccountFactors
from skrytka.mail.admin.types import AccountInfo, Removed
from skrytka.mail.delivery.resolve import ROLES
from skrytka.mail.identity.change import given
from skrytka.mail.identity.factors import owner_of
from skrytka.mail.identity.policy import PasswordRefusedError
from skrytka.mail.identity.verifier import Verifier, decode_verifier
from skrytka.mail.mailbox.names import name_mac, seal_name
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import ScheduledMailHeld
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.store.commands.directory import (
    PASSWORD,
    AddAccount,
    RemoveAccount,
    ReserveAccount,
    ResumeAccount,
    SetQuota,
    SuspendAccount,
)
from skrytka.store.commands.languages import SetAccountLanguage
from skrytka.store.commands.shared import NewFolder
from skrytka.store.rows import AccountRow, AccountStatus, AddressRow, Role
from skrytka.store.sql import directory as sql
from skrytka.store.sql import languages
from skrytka.store.sql.outbound import REMOVED, SUSPENDED

FOLDERS: Final = (
    (Role.INBOX, "INBOX"),
    (Role.SENT, "Sent"),
    (Role.DRAFTS, "Drafts"),
    (Role.TRASH, "Trash"),
    (Role.JUNK, "Junk"),
    (Role.ARCHIVE, "Archive"),
)
SLICE: Final = 200  # rows of a list between two turns of the loop: half a millisecond
NO_VERIFIER: Final = Verifier("")
ADMIN_SERVICES: Final = ("web",)  # an administrator's password is typed into a browser, nowhere else


class Accounts(AdminPart):
    """Part of Admin."""

    async def add(  # noqa: PLR0913 - what an account begins with
        self,
        address: str,
        password: Secret,
        actor: str,
        *,
        quota_bytes: int | None = None,
        is_admin: bool = False,
        services: Sequence[str] | None = None,
        must_change: str = "",
        made_by: AccountId | None = None,
    ) -> AccountInfo:
        """Its key is made, durably, before anything is sealed under it.

        An admin answers for the domain's roles, and his password works on the web only unless ``services`` (where a
        password may be used, empty for everywhere) says otherwise. ``must_change``: as in ``mail.identity.change``, of
        a password that somebody else has chosen; WEAK_PASSWORD for one that everybody tries.
        """
        await self._check(address, password, must_change)
        usable = (ADMIN_SERVICES if is_admin else ()) if services is None else tuple(services)

        async def verifier(account: AccountId) -> Verifier:
            stored = await self._deps.passwords.hash(account, password)
            return given(stored, usable, must_change, self._deps.clock.now_ms())

        return await self._made(address, actor, verifier, quota_bytes, is_admin=is_admin, made_by=made_by)

    async def add_outside(self, address: str, stored: str, actor: str, made_by: AccountId | None = None) -> AccountInfo:
        """As :meth:`add`, of somebody whose password is checked elsewhere: ``stored`` says where."""

        async def verifier(_account: AccountId) -> Verifier:
            return Verifier(stored)

        return await self._made(address, actor, verifier, made_by=made_by)

    async def _made(
        self,
        address: str,
        actor: str,
        verifier: Callable[[AccountId], Awaitable[Verifier]],
        quota_bytes: int | None = None,
        *,
        is_admin: bool = False,
        made_by: AccountId | None = None,
    ) -> AccountInfo:
        deps = self._deps
        parsed = parse_address(address)
        domain = parsed.domain.name
        await self._hosted(domain)
        if await deps.store.read(sql.address(parsed.key)) is not None:
            raise PermanentError(Reason.ALREADY_EXISTS, f"{parsed.key} is there already")
        account = await deps.store.submit(ReserveAccount(unit=self._unit()))
        made = (await verifier(account)).encode()
        await deps.keys.create_account(account)
        await deps.store.submit(
            AddAccount(
                unit=self._unit(),
                account=account,
                address=parsed.key,
                domain=domain,
                folders=await self._folders(account),
                quota_bytes=deps.quota_bytes if quota_bytes is None else quota_bytes,
                verifier=made,
                is_admin=is_admin,
                made_by=made_by,
            )
        )
        self._changed(actor, "account.add", parsed.key)
        if is_admin:
            await Domains(deps).answer_for(domain, parsed.key, actor)
        return await self._info(await self._account(parsed.key))

    async def list(self, domain: str | None = None) -> list[AccountInfo]:
        """By address; of one domain or of all."""
        wanted = parse_domain(domain).name if domain else None
        if wanted is not None:
            await self._hosted(wanted)
        rows = await self._deps.store.read(sql.accounts())
        verifiers = await self._deps.store.read(sql.verifiers(PASSWORD))
        spoken = await self._deps.store.read(languages.accounts())
        found: list[AccountInfo] = []
        for number, row in enumerate(rows, 1):
            if wanted in (None, row.address.rpartition("@")[2]):
                raw = verifiers.get(row.account)
                verifier = decode_verifier(raw) if raw is not None else NO_VERIFIER
                found.append(_info(row, verifier, spoken.get(row.account, "")))
            if number % SLICE == 0:
                await asyncio.sleep(0)
        return found

    async def show(self, address: str) -> AccountInfo:
        """One; NO_SUCH_USER."""
        return await self._info(await self._account(address))

    async def address_of(self, account: AccountId) -> Address:
        """The own address of an account; PermanentError(NO_SUCH_USER) for one that is gone."""
        row = await self._deps.store.read(sql.account_by_id(account))
        if row is None or row.status is AccountStatus.REMOVED:
            raise PermanentError(Reason.NO_SUCH_USER, f"there is no account {account}")
        return parse_address(row.address)

    async def set_password(self, address: str, password: Secret, actor: str, must_change: str = "") -> AccountInfo:
        """Where the password may be used stays as it was; logins remembered anywhere end with it.

        ``must_change``: as in ``mail.identity.change``, of a password that somebody else has chosen.
        """
        row = await self._account(address)
        await self._check(address, password, must_change)
        care, owner = AccountFactors(self._deps).care, owner_of(row)
        if must_change and self._deps.policy is not None:
            was = await care.stored(row.account)
            if await care.was_used(owner, password, was):
                raise PermanentError(Reason.WEAK_PASSWORD, "that password was used for the account before")
        await care.give(owner, password, must_change)
        self._changed(actor, "account.password", row.address)
        return await self._info(row)

    async def _check(self, address: str, password: Secret, must_change: str) -> None:
        """A password that is given opens mail until it is changed, so what everybody tries first is none.

        PermanentError(WEAK_PASSWORD). Its length is that of an account with a second factor: it is not meant to stay.
        """
        if not must_change or self._deps.policy is None:
            return
        try:
            await self._deps.policy.check(password, parse_address(address), has_mfa=True)
        except PasswordRefusedError as exc:
            said = f"that password will not do ({exc.detail}): {exc.minimum} characters at least; or let one be made up"
            raise PermanentError(Reason.WEAK_PASSWORD, said) from None

    async def set_quota(self, address: str, quota_bytes: int, actor: str) -> AccountInfo:
        """0 lifts the limit."""
        row = await self._account(address)
        await self._deps.store.submit(SetQuota(unit=self._unit(), account=row.account, quota_bytes=quota_bytes))
        self._changed(actor, "account.quota", row.address)
        return await self._info(await self._account(address))

    async def set_language(self, address: str, language: str, actor: str) -> AccountInfo:
        """In which its owner is written to; "" for that of its domain."""
        row = await self._account(address)
        await self._deps.store.submit(SetAccountLanguage(unit=self._unit(), account=row.account, language=language))
        self._changed(actor, "account.language", row.address)
        return await self._info(row)

    async def suspend(self, address: str, actor: str) -> AccountInfo:
        """No login, no mail in; what is there stays, and what it has scheduled waits until it is resumed.

        NOT_PERMITTED for the last active administrator.
        """
        row = await self._account(address)
        count = await self._deps.store.submit(SuspendAccount(unit=self._unit(), account=row.account))
        self._changed(actor, "account.suspend", row.address)
        self._held(actor, row, SUSPENDED, count)
        return await self._info(await self._account(address))

    async def resume(self, address: str, actor: str) -> AccountInfo:
        """End a suspension."""
        row = await self._account(address)
        count = await self._deps.store.submit(ResumeAccount(unit=self._unit(), account=row.account))
        self._changed(actor, "account.resume", row.address)
        self._held(actor, row, "", count)
        return await self._info(await self._account(address))

    async def remove(self, address: str, actor: str) -> Removed:
        """NOT_PERMITTED for the last active administrator and for the only one that answers for a domain.

        Its mail stays sealed until erasure, and what it has scheduled is held for an administrator.
        """
        row = await self._account(address)
        leading = [alias for alias in await self._deps.store.read(sql.aliases()) if row.address in alias.targets]
        if roles := [alias.key for alias in leading if _is_sole_role(alias)]:
            detail = f"{row.address} answers for {', '.join(roles)}: give these another target with `skrytka alias set`"
            raise PermanentError(Reason.NOT_PERMITTED, detail)
        count = await self._deps.store.submit(RemoveAccount(unit=self._unit(), account=row.account))
        self._changed(actor, "account.remove", row.address)
        self._held(actor, row, REMOVED, count)
        return Removed(address=row.address, dangling_aliases=tuple(alias.key for alias in leading))

    def _held(self, actor: str, row: AccountRow, reason: str, count: int) -> None:
        if count:
            self._deps.events.emit(
                ScheduledMailHeld(
                    actor=actor, account=row.account, account_name=row.address, reason=reason, count=count
                )
            )

    async def _folders(self, account: AccountId) -> tuple[NewFolder, ...]:
        keys = await self._deps.keys.account(account)
        return tuple(NewFolder(role, name_mac(keys, name), seal_name(keys, name)) for role, name in FOLDERS)

    async def _verifier(self, account: AccountId) -> Verifier:
        for row in await self._deps.store.read(sql.credentials(account)):
            if row.kind == PASSWORD:
                return decode_verifier(row.verifier)
        return NO_VERIFIER

    async def _info(self, row: AccountRow) -> AccountInfo:
        return _info(row, await self._verifier(row.account), await self._deps.store.read(languages.own(row.account)))


def _info(row: AccountRow, verifier: Verifier, language: str) -> AccountInfo:
    return AccountInfo(
        account=row.account,
        address=row.address,
        status=row.status.value,
        quota_bytes=row.quota_bytes,
        used_bytes=row.used_bytes,
        messages=row.messages,
        created_at_ms=row.created_at_ms,
        services=verifier.services,
        is_admin=row.is_admin,
        must_change=verifier.must_change,
        language=language,
    )


def _is_sole_role(alias: AddressRow) -> bool:
    return len(alias.targets) == 1 and alias.key.rpartition("@")[0] in ROLES
