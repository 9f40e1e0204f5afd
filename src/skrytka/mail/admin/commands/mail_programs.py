"""What mail programs log in with beside the password, what an account may do, and who acts for it."""

from typing import Annotated, Any, Final

import msgspec

from skrytka.mail.admin.access import ControlInfo, DelegationInfo
from skrytka.mail.admin.app_passwords import AppPasswordInfo, AppPasswordMade, AppPasswordsGone, ClientCertificateInfo
from skrytka.mail.admin.base import parse_address
from skrytka.mail.admin.commands.base import (
    OPENS_A_MAILBOX,
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
from skrytka.mail.identity.permissions import Permission, demand
from skrytka.model.actor import Actor
from skrytka.model.errors import PermanentError, Reason
from skrytka.store.access_rows import HandKind

DAYS_MAX: Final = 3660


class AppPasswordAddArgs(Args, frozen=True, kw_only=True):
    address: str
    name: str
    services: tuple[str, ...] = ()  # imap, smtp, pop3, sieve; empty: all
    networks: tuple[str, ...] = ()  # empty: from everywhere
    days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)] | None = None  # null: it does not expire


class OwnAppPasswordAddArgs(Args, frozen=True, kw_only=True):
    """As AppPasswordAddArgs, of one's own."""

    name: str
    services: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)] | None = None


class OwnAppPasswordArgs(Args, frozen=True, kw_only=True):
    number: Annotated[int, msgspec.Meta(ge=1)]


class AppPasswordArgs(Args, frozen=True, kw_only=True):
    address: str
    number: Annotated[int, msgspec.Meta(ge=1)]


class CertificateAddArgs(Args, frozen=True, kw_only=True):
    address: str
    certificate: str  # PEM, or its SHA-256 fingerprint


class FingerprintArgs(Args, frozen=True, kw_only=True):
    address: str
    fingerprint: str


class ControlArgs(Args, frozen=True, kw_only=True):
    address: str
    control: ControlInfo


class DelegationArgs(Args, frozen=True, kw_only=True):
    address: str  # in whose name
    delegate: str
    kind: str  # send_as, on_behalf


async def _app_password_add(deps: CommandDeps, args: AppPasswordAddArgs, actor: Actor, _progress: Progress) -> object:
    return await deps.admin.app_passwords.add(
        args.address, args.name, actor.name, services=args.services, networks=args.networks, days=args.days
    )


async def _app_password_remove(deps: CommandDeps, args: Any, actor: Actor, _progress: Progress) -> object:
    return await deps.admin.app_passwords.remove(args.address, getattr(args, "number", None), actor.name)


async def _own_address(deps: CommandDeps, actor: Actor) -> str:
    if actor.account is None:
        raise PermanentError(Reason.NOT_PERMITTED, f"{actor.name} has no account here")
    return (await deps.admin.accounts.address_of(actor.account)).key


async def _own_list(deps: CommandDeps, _args: NoArgs, actor: Actor, _progress: Progress) -> object:
    return await deps.admin.app_passwords.list(await _own_address(deps, actor))


async def _own_add(deps: CommandDeps, args: OwnAppPasswordAddArgs, actor: Actor, _progress: Progress) -> object:
    address = await _own_address(deps, actor)
    return await deps.admin.app_passwords.add(
        address, args.name, actor.name, services=args.services, networks=args.networks, days=args.days
    )


async def _own_remove(deps: CommandDeps, args: OwnAppPasswordArgs, actor: Actor, _progress: Progress) -> object:
    return await deps.admin.app_passwords.remove(await _own_address(deps, actor), args.number, actor.name)


async def _delegation_add(deps: CommandDeps, args: DelegationArgs, actor: Actor, _progress: Progress) -> object:
    """Somebody of a domain where the actor may not look is nobody to him."""
    demand(actor, Permission.ACCESS_READ, parse_address(args.delegate).domain.name)
    return await deps.admin.access.delegate(args.address, args.delegate, args.kind, actor.name)


