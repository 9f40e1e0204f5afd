"""Machines that administer from elsewhere: invited, seen, put out."""

from typing import Annotated, Any, Final

import msgspec

from skrytka.mail.admin.commands.base import (
    AddressArgs,
    Command,
    CommandDeps,
    OptionalDomainArgs,
    Progress,
    Route,
    of_address,
    on_account,
    on_domain_or_all,
)
from skrytka.mail.identity.machines import MINUTES, MINUTES_MAX, Invitation, MachineInfo
from skrytka.mail.identity.permissions import Permission
from skrytka.model.actor import Actor
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.model.machine import Purpose
from skrytka.store.sql import directory


class InviteArgs(AddressArgs, frozen=True, kw_only=True):
    name: str  # what the machine is called
    minutes: Annotated[int, msgspec.Meta(ge=1, le=MINUTES_MAX)] = MINUTES


class MachineArgs(AddressArgs, frozen=True, kw_only=True):
    id: str


async def _account(deps: CommandDeps, args: Any) -> AccountId:
    row = await deps.admin.store.read(directory.account_by_address(on_account(args).account or ""))
    if row is None:
        raise PermanentError(Reason.NO_SUCH_USER, f"there is no account {on_account(args).account}")
    return row.account


async def _invite(deps: CommandDeps, args: InviteArgs, actor: Actor, _progress: Progress) -> object:
    account = await _account(deps, args)
    return await deps.admin.machines.invite(account, Purpose.REMOTE, args.name, actor.name, minutes=args.minutes)


async def _list(deps: CommandDeps, args: OptionalDomainArgs, _actor: Actor, _progress: Progress) -> object:
    wanted = on_domain_or_all(args).domain
    return [row for row in await deps.admin.machines.list() if wanted in (None, of_address(row))]


async def _of_account(deps: CommandDeps, args: Any) -> object:
    address = on_account(args).account
    return [row for row in await deps.admin.machines.list() if row.address == address]


async def _revoke(deps: CommandDeps, args: MachineArgs, actor: Actor, _progress: Progress) -> object:
    return await deps.admin.machines.revoke(await _account(deps, args), args.id, actor.name)


MACHINES: Final[dict[str, Command]] = {
    "machine.list": Command(
        args=OptionalDomainArgs,
        result=list[MachineInfo],
        permission=Permission.CREDENTIAL_READ,
        scope=on_domain_or_all,
        row_domain=of_address,
        run=_list,
        route=Route("GET", "/machines"),
    ),
    "machine.invite": Command(
        args=InviteArgs,
        result=Invitation,
        permission=Permission.CERTIFICATE_WRITE,
        scope=on_account,
        is_dangerous=True,
        before=_of_account,
        run=_invite,
        route=Route("POST", "/accounts/{address}/machines"),
    ),
    "machine.revoke": Command(
        args=MachineArgs,
        result=MachineInfo,
        permission=Permission.CREDENTIAL_REVOKE,
        scope=on_account,
        before=_of_account,
        run=_revoke,
        route=Route("DELETE", "/accounts/{address}/machines/{id}"),
    ),
}
