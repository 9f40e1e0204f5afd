"""Accounts and the addresses that lead to them."""

from typing import Annotated, Any, Final

import msgspec

from skrytka.mail.admin.commands.base import (
    ERASES,
    SETS_THE_PASSWORD,
    AddressArgs,
    Args,
    Command,
    CommandDeps,
    NoArgs,
    OptionalDomainArgs,
    Progress,
    Route,
    of_address,
    on_account,
    on_address,
    on_domain_or_all,
)
from skrytka.mail.admin.notice_words import Language
from skrytka.mail.admin.types import AccountInfo, AliasInfo, Removed
from skrytka.mail.identity.change import GIVEN, ONCE
from skrytka.mail.identity.permissions import Permission
from skrytka.model.actor import Actor
from skrytka.model.secret import Secret
from skrytka.store.access_rows import HandKind


class AccountAddArgs(Args, frozen=True, kw_only=True):
    address: str
    password: Secret
    quota_bytes: Annotated[int, msgspec.Meta(ge=0)] | None = None
    is_admin: bool = False
    services: tuple[str, ...] | None = None


class PasswordArgs(Args, frozen=True, kw_only=True):
    address: str
    password: Secret


class QuotaArgs(Args, frozen=True, kw_only=True):
    address: str
    quota_bytes: Annotated[int, msgspec.Meta(ge=0)]


class LanguageArgs(Args, frozen=True, kw_only=True):
    address: str
    language: Language | None = None  # null: as its domain says, else the server


class AliasAddArgs(Args, frozen=True, kw_only=True):
    address: str
    targets: tuple[str, ...]


async def _account_add(deps: CommandDeps, args: AccountAddArgs, actor: Actor, _progress: Progress) -> object:
    return await deps.admin.accounts.add(
        args.address,
        args.password,
        actor.name,
        quota_bytes=args.quota_bytes,
        is_admin=args.is_admin,
        services=args.services,
        must_change=_to_change(actor),
        made_by=None if actor.is_local else actor.account,
    )


def _to_change(actor: Actor) -> str:
    """Who has the machine gives a password that works; from elsewhere one that opens no mail."""
    return GIVEN if actor.is_local else ONCE


async def _account_now(deps: CommandDeps, args: Any) -> object:
    return await deps.admin.accounts.show(args.address)


async def _alias_now(deps: CommandDeps, args: Any) -> object:
    return await deps.admin.aliases.show(args.address)


def _to_make_admins(args: Any) -> Permission | None:
    return Permission.ROLE_WRITE if args.is_admin else None


ACCOUNTS: Final[dict[str, Command]] = {
    "account.add": Command(
        args=AccountAddArgs,
        result=AccountInfo,
        permission=Permission.ACCOUNT_WRITE,
        scope=on_address,  # there is no account yet
        also=_to_make_admins,
        before=_account_now,
        run=_account_add,
        route=Route("POST", "/accounts"),
    ),
    "account.list": Command(
        args=OptionalDomainArgs,
        result=list[AccountInfo],
        permission=Permission.ACCOUNT_READ,
        scope=on_domain_or_all,
        row_domain=of_address,
        run=lambda deps, args, _actor, _: deps.admin.accounts.list(args.domain),
        route=Route("GET", "/accounts"),
    ),
    "account.show": Command(
        args=AddressArgs,
        result=AccountInfo,
        permission=Permission.ACCOUNT_READ,
        scope=on_account,
        run=lambda deps, args, _actor, _: deps.admin.accounts.show(args.address),
        route=Route("GET", "/accounts/{address}"),
    ),
    "account.password": Command(
        args=PasswordArgs,
        result=AccountInfo,
        permission=Permission.ACCOUNT_PASSWORD,
        scope=on_account,
        is_dangerous=True,
        before=_account_now,
        run=lambda deps, args, actor, _: deps.admin.accounts.set_password(
            args.address, args.password, actor.name, _to_change(actor)
        ),
        route=Route("PUT", "/accounts/{address}/password"),
        takes_two=SETS_THE_PASSWORD,
        hand=HandKind.PASSWORD,
    ),
    "account.quota": Command(
        args=QuotaArgs,
        result=AccountInfo,
        permission=Permission.ACCOUNT_WRITE,
        scope=on_account,
        before=_account_now,
        run=lambda deps, args, actor, _: deps.admin.accounts.set_quota(args.address, args.quota_bytes, actor.name),
        route=Route("PUT", "/accounts/{address}/quota"),
    ),
    "account.language": Command(
        args=LanguageArgs,
        result=AccountInfo,
        permission=Permission.ACCOUNT_WRITE,
        scope=on_account,
        before=_account_now,
        run=lambda deps, args, actor, _: deps.admin.accounts.set_language(
            args.address, args.language or "", actor.name
        ),
        route=Route("PUT", "/accounts/{address}/language"),
    ),
    "account.suspend": Command(
        args=AddressArgs,
        result=AccountInfo,
        permission=Permission.ACCOUNT_SUSPEND,
        scope=on_account,
        before=_account_now,
        run=lambda deps, args, actor, _: deps.admin.accounts.suspend(args.address, actor.name),
        route=Route("POST", "/accounts/{address}/suspend"),
    ),
    "account.resume": Command(
        args=AddressArgs,
        result=AccountInfo,
        permission=Permission.ACCOUNT_SUSPEND,
        scope=on_account,
        before=_account_now,
        run=lambda deps, args, actor, _: deps.admin.accounts.resume(args.address, actor.name),
        route=Route("POST", "/accounts/{address}/resume"),
    ),
    "account.remove": Command(
        args=AddressArgs,
        result=Removed,
        permission=Permission.ACCOUNT_REMOVE,
        scope=on_account,
        is_dangerous=True,
        takes_two=ERASES,
        before=_account_now,
        run=lambda deps, args, actor, _: deps.admin.accounts.remove(args.address, actor.name),
        route=Route("DELETE", "/accounts/{address}"),
    ),
    "alias.add": Command(
        args=AliasAddArgs,
        result=AliasInfo,
        permission=Permission.ALIAS_WRITE,
        scope=on_address,
        before=_alias_now,
        run=lambda deps, args, actor, _: deps.admin.aliases.add(args.address, args.targets, actor.name),
        route=Route("POST", "/aliases"),
    ),
    "alias.set": Command(
        args=AliasAddArgs,
        result=AliasInfo,
        permission=Permission.ALIAS_WRITE,
        scope=on_address,
        before=_alias_now,
        run=lambda deps, args, actor, _: deps.admin.aliases.set(args.address, args.targets, actor.name),
        route=Route("PUT", "/aliases/{address}"),
    ),
    "alias.list": Command(
        args=NoArgs,
        result=list[AliasInfo],
        permission=Permission.ALIAS_READ,
        scope=on_domain_or_all,
        row_domain=of_address,
        run=lambda deps, _args, _actor, _: deps.admin.aliases.list(),
        route=Route("GET", "/aliases"),
    ),
    "alias.show": Command(
        args=AddressArgs,
        result=AliasInfo,
        permission=Permission.ALIAS_READ,
        scope=on_address,
        run=lambda deps, args, _actor, _: deps.admin.aliases.show(args.address),
        route=Route("GET", "/aliases/{address}"),
    ),
    "alias.remove": Command(
        args=AddressArgs,
        result=AliasInfo,
        permission=Permission.ALIAS_WRITE,
        scope=on_address,
        before=_alias_now,
        run=lambda deps, args, actor, _: deps.admin.aliases.remove(args.address, actor.name),
        route=Route("DELETE", "/aliases/{address}"),
    ),
}
