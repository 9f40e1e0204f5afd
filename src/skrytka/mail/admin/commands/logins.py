"""Logins of an account as its owner and administrators see them, and the lock of one that somebody else was in."""

from typing import Annotated, Any, Final, Protocol

import msgspec

from skrytka.mail.admin.base import parse_address
from skrytka.mail.admin.commands.base import (
    OPENS_AGAIN,
    AddressArgs,
    Args,
    Command,
    CommandDeps,
    Progress,
    Route,
    on_account,
    on_node,
)
from skrytka.mail.admin.commands.second_person import is_locked
from skrytka.mail.admin.compromise import LockInfo
from skrytka.mail.identity.permissions import Permission
from skrytka.model.actor import Actor
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError, Reason
from skrytka.store.access_rows import HandKind
from skrytka.store.sql import directory

LOGINS_MAX: Final = 1000


class LoginInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One login, or something about logins."""

    at: str
    outcome: str  # in, refused, odd, locked, trusted, attack
    service: str = ""
    mechanism: str = ""
    means: str = ""  # password, app_password, token, certificate
    remote: str = ""
    country: str = ""
    detail: str = ""  # why it was refused, what was odd, who locked it


class Logins(Protocol):
    """The login log of an account, the newest last."""

    async def __call__(self, address: Address, limit: int) -> list[LoginInfo]: ...


class LoginsArgs(Args, frozen=True, kw_only=True):
    address: str
    limit: Annotated[int, msgspec.Meta(ge=1, le=LOGINS_MAX)] = 100


class OwnLoginsArgs(Args, frozen=True, kw_only=True):
    limit: Annotated[int, msgspec.Meta(ge=1, le=LOGINS_MAX)] = 100


def _log(deps: CommandDeps) -> Logins:
    if deps.logins is None:
        raise PermanentError(Reason.UNSUPPORTED, "this process cannot read the event log")
    return deps.logins


async def _list(deps: CommandDeps, args: LoginsArgs, _actor: Actor, _progress: Progress) -> object:
    """What is kept of an account that is gone can be read too."""
    return await _log(deps)(parse_address(args.address), args.limit)


async def _own(deps: CommandDeps, args: OwnLoginsArgs, actor: Actor, _progress: Progress) -> object:
    if actor.account is None:
        raise PermanentError(Reason.NOT_PERMITTED, f"{actor.name} has no account here")
    return await _log(deps)(await deps.admin.accounts.address_of(actor.account), args.limit)


async def _lock(deps: CommandDeps, args: Any, actor: Actor, _progress: Progress) -> object:
    return await deps.admin.compromise.lock(args.address, actor.name)


async def _trust(deps: CommandDeps, args: Any, actor: Actor, _progress: Progress) -> object:
    """Who opens a lock has a hand in the password that is back; who ends a wait after wrong ones has none."""
    row = await deps.admin.store.read(directory.account_by_address(parse_address(args.address).key))
    if row is not None and await is_locked(deps, row.account):
        await deps.admin.hands.note(row.account, HandKind.PASSWORD, actor)
    return await deps.admin.compromise.trust(args.address, actor.name)


LOGIN_COMMANDS: Final[dict[str, Command]] = {
    "login.list": Command(
        args=LoginsArgs,
        result=list[LoginInfo],
        permission=Permission.LOGIN_READ,
        scope=on_account,
        run=_list,
        route=Route("GET", "/accounts/{address}/logins"),
    ),
    "login.own": Command(
        args=OwnLoginsArgs,
        result=list[LoginInfo],
        permission=Permission.OWN,
        scope=on_node,
        run=_own,
        route=Route("GET", "/own/logins"),
    ),
    "account.compromised": Command(
        args=AddressArgs,
        result=LockInfo,
        permission=Permission.ACCOUNT_SUSPEND,
        scope=on_account,
        run=_lock,
        route=Route("POST", "/accounts/{address}/compromised"),
    ),
    "account.trust": Command(
        args=AddressArgs,
        result=LockInfo,
        permission=Permission.ACCOUNT_PASSWORD,  # the password of before opens it again
        scope=on_account,
        is_dangerous=True,
        takes_two=OPENS_AGAIN,
        run=_trust,
        route=Route("POST", "/accounts/{address}/trust"),
    ),
}