MAIL_PROGRAMS: Final[dict[str, Command]] = {
    "app_password.add": Command(
        args=AppPasswordAddArgs,
        result=AppPasswordMade,
        permission=Permission.CREDENTIAL_WRITE,
        scope=on_account,
        run=_app_password_add,
        route=Route("POST", "/accounts/{address}/app-passwords"),
        is_dangerous=True,
        takes_two=OPENS_A_MAILBOX,
        hand=HandKind.PROGRAM,
    ),
    "app_password.list": Command(
        args=AddressArgs,
        result=list[AppPasswordInfo],
        permission=Permission.CREDENTIAL_READ,
        scope=on_account,
        run=lambda deps, args, _actor, _: deps.admin.app_passwords.list(args.address),
        route=Route("GET", "/accounts/{address}/app-passwords"),
    ),
    "app_password.remove": Command(
        args=AppPasswordArgs,
        result=AppPasswordsGone,
        permission=Permission.CREDENTIAL_REVOKE,
        scope=on_account,
        run=_app_password_remove,
        route=Route("DELETE", "/accounts/{address}/app-passwords/{number}"),
    ),
    "app_password.remove_all": Command(
        args=AddressArgs,
        result=AppPasswordsGone,
        permission=Permission.CREDENTIAL_REVOKE,
        scope=on_account,
        run=_app_password_remove,
        route=Route("DELETE", "/accounts/{address}/app-passwords"),
    ),
    "app_password.own": Command(
        args=NoArgs,
        result=list[AppPasswordInfo],
        permission=Permission.OWN,
        scope=on_node,
        run=_own_list,
        route=Route("GET", "/own/app-passwords"),
    ),
    "app_password.own.add": Command(
        args=OwnAppPasswordAddArgs,
        result=AppPasswordMade,
        permission=Permission.OWN,
        scope=on_node,
        run=_own_add,
        route=Route("POST", "/own/app-passwords"),
        is_dangerous=True,
    ),
    "app_password.own.remove": Command(
        args=OwnAppPasswordArgs,
        result=AppPasswordsGone,
        permission=Permission.OWN,
        scope=on_node,
        run=_own_remove,
        route=Route("DELETE", "/own/app-passwords/{number}"),
    ),
    "certificate.login.add": Command(
        args=CertificateAddArgs,
        result=ClientCertificateInfo,
        permission=Permission.CREDENTIAL_WRITE,
        scope=on_account,
        run=lambda deps, args, actor, _: deps.admin.app_passwords.add_certificate(
            args.address, args.certificate, actor.name
        ),
        route=Route("POST", "/accounts/{address}/certificates"),
        is_dangerous=True,
        takes_two=OPENS_A_MAILBOX,
        hand=HandKind.PROGRAM,
    ),
    "certificate.login.list": Command(
        args=AddressArgs,
        result=tuple[ClientCertificateInfo, ...],
        permission=Permission.CREDENTIAL_READ,
        scope=on_account,
        run=lambda deps, args, _actor, _: deps.admin.app_passwords.certificates(args.address),
        route=Route("GET", "/accounts/{address}/certificates"),
    ),
    "certificate.login.remove": Command(
        args=FingerprintArgs,
        result=ClientCertificateInfo,
        permission=Permission.CREDENTIAL_REVOKE,
        scope=on_account,
        run=lambda deps, args, actor, _: deps.admin.app_passwords.remove_certificate(
            args.address, args.fingerprint, actor.name
        ),
        route=Route("DELETE", "/accounts/{address}/certificates/{fingerprint}"),
    ),
    "account.control": Command(
        args=AddressArgs,
        result=ControlInfo,
        permission=Permission.ACCESS_READ,
        scope=on_account,
        run=lambda deps, args, _actor, _: deps.admin.access.control(args.address),
        route=Route("GET", "/accounts/{address}/control"),
    ),
    "account.control.set": Command(
        args=ControlArgs,
        result=ControlInfo,
        permission=Permission.ACCESS_WRITE,
        scope=on_account,
        run=lambda deps, args, actor, _: deps.admin.access.set_control(args.address, args.control, actor),
        route=Route("PUT", "/accounts/{address}/control"),
        is_dangerous=True,
    ),
    "delegation.add": Command(
        args=DelegationArgs,
        result=DelegationInfo,
        permission=Permission.ACCESS_WRITE,
        scope=on_account,
        run=_delegation_add,
        route=Route("POST", "/accounts/{address}/delegations"),
        is_dangerous=True,
    ),
    "delegation.list": Command(
        args=AddressArgs,
        result=list[DelegationInfo],
        permission=Permission.ACCESS_READ,
        scope=on_account,
        run=lambda deps, args, _actor, _: deps.admin.sharing.list(args.address),
        route=Route("GET", "/accounts/{address}/delegations"),
    ),
    "delegation.remove": Command(
        args=DelegationArgs,
        result=DelegationInfo,
        permission=Permission.ACCESS_WRITE,
        scope=on_account,
        run=lambda deps, args, actor, _: deps.admin.access.undelegate(
            args.address, args.delegate, args.kind, actor.name
        ),
        route=Route("DELETE", "/accounts/{address}/delegations/{delegate}/{kind}"),
    ),
}
