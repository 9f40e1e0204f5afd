"""Which roles an account has. Everybody is a user; nobody gives more than he has."""

from collections.abc import Sequence
from typing import Final

import msgspec

from skrytka.mail.identity.access_deps import AccessPart
from skrytka.mail.identity.permissions import covers
from skrytka.model.actor import AccessRole, Actor, Grant
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.access_rows import GrantRow
from skrytka.store.commands.access import GiveRole, TakeRole
from skrytka.store.sql import access as sql

USER: Final = Grant(AccessRole.USER)
GIVEN: Final = frozenset(AccessRole) - {AccessRole.USER}  # a user is everybody


class RoleInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A role that somebody was given."""

    address: str
    role: str
    domain: str | None  # None: everywhere
    given_at_ms: int


class Roles(AccessPart):
    """Reads and changes grants; the caller has made sure that the actor may do so there at all."""

    async def of(self, account: AccountId) -> tuple[Grant, ...]:
        """What the account was given, and that it is a user."""
        rows = await self._deps.store.read(sql.grants(account))
        return (USER, *(grant_of(row) for row in rows))

    async def list(self) -> list[RoleInfo]:
        """By address."""
        return [info_of(row) for row in await self._deps.store.read(sql.all_grants())]

    async def give(self, account: AccountId, grant: Grant, actor: Actor) -> None:
        """PermanentError(NOT_PERMITTED) for more than the actor has himself."""
        demand_giving(actor, grant)
        unit, domain = self._unit(), grant.domain or ""
        await self._deps.store.submit(GiveRole(unit=unit, account=account, role=grant.role.value, domain=domain))

    async def take(self, account: AccountId, grant: Grant, actor: Actor) -> None:
        """Sessions and keys of the account have no more than what is left, from the next request on."""
        demand_giving(actor, grant)
        unit, domain = self._unit(), grant.domain or ""
        await self._deps.store.submit(TakeRole(unit=unit, account=account, role=grant.role.value, domain=domain))

    async def demand_cover(self, account: AccountId, actor: Actor) -> None:
        """PermanentError(NOT_PERMITTED) when the account may do what the actor may not: he must not act upon it."""
        if actor.account != account:
            demand_cover(actor, [grant for grant in await self.of(account) if grant.role in GIVEN])


def demand_cover(actor: Actor, grants: Sequence[Grant]) -> None:
    """See :meth:`Roles.demand_cover`."""
    if not all(covers(actor, grant) for grant in grants):
        raise PermanentError(Reason.NOT_PERMITTED, "the account has more rights than you")


def grant_of(row: GrantRow) -> Grant:
    return Grant(AccessRole(row.role), row.domain or None)


def info_of(row: GrantRow) -> RoleInfo:
    return RoleInfo(address=row.address, role=row.role, domain=row.domain or None, given_at_ms=row.given_at_ms)


def demand_giving(actor: Actor, grant: Grant) -> None:
    """See :meth:`Roles.give`."""
    if grant.role not in GIVEN:
        raise PermanentError(Reason.BAD_SYNTAX, "everybody is a user: that role is not given")
    if not covers(actor, grant):
        raise PermanentError(Reason.NOT_PERMITTED, "nobody gives or takes a role that can do more than his own")
