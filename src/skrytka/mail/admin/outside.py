"""Accounts of people whom an outside directory knows: made at their first login, and brought into line by a sync."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from skrytka.mail.admin.accounts import Accounts
from skrytka.mail.admin.base import AdminDeps, AdminPart
from skrytka.mail.admin.group_roles import GIVEN, TAKEN, GroupRoles, RoleChange, tell
from skrytka.mail.identity.access_deps import AccessDeps
from skrytka.mail.identity.outside import OUTSIDE, SLICE, Outside, OutsidePerson, may_be_made
from skrytka.mail.identity.outside_groups import key_of
from skrytka.mail.identity.roles import Roles
from skrytka.mail.identity.verifier import decode_verifier
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import DirectoryChanged, DirectorySynced
from skrytka.model.ids import AccountId
from skrytka.store.commands.directory import PASSWORD, SetPassword
from skrytka.store.rows import AccountRow, AccountStatus
from skrytka.store.sql import directory as sql

AT_LOGIN: Final = "outside directory"  # who makes an account at somebody's login, and follows his groups
TIMER: Final = "timer"
GONE_MIN: Final = 5  # so many may always leave at once


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
        access = AccessDeps(store=deps.store, keys=deps.keys, clock=deps.clock, random=deps.random)
        self._roles = GroupRoles(Roles(access), deps.outside_roles)

    async def provision(self, person: OutsidePerson) -> None:
        """The account of somebody who has just proven who he is; nothing when another front was first."""
        with contextlib.suppress(PermanentError):
            await self._add(person, AT_LOGIN)

    async def refresh(self, account: AccountId, dn: str) -> None:
        """Roles of somebody whose password was right just now; as they were where his groups cannot be read now."""
        with contextlib.suppress(TransientError, PermanentError):
            groups = await self._outside().groups_of(dn) if self._roles else None
            row = await self._deps.store.read(sql.account_by_id(account)) if groups is not None else None
            if row is not None and groups is not None:
                tell(self._deps.events, AT_LOGIN, row.address, await self._roles.align(account, groups))

    async def sync_by_timer(self) -> None:
        """As :meth:`sync`, by nobody: no account is made whose address speaks for others (``may_be_made``)."""
        await self.sync(TIMER, is_dry=False, is_watched=False)

    async def sync(
        self, actor: str, *, is_dry: bool, is_forced: bool = False, is_watched: bool = True
    ) -> Sequence[SyncChange]:
        """Accounts as the directory has them; what it knows no more is suspended, never removed.

        NOT_PERMITTED when it has nobody at all, or (not ``is_forced``) when many are gone at once: that is a wrong
        setting, or half a directory, sooner than an empty company. Nothing is changed then. What cannot be done for one
        address is "left", and keeps nobody else from being suspended.
        """
        everybody = await self._outside().everybody()
        if not everybody:
            raise PermanentError(
                Reason.NOT_PERMITTED, "the directory has nobody: look at directory.sync_filter and base"
            )
        rows = {row.address: row for row in await self._deps.store.read(sql.accounts())}
        entries = await self._entries()
        people, changes = await self._owners(everybody, rows, entries, is_watched=is_watched)
        gone = self._gone(people, rows, entries, is_forced=is_forced)
        for key, person in people.items():
            await asyncio.sleep(0)  # reads may not wait, and there are many
            row = rows.get(key)
            try:
                if row is None:
                    changes += await self._new(person, actor, is_dry=is_dry)
                else:
                    changes += await self._known(row, entries.get(row.account), person, actor, is_dry=is_dry)
            except PermanentError as exc:
                changes.append(_left(key, exc.detail or exc.reason.value))
        changes += [await self._leave(key, actor, is_dry=is_dry) for key in gone]
        if not is_dry:
            self._tell(actor, changes)
        return changes

    async def _owners(
        self,
        everybody: Iterable[OutsidePerson],
        rows: Mapping[str, AccountRow],
        entries: Mapping[AccountId, str],
        *,
        is_watched: bool,
    ) -> tuple[dict[str, OutsidePerson], list[SyncChange]]:
        """Whose each address is, and what is left alone.

        Many may write what their address is, so that of somebody else gives nobody his account: of several entries the
        one counts that the account is of already, or none.
        """
        claims: dict[str, list[OutsidePerson]] = {}
        for person in everybody:
            claims.setdefault(person.address.key, []).append(person)
        found, left = {}, []
        for number, (key, claimed) in enumerate(claims.items()):
            if number % SLICE == 0:
                await asyncio.sleep(0)
            row = rows.get(key)
            why = self._why_not_made(claimed, is_watched=is_watched) if row is None else ""
            if why:
                left.append(_left(key, why))
            elif (owner := await self._owner(claimed, entries.get(row.account) if row is not None else None)) is None:
                left.append(_left(key, "its entry is there still, and is not this one"))
            else:
                found[key] = owner
        return found, left

    async def _owner(self, claimed: Sequence[OutsidePerson], dn: str | None) -> OutsidePerson | None:
        """Who of them is that entry; the only one, where that entry is gone: it has another name now."""
        if dn is None or any(key_of(one.dn) == key_of(dn) for one in claimed):
            return next((one for one in claimed if dn is not None and key_of(one.dn) == key_of(dn)), claimed[0])
        is_moved = len(claimed) == 1 and await self._outside().groups_of(dn) is None
        return claimed[0] if is_moved else None

    def _why_not_made(self, claimed: Sequence[OutsidePerson], *, is_watched: bool) -> str:
        if len(claimed) > 1:
            return f"{len(claimed)} entries have that address"
        if not is_watched and not may_be_made(claimed[0].address, self._deps.separator):
            return "it speaks for others: made by `skrytka directory sync` alone"
        return ""

    def _gone(
        self,
        people: Mapping[str, OutsidePerson],
        rows: Mapping[str, AccountRow],
        entries: Mapping[AccountId, str],
        *,
        is_forced: bool,
    ) -> list[str]:
        active = [key for key, row in rows.items() if row.account in entries and row.status is AccountStatus.ACTIVE]
        gone = [key for key in active if key not in people]
        most = max(GONE_MIN, len(active) * self._deps.gone_percent // 100)
        if len(gone) > most and not is_forced:
            said = (
                f"{len(gone)} of {len(active)} are gone there, where {most} may be: look, then `directory sync --force`"
            )
            raise PermanentError(Reason.NOT_PERMITTED, said)
        return gone

    async def _leave(self, key: str, actor: str, *, is_dry: bool) -> SyncChange:
        try:
            if not is_dry:
                await self._accounts.suspend(key, actor)
        except PermanentError as exc:  # the last administrator
            return _left(key, exc.detail or exc.reason.value)
        return SyncChange(address=key, change="suspend")

    async def _new(self, person: OutsidePerson, actor: str, *, is_dry: bool) -> list[SyncChange]:
        if await self._deps.store.read(sql.address(person.address.key)) is not None:
            return [_left(person.address.key, "it is an alias or a group here")]
        if not is_dry:
            await self._add(person, actor)
        wanted = self._roles.said(person.groups)
        return [SyncChange(address=person.address.key, change="add", detail=person.dn), *_changes(person, wanted)]

    async def _known(
        self, row: AccountRow, dn: str | None, person: OutsidePerson, actor: str, *, is_dry: bool
    ) -> list[SyncChange]:
        if dn is None:
            return [_left(row.address, "it has a password here")]
        if row.status is AccountStatus.SUSPENDED:
            return [SyncChange(address=row.address, change="suspended", detail="resume it by hand")]
        changes = []
        if key_of(dn) != key_of(person.dn):
            changes.append(SyncChange(address=row.address, change="rename", detail=person.dn))
            if not is_dry:
                await self._point(row, person.dn, actor)
        aligned = await self._roles.align(row.account, person.groups, is_dry=is_dry)
        if not is_dry:
            tell(self._deps.events, actor, row.address, aligned)
        return [*changes, *_changes(person, aligned)]

    async def _add(self, person: OutsidePerson, actor: str) -> None:
        info = await self._accounts.add_outside(person.address.key, OUTSIDE + person.dn, actor)
        given = await self._roles.align(AccountId(info.account), person.groups)
        tell(self._deps.events, actor, info.address, given)

    async def _point(self, row: AccountRow, dn: str, actor: str) -> None:
        for credential in await self._deps.store.read(sql.credentials(row.account)):
            if credential.kind == PASSWORD:
                verifier = msgspec.structs.replace(decode_verifier(credential.verifier), stored=OUTSIDE + dn)
                command = SetPassword(unit=self._unit(), account=row.account, verifier=verifier.encode())
                await self._deps.store.submit(command)
                self._deps.events.emit(DirectoryChanged(actor=actor, action="account.password", object=row.address))

    async def _entries(self) -> dict[AccountId, str]:
        """The DN of each account that is of an entry; the others have a password here, or none."""
        verifiers = await self._deps.store.read(sql.verifiers(PASSWORD))
        stored = {account: decode_verifier(raw).stored for account, raw in verifiers.items()}
        return {account: one.removeprefix(OUTSIDE) for account, one in stored.items() if one.startswith(OUTSIDE)}

    def _outside(self) -> Outside:
        if self._deps.outside is None:
            raise PermanentError(Reason.UNSUPPORTED, "no directory is named: [directory] urls")
        return self._deps.outside

    def _tell(self, actor: str, changes: Sequence[SyncChange]) -> None:
        """One event of a sync that has changed something; each change has its own beside."""
        counts = {kind: sum(one.change == kind for one in changes) for kind in ("add", "suspend", "rename")}
        roles = sum(one.change in (GIVEN, TAKEN) for one in changes)
        if roles or any(counts.values()):
            self._deps.events.emit(
                DirectorySynced(
                    actor=actor,
                    added=counts["add"],
                    suspended=counts["suspend"],
                    renamed=counts["rename"],
                    roles=roles,
                )
            )


def _left(address: str, why: str) -> SyncChange:
    return SyncChange(address=address, change="left", detail=why)


def _changes(person: OutsidePerson, changes: Iterable[RoleChange]) -> list[SyncChange]:
    return [SyncChange(address=person.address.key, change=one.change, detail=one.detail) for one in changes]
