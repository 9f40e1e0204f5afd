"""Roles, sessions, keys of programs; and who oneself is."""

from typing import Any, Final, Literal

import msgspec

from skrytka.mail.admin.commands.base import (
    NODE,
    AddressArgs,
    Args,
    Command,
    CommandDeps,
    NoArgs,
    OptionalDomainArgs,
    Progress,
    Route,
    Scope,
    on_account,
    on_domain_or_all,
    on_node,
)
from skrytka.mail.identity.api_keys import DAYS_MAX, ApiKeyInfo, Limits, NewApiKey
from skrytka.mail.identity.permissions import ALLOWED, Permission, demand
from skrytka.mail.identity.roles import RoleInfo, demand_giving
from skrytka.mail.identity.sessions import SessionInfo
from skrytka.model.actor import AccessRole, Actor, Grant
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.access_rows import HandKind
from skrytka.store.sql import directory

Given = Literal["system_admin", "domain_admin", "security_officer", "help_desk", "auditor", "service"]


class RoleArgs(Args, frozen=True, kw_only=True):
    address: str
    role: Given
    domain: str | None = None  # everywhere

    @property
    def grant(self) -> Grant:
        return Grant(AccessRole(self.role), _domain_of(self))


class SessionArgs(Args, frozen=True, kw_only=True):
    id: str


class ApiKeyAddArgs(Args, frozen=True, kw_only=True):
    """See ``mail.identity.api_keys.Limits``; ``permissions`` may be ``["*"]``: all that the account may today."""

    name: str
    permissions: tuple[str, ...]
    address: str | None = None  # whose; None: of who asks. Another's is for local root, who has the machine already
    domain: str | None = None
    networks: tuple[str, ...] = ()
    per_minute: int = 600
    days: int = DAYS_MAX


class ApiKeyArgs(Args, frozen=True, kw_only=True):
    id: str


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and what he may do."""

    name: str
    roles: tuple[Grant, ...]
    permissions: dict[str, tuple[str, ...]]  # by domain; "*" for everywhere


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What has ended."""

    sessions: int


def _domain_of(args: Any) -> str | None:
    scope = on_domain_or_all(args)
    return scope.domain


def _where(args: Any) -> Scope:
    """Where the role holds; whose account it is, is looked at besides."""
    return NODE if args.domain is None else Scope(_domain_of(args))


async def _account(deps: CommandDeps, address: str, actor: Actor) -> AccountId:
    """An account that the actor may see."""
    scope = on_account(AddressArgs(address=address))
    demand(actor, Permission.ACCOUNT_READ, scope.domain)
    row = await deps.admin.store.read(directory.account_by_address(scope.account or ""))
    if row is None:
        raise PermanentError(Reason.NO_SUCH_USER, f"there is no account {scope.account}")
    return row.account


def _own(actor: Actor) -> AccountId:
    if actor.account is None:
        raise PermanentError(Reason.NOT_PERMITTED, "that belongs to an account: log in with one")
    return actor.account


async def _me(_deps: CommandDeps, _args: NoArgs, actor: Actor, _progress: Progress) -> object:
    found: dict[str, set[str]] = {}
    for grant in actor.grants:
        held = {str(one) for one in ALLOWED[grant.role] if actor.limited_to is None or one in actor.limited_to}
        found.setdefault(grant.domain or "*", set()).update(held)
    permissions = {domain: tuple(sorted(names)) for domain, names in sorted(found.items())}
    return Me(name=actor.name, roles=actor.grants, permissions=permissions)


async def _role_list(deps: CommandDeps, args: OptionalDomainArgs, _actor: Actor, _progress: Progress) -> object:
    wanted = _domain_of(args)
    return [row for row in await deps.admin.roles.list() if wanted in (None, row.domain)]


async def _roles_of(deps: CommandDeps, args: Any) -> object:
    return [row for row in await deps.admin.roles.list() if row.address == on_account(args).account]


async def _role_give(deps: CommandDeps, args: RoleArgs, actor: Actor, _progress: Progress) -> object:
    account = await _account(deps, args.address, actor)
    demand_giving(actor, args.grant)
    await deps.admin.hands.note(account, HandKind.ROLE, actor)
    await deps.admin.roles.give(account, args.grant, actor)
    return await _roles_of(deps, args)


async def _role_take(deps: CommandDeps, args: RoleArgs, actor: Actor, _progress: Progress) -> object:
    await deps.admin.roles.take(await _account(deps, args.address, actor), args.grant, actor)
    return await _roles_of(deps, args)


async def _session_list(deps: CommandDeps, _args: NoArgs, actor: Actor, _progress: Progress) -> object:
    return await deps.admin.sessions.list(_own(actor))


async def _session_end(deps: CommandDeps, args: SessionArgs, actor: Actor, _progress: Progress) -> object:
    await deps.admin.sessions.end(_own(actor), args.id)
    return Ended(sessions=1)


