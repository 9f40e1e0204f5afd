"""Providers of other houses: whose accounts open by them."""

from typing import Any, Final

from skrytka.mail.admin.commands.base import (
    AddressArgs,
    Args,
    Command,
    CommandDeps,
    Progress,
    Route,
    on_account,
    on_address,
)
from skrytka.mail.admin.types import AccountInfo
from skrytka.mail.identity.openid.links import LinkInfo
from skrytka.mail.identity.permissions import Permission
from skrytka.model.actor import Actor


class ProvidedArgs(Args, frozen=True, kw_only=True):
    provider: str  # its name in the settings
    address: str


class LinkArgs(Args, frozen=True, kw_only=True):
    address: str
    issuer: str


async def _expect(deps: CommandDeps, args: ProvidedArgs, actor: Actor, _progress: Progress) -> object:
    made_by = None if actor.is_local else actor.account
    await deps.admin.provided.expect(args.address, args.provider, actor.name, made_by)
    return await deps.admin.accounts.show(args.address)


async def _links_now(deps: CommandDeps, args: Any) -> object:
    return await deps.admin.provided.links(args.address)


PROVIDER_COMMANDS: Final[dict[str, Command]] = {
    "provider.account.add": Command(
        args=ProvidedArgs,
        result=AccountInfo,
        permission=Permission.ACCOUNT_WRITE,
        scope=on_address,  # there is no account yet
        run=_expect,
        route=Route("POST", "/providers/{provider}/accounts"),
    ),
    "account.links": Command(
        args=AddressArgs,
        result=list[LinkInfo],
        permission=Permission.CREDENTIAL_READ,
        scope=on_account,
        run=lambda deps, args, _actor, _: deps.admin.provided.links(args.address),
        route=Route("GET", "/accounts/{address}/links"),
    ),
    "account.unlink": Command(
        args=LinkArgs,
        result=list[LinkInfo],
        permission=Permission.CREDENTIAL_REVOKE,
        scope=on_account,
        before=_links_now,
        run=lambda deps, args, actor, _: deps.admin.provided.unlink(args.address, args.issuer, actor.name),
        route=Route("DELETE", "/accounts/{address}/links"),
    ),
}
