"""What a row of the table of commands is made of."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from skrytka.mail.admin.admin import Admin
from skrytka.mail.admin.base import parse_address, parse_domain
from skrytka.mail.identity.four_eyes import Kind, Lock, TakesTwo
from skrytka.mail.identity.permissions import Permission
from skrytka.model.actor import Actor
from skrytka.model.secret import Secret
from skrytka.model.settings import Settings
from skrytka.store.access_rows import HandKind

if TYPE_CHECKING:
    from skrytka.mail.admin.commands.logins import Logins
    from skrytka.mail.admin.commands.reports import Reports

Progress = Callable[[str], Awaitable[None]]
Method = Literal["GET", "POST", "PUT", "DELETE"]


class Check(Protocol):
    """``store check``: recompute what is counted, and say what differs."""

    async def __call__(self, progress: Progress) -> object: ...


class Trace(Protocol):
    """``trace``: the events of a trace id or an address, in order of time."""

    async def __call__(self, what: str) -> object: ...


class Certificates(Protocol):
    """``cert``: what is served and ordered."""

    async def list(self) -> object: ...

    async def renew(self, name: str, tell: Progress, *, is_rolling: bool = False) -> object:
        """Order anew now; with the next key or not at all if ``is_rolling``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandDeps:
    """What commands work on; made by the composition root."""

    admin: Admin
    check: Check | None = None
    trace: Trace | None = None
    certificates: Certificates | None = None
    settings: Callable[[], Settings] | None = None
    logins: "Logins | None" = None
    reports: "Reports | None" = None


class Args(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all arguments; a field that is not known is an error."""


class NoArgs(Args, frozen=True, kw_only=True):
    """Nothing to say."""


class DomainArgs(Args, frozen=True, kw_only=True):
    domain: str


class OptionalDomainArgs(Args, frozen=True, kw_only=True):
    domain: str | None = None


class AddressArgs(Args, frozen=True, kw_only=True):
    address: str


class Scope(msgspec.Struct, frozen=True):
    """What a command touches: the server as a whole, a domain, or an account in it."""

    domain: str | None = None
    account: str | None = None  # Address.key; its domain is ``domain``
    is_listing: bool = False  # of all domains: rows of those that the actor may not see are left out


NODE = Scope()

# Why something takes two (``mail.identity.four_eyes``): a row of the table names one of these
OPENS_A_MAILBOX = TakesTwo(Kind.MAILBOX)
RENEWS_THE_PASSWORD = TakesTwo(Kind.MAILBOX, unless=Lock.FACTORS)
SETS_THE_PASSWORD = TakesTwo(Kind.MAILBOX, unless=Lock.FACTORS, instead="account.reset_password")
RENEWS_THE_FACTORS = TakesTwo(Kind.MAILBOX, unless=Lock.PASSWORD)
OPENS_AGAIN = TakesTwo(Kind.MAILBOX, unless=Lock.FACTORS, is_of_locked=True)
ERASES = TakesTwo(Kind.ERASE)


def on_node(_args: Args) -> Scope:
    """The server as a whole, or what is the actor's own."""
    return NODE


def on_domain(args: Any) -> Scope:
    """The domain that is named, as commands will parse it; PermanentError(BAD_SYNTAX)."""
    return Scope(parse_domain(args.domain).name)


def on_domain_or_node(args: Any) -> Scope:
    return NODE if args.domain is None else on_domain(args)


def on_domain_or_all(args: Any) -> Scope:
    """A list of one domain, or of all that the actor may see."""
    return Scope(is_listing=True) if getattr(args, "domain", None) is None else on_domain(args)


def on_account(args: Any) -> Scope:
    address = parse_address(args.address)
    return Scope(address.domain.name, address.key)


def on_address(args: Any) -> Scope:
    """An alias, ``@domain`` included; no account is meant."""
    if args.address.startswith("@"):
        return Scope(parse_domain(args.address[1:]).name)
    return Scope(parse_address(args.address).domain.name)


def args_text(args: Args, scope: Scope) -> bytes:
    """Arguments as JSON, always the same for the same, however the account is spelt; what is secret is left out."""
    if scope.account is not None and hasattr(args, "address"):
        args = msgspec.structs.replace(args, address=scope.account)
    return msgspec.json.encode(args, enc_hook=_hidden, order="sorted")


def _hidden(value: object) -> object:
    if isinstance(value, Secret):
        return ""
    raise TypeError(f"no JSON for {type(value).__name__}")


Run = Callable[[CommandDeps, Any, Actor, Progress], Awaitable[object]]


class Route(msgspec.Struct, frozen=True):
    """Where the REST API has it, below ``/api/v1``; ``{name}`` is a field of the arguments."""

    method: Method
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One row of the table."""

    args: type[Args]
    result: Any  # the type of what ``run`` returns
    permission: Permission
    scope: Callable[[Any], Scope]
    run: Run
    route: Route
    before: Callable[[CommandDeps, Any], Awaitable[object]] | None = None  # what it is about to change, for the event
    row_domain: Callable[[Any], str] | None = None  # of a listing: whose domain a row is
    also: Callable[[Any], Permission | None] | None = None  # another permission, on the whole server, that args need
    is_dangerous: bool = False  # wants a proof of identity that is fresh
    is_slow: bool = False  # it waits for others or reads all there is: no other change waits for it
    takes_two: TakesTwo | None = None  # wants the approval of a second person, unless the actor is on this machine
    hand: HandKind | None = None  # what its actor has done to the account then


def of_address(row: Any) -> str:
    """``Command.row_domain`` of rows with an address."""
    return str(row.address).rpartition("@")[2]