async def _session_end_all(deps: CommandDeps, _args: NoArgs, actor: Actor, _progress: Progress) -> object:
    return Ended(sessions=await deps.admin.sessions.end_all(_own(actor)))


async def _account_sessions(deps: CommandDeps, args: AddressArgs, actor: Actor, _progress: Progress) -> object:
    return await deps.admin.sessions.list(await _account(deps, args.address, actor))


async def _account_sessions_end(deps: CommandDeps, args: AddressArgs, actor: Actor, _progress: Progress) -> object:
    return Ended(sessions=await deps.admin.sessions.end_all(await _account(deps, args.address, actor)))


async def _key_add(deps: CommandDeps, args: ApiKeyAddArgs, actor: Actor, _progress: Progress) -> object:
    limits = Limits(args.name, args.permissions, _domain_of(args), args.networks, args.per_minute)
    if limits.domain is not None:
        await deps.admin.domains.show(limits.domain)  # NO_SUCH_DOMAIN: the key would be good for nothing
    owner = actor if args.address is None else await _key_owner(deps, args.address, actor)
    return await deps.admin.api_keys.add(limits, args.days, owner)


async def _key_owner(deps: CommandDeps, address: str, actor: Actor) -> Actor:
    account = await _account(deps, address, actor)
    if account == actor.account:
        return actor
    if not actor.is_local:
        raise PermanentError(Reason.NOT_PERMITTED, "a key is made by who it belongs to, or by root on the server")
    return Actor(address, account, await deps.admin.roles.of(account))


ACCESS: Final[dict[str, Command]] = {
    "me": Command(
        args=NoArgs, result=Me, permission=Permission.PING, scope=on_node, run=_me, route=Route("GET", "/me")
    ),
    "role.list": Command(
        args=OptionalDomainArgs,
        result=list[RoleInfo],
        permission=Permission.ROLE_READ,
        scope=on_domain_or_all,
        row_domain=lambda row: str(row.domain or ""),
        run=_role_list,
        route=Route("GET", "/roles"),
    ),
    "role.give": Command(
        args=RoleArgs,
        result=list[RoleInfo],
        permission=Permission.ROLE_WRITE,
        scope=_where,
        is_dangerous=True,
        before=_roles_of,
        run=_role_give,
        route=Route("POST", "/roles"),
    ),
    "role.take": Command(
        args=RoleArgs,
        result=list[RoleInfo],
        permission=Permission.ROLE_WRITE,
        scope=_where,
        is_dangerous=True,
        before=_roles_of,
        run=_role_take,
        route=Route("DELETE", "/roles/{address}/{role}"),
    ),
    "session.list": Command(
        args=NoArgs,
        result=list[SessionInfo],
        permission=Permission.OWN,
        scope=on_node,
        run=_session_list,
        route=Route("GET", "/sessions"),
    ),
    "session.end": Command(
        args=SessionArgs,
        result=Ended,
        permission=Permission.OWN,
        scope=on_node,
        run=_session_end,
        route=Route("DELETE", "/sessions/{id}"),
    ),
    "session.end_all": Command(
        args=NoArgs,
        result=Ended,
        permission=Permission.OWN,
        scope=on_node,
        run=_session_end_all,
        route=Route("DELETE", "/sessions"),
    ),
    "account.sessions": Command(
        args=AddressArgs,
        result=list[SessionInfo],
        permission=Permission.SESSION_READ,
        scope=on_account,
        run=_account_sessions,
        route=Route("GET", "/accounts/{address}/sessions"),
    ),
    "account.end_sessions": Command(
        args=AddressArgs,
        result=Ended,
        permission=Permission.SESSION_REVOKE,
        scope=on_account,
        run=_account_sessions_end,
        route=Route("DELETE", "/accounts/{address}/sessions"),
    ),
    "api_key.add": Command(
        args=ApiKeyAddArgs,
        result=NewApiKey,
        permission=Permission.API_KEY_WRITE,
        scope=on_node,
        is_dangerous=True,
        run=_key_add,
        route=Route("POST", "/api-keys"),
    ),
    "api_key.list": Command(
        args=NoArgs,
        result=list[ApiKeyInfo],
        permission=Permission.API_KEY_READ,
        scope=on_node,
        run=lambda deps, _args, _actor, _: deps.admin.api_keys.list(),
        route=Route("GET", "/api-keys"),
    ),
    "api_key.remove": Command(
        args=ApiKeyArgs,
        result=ApiKeyInfo,
        permission=Permission.API_KEY_WRITE,
        scope=on_node,
        run=lambda deps, args, _actor, _: deps.admin.api_keys.remove(args.id),
        route=Route("DELETE", "/api-keys/{id}"),
    ),
}
