"""Aliases, groups and catch-alls."""

from collections.abc import Sequence
from typing import Final

from skrytka.mail.admin.base import AdminPart, parse_address, parse_domain
from skrytka.mail.admin.types import AliasInfo
from skrytka.model.errors import PermanentError, Reason
from skrytka.store.commands.directory import AddAlias, RemoveAlias, SetAlias
from skrytka.store.rows import AddressKind
from skrytka.store.sql import directory as sql

TARGETS_MAX: Final = 1000


class Aliases(AdminPart):
    """Part of Admin."""

    async def add(self, address: str, targets: Sequence[str], actor: str) -> AliasInfo:
        """``@domain`` makes a catch-all. Targets are addresses of this server that are there, or of others."""
        info, domain = await self._checked(address, targets)
        kind = AddressKind(info.kind)
        unit = self._unit()
        await self._deps.store.submit(
            AddAlias(unit=unit, key=info.address, domain=domain, targets=info.targets, kind=kind)
        )
        self._changed(actor, "alias.add", info.address)
        return info

    async def set(self, address: str, targets: Sequence[str], actor: str) -> AliasInfo:
        """As ``add``, but an alias that is there gets these targets instead of its own, with no moment between."""
        info, domain = await self._checked(address, targets)
        row = await self._deps.store.read(sql.address(info.address))
        if row is not None and row.kind is AddressKind.ACCOUNT:
            raise PermanentError(Reason.ALREADY_EXISTS, f"{info.address} is an account, not an alias")
        unit, kind = self._unit(), AddressKind(info.kind)
        await self._deps.store.submit(
            SetAlias(unit=unit, key=info.address, domain=domain, targets=info.targets, kind=kind)
        )
        self._changed(actor, "alias.set", info.address)
        return info

    async def list(self) -> list[AliasInfo]:
        """By address."""
        rows = await self._deps.store.read(sql.aliases())
        return [AliasInfo(address=row.key, kind=row.kind.value, targets=row.targets) for row in rows]

    async def show(self, address: str) -> AliasInfo:
        """One; NO_SUCH_OBJECT."""
        row = await self._deps.store.read(sql.address(_parse(address)[0]))
        if row is None or row.kind is AddressKind.ACCOUNT:
            raise PermanentError(Reason.NO_SUCH_OBJECT, f"there is no alias {address}")
        return AliasInfo(address=row.key, kind=row.kind.value, targets=row.targets)

    async def remove(self, address: str, actor: str) -> AliasInfo:
        """NO_SUCH_OBJECT when there is none; an account's own address goes with the account."""
        key, _domain, _kind = _parse(address)
        row = await self._deps.store.read(sql.address(key))
        if row is None or row.kind is AddressKind.ACCOUNT:
            raise PermanentError(Reason.NO_SUCH_OBJECT, f"there is no alias {key}")
        await self._deps.store.submit(RemoveAlias(unit=self._unit(), key=key))
        self._changed(actor, "alias.remove", key)
        return AliasInfo(address=key, kind=row.kind.value, targets=row.targets)

    async def _checked(self, address: str, targets: Sequence[str]) -> tuple[AliasInfo, str]:
        """What is asked for, and the domain of it."""
        key, domain, kind = _parse(address)
        await self._hosted(domain)
        if not 1 <= len(targets) <= TARGETS_MAX:
            raise PermanentError(Reason.BAD_SYNTAX, f"an alias has 1 to {TARGETS_MAX} targets")
        keys = tuple(dict.fromkeys([await self._target(target, key) for target in targets]))
        return AliasInfo(address=key, kind=kind.value, targets=keys), domain

    async def _target(self, text: str, alias: str) -> str:
        target = parse_address(text)
        if target.key == alias:
            raise PermanentError(Reason.BAD_SYNTAX, f"{alias} cannot lead to itself")
        if await self._deps.store.read(sql.domain_by_name(target.domain.name)) is None:
            if "." not in target.domain.name:
                raise PermanentError(Reason.NO_SUCH_DOMAIN, f"{target.domain.name} is no full domain name")
            return str(target)  # its server may tell upper from lower case
        if await self._deps.store.read(sql.address(target.key)) is None:
            raise PermanentError(Reason.NO_SUCH_USER, f"there is no account or alias {target.key}")
        return target.key


def _parse(text: str) -> tuple[str, str, AddressKind]:
    """(key, domain, kind) of an alias as it is typed."""
    if text.startswith("@"):
        domain = parse_domain(text[1:]).name
        return f"@{domain}", domain, AddressKind.CATCH_ALL
    address = parse_address(text)
    return address.key, address.domain.name, AddressKind.ALIAS
