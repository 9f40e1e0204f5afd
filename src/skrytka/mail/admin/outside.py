"""Accounts of people whom an outside directory knows: made at their first login, and brought into line by a sync."""

import contextlib
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from skrytka.mail.admin.accounts import Accounts
from skrytka.mail.admin.base import AdminDeps, AdminPart
from skrytka.mail.identity.access_deps import AccessDeps
from skrytka.mail.identity.outside import OUTSIDE, Outside, OutsidePerson
from skrytka.mail.identity.roles import Roles
from skrytka.mail.identity.verifier import decode_verifier
from skrytka.model.actor import LOCAL_ROOT, AccessRole, Grant
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import DirectoryChanged
from skrytka.model.ids import AccountId
from skrytka.store.commands.directory import PASSWORD, SetPassword
from skrytka.store.rows import AccountRow, AccountStatus
from skrytka.store.sql import directory as sql

AT_LOGIN: Final = "outside directory"  # who makes an account at somebody's first login


class SyncChange(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a sync did, or would do."""

    address: str
    change: (
        str  # add, suspend, rename (another DN), role.give, role.take; left: has a password here; suspended: by hand
    )
    detail: str = ""


class OutsidePeople(AdminPart):
    """Part of Admin."""

    def __init__(self, deps: AdminDeps, accounts: Accounts) -> None:
        super().__init__(deps)
        self._accounts = accounts
        self._roles = Roles(AccessDeps(store=deps.store, keys=deps.keys, clock=deps.clock, random=deps.random))

    async def provision(self, person: OutsidePerson) -> None:
        """The account of somebody who has just proven who he is; nothing when another front was first."""
        with contextlib.suppress(PermanentError):
            await self._add(person, AT_LOGIN)

    async def sync(self, actor: str, *, is_dry: bool) -> Sequence[SyncChange]:
        """Accounts as the directory has them; what it knows no more is suspended, never removed.

        NOT_PERMITTED when it has nobody at all: that is a wrong setting sooner than an empty company.
        """
        outside = self._outside()
        people = {person.address.key: person for person in await outside.everybody()}
        if not people:
            raise PermanentError(
                Reason.NOT_PERMITTED, "the directory has nobody: look at directory.sync_filter and base"
            )
        rows = {row.address: row for row in await self._deps.store.read(sql.accounts())}
        changes: list[SyncChange] = []
        for key, person in people.items():
            row = rows.get(key)
            changes += await (
                self._new(person, actor, is_dry) if row is None else self._known(row, person, actor, is_dry)
            )
        for key, row in rows.items():
            is_gone = key not in people and row.status is AccountStatus.ACTIVE
            if is_gone and await self._dn(row.account) is not None:
                changes.append(SyncChange(address=key, change="suspend"))
                if not is_dry:
                    await self._accounts.suspend(key, actor)
        return changes

    async def _new(self, person: OutsidePerson, actor: str, is_dry: bool) -> list[SyncChange]:  # noqa: FBT001
        wanted = self._wanted(person)
        if not is_dry:
            await self._add(person, actor)
        return [
            SyncChange(address=person.address.key, change="add", detail=person.dn),
            *(_role(person.address.key, "role.give", grant) for grant in wanted),
        ]

    async def _known(self, row: AccountRow, person: OutsidePerson, actor: str, is_dry: bool) -> list[SyncChange]:  # noqa: FBT001
        dn = await self._dn(row.account)
        if dn is None:
            return [SyncChange(address=row.address, change="left", detail="it has a password here")]
        if row.status is AccountStatus.SUSPENDED:
            return [SyncChange(address=row.address, change="suspended", detail="resume it by hand")]
        changes = []
        if dn != person.dn:
            changes.append(SyncChange(address=row.address, change="rename", detail=person.dn))
            if not is_dry:
                await self._point(row, person.dn, actor)
        return changes + await self._align_roles(row, person, is_dry)

    async def _align_roles(self, row: AccountRow, person: OutsidePerson, is_dry: bool) -> list[SyncChange]:  # noqa: FBT001
        """Roles that the settings name follow the groups; others, given by hand, stay."""
        has, wanted = frozenset(await self._roles.of(row.account)), frozenset(self._wanted(person))
        given, taken = wanted - has, (has & self._mapped()) - wanted
        if not is_dry:
            for grant in given:
                await self._roles.give(row.account, grant, LOCAL_ROOT)
            for grant in taken:
                await self._roles.take(row.account, grant, LOCAL_ROOT)
        return [
            *(_role(row.address, "role.give", grant) for grant in _sorted(given)),
            *(_role(row.address, "role.take", grant) for grant in _sorted(taken)),
        ]

    async def _add(self, person: OutsidePerson, actor: str) -> None:
        info = await self._accounts.add_outside(person.address.key, OUTSIDE + person.dn, actor)
        for grant in self._wanted(person):
            await self._roles.give(AccountId(info.account), grant, LOCAL_ROOT)

    async def _point(self, row: AccountRow, dn: str, actor: str) -> None:
        for credential in await self._deps.store.read(sql.credentials(row.account)):
            if credential.kind == PASSWORD:
                verifier = msgspec.structs.replace(decode_verifier(credential.verifier), stored=OUTSIDE + dn)
                command = SetPassword(unit=self._unit(), account=row.account, verifier=verifier.encode())
                await self._deps.store.submit(command)
                self._deps.events.emit(DirectoryChanged(actor=actor, action="account.password", object=row.address))

    async def _dn(self, account: AccountId) -> str | None:
        """The entry that an account is of; None when it has a password here, or none."""
        for credential in await self._deps.store.read(sql.credentials(account)):
            stored = decode_verifier(credential.verifier).stored if credential.kind == PASSWORD else ""
            if stored.startswith(OUTSIDE):
                return stored.removeprefix(OUTSIDE)
        return None

    def _outside(self) -> Outside:
        if self._deps.outside is None:
            raise PermanentError(Reason.UNSUPPORTED, "no directory is named: [directory] urls")
        return self._deps.outside

    def _wanted(self, person: OutsidePerson) -> list[Grant]:
        return _sorted(
            Grant(AccessRole(one.role), one.domain)
            for one in self._deps.outside_roles
            if one.group.lower() in person.groups
        )

    def _mapped(self) -> frozenset[Grant]:
        return frozenset(Grant(AccessRole(one.role), one.domain) for one in self._deps.outside_roles)


def _sorted(grants: Iterable[Grant]) -> list[Grant]:
    return sorted(set(grants), key=lambda grant: (grant.role.value, grant.domain or ""))


def _role(address: str, change: str, grant: Grant) -> SyncChange:
    return SyncChange(address=address, change=change, detail=f"{grant.role.value} {grant.domain or 'everywhere'}")
