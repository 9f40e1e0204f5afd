"""Programs that people let in by OAuth."""

from typing import Any, Final

from skrytka.mail.admin.commands.base import (
    AddressArgs,
    Args,
    Command,
    CommandDeps,
    NoArgs,
    Progress,
    Route,
    on_account,
    on_node,
)
from skrytka.mail.admin.oauth import ClientAdded, ClientInfo, Ended, GrantInfo
from skrytka.mail.identity.permissions import Permission
from skrytka.model.actor import Actor


class ClientAddArgs(Args, frozen=True, kw_only=True):
    client: str
    name: str
    redirect_uris: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()  # empty: all
    is_confidential: bool = False  # it runs on a server and can keep a secret
    is_device: bool = False


class ClientArgs(Args, frozen=True, kw_only=True):
    client: str


class GrantArgs(Args, frozen=True, kw_only=True):
    address: str
    grant: str


async def _add(deps: CommandDeps, args: ClientAddArgs, actor: Actor, _progress: Progress) -> object:
    return await deps.admin.programs.add_client(
        args.client,
        args.name,
        actor.name,
        redirect_uris=args.redirect_uris,
        scopes=args.scopes,
        is_confidential=args.is_confidential,
        is_device=args.is_device,
    )


async def _remove(deps: CommandDeps, args: ClientArgs, actor: Actor, _progress: Progress) -> object:
    return await deps.admin.programs.remove_client(args.client, actor.name)


async def _revoke(deps: CommandDeps, args: Any, actor: Actor, _progress: Progress) -> object:
    grant = getattr(args, "grant", None)
    return await deps.admin.programs.revoke(args.address, actor.name, grant)


PROGRAMS: Final[dict[str, Command]] = {
    "oauth.client.add": Command(
        args=ClientAddArgs,
        result=ClientAdded,
        permission=Permission.OAUTH_CLIENT_WRITE,
        scope=on_node,
        run=_add,
        route=Route("POST", "/oauth/clients"),
        is_dangerous=True,  # it may ask everybody for his mail
    ),
    "oauth.client.list": Command(
        args=NoArgs,
        result=list[ClientInfo],
        permission=Permission.OAUTH_CLIENT_READ,
        scope=on_node,
        run=lambda deps, _args, _actor, _: deps.admin.programs.clients(),
        route=Route("GET", "/oauth/clients"),
    ),
    "oauth.client.remove": Command(
        args=ClientArgs,
        result=Ended,
        permission=Permission.OAUTH_CLIENT_WRITE,
        scope=on_node,
        run=_remove,
        route=Route("DELETE", "/oauth/clients/{client}"),
    ),
    "oauth.grants": Command(
        args=AddressArgs,
        result=list[GrantInfo],
        permission=Permission.CREDENTIAL_READ,
        scope=on_account,
        run=lambda deps, args, _actor, _: deps.admin.programs.grants(args.address),
        route=Route("GET", "/accounts/{address}/programs"),
    ),
    "oauth.revoke": Command(
        args=AddressArgs,
        result=Ended,
        permission=Permission.CREDENTIAL_REVOKE,
        scope=on_account,
        run=_revoke,
        route=Route("DELETE", "/accounts/{address}/programs"),
    ),
    "oauth.grant.revoke": Command(
        args=GrantArgs,
        result=Ended,
        permission=Permission.CREDENTIAL_REVOKE,
        scope=on_account,
        run=_revoke,
        route=Route("DELETE", "/accounts/{address}/programs/{grant}"),
    ),
}
