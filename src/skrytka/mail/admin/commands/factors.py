"""Second factors, who has to have one, and passwords that are to be set anew."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec

from skrytka.mail.admin.base import parse_address, parse_domain
from skrytka.mail.admin.commands.base import (
    NODE,
    RENEWS_THE_FACTORS,
    RENEWS_THE_PASSWORD,
    AddressArgs,
    Args,
    Command,
    NoArgs,
    Route,
    Scope,
    on_account,
    on_node,
)
from skrytka.mail.admin.mfa import ROLE_PREFIX
from skrytka.mail.admin.types import CodeMade, RuleInfo
from skrytka.mail.identity.factors import FactorState
from skrytka.mail.identity.permissions import Permission
from skrytka.store.access_rows import HandKind

Days = Annotated[int, msgspec.Meta(ge=0, le=3660)]


class RuleArgs(Args, frozen=True, kw_only=True):
    target: str  # role:NAME, a domain, or an address


class RequireArgs(RuleArgs, frozen=True, kw_only=True):
    grace_days: Days = 14


class ExemptArgs(Args, frozen=True, kw_only=True):
    address: str
    days: Annotated[int, msgspec.Meta(ge=1, le=366)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


def on_target(args: Any) -> Scope:
    """A role is everybody's affair."""
    if args.target.startswith(ROLE_PREFIX):
        return NODE
    if "@" in args.target:
        address = parse_address(args.target)
        return Scope(address.domain.name, address.key)
    return Scope(parse_domain(args.target).name)


FACTORS: Final[dict[str, Command]] = {
    "account.factors": Command(
        args=AddressArgs,
        result=FactorState,
        permission=Permission.FACTOR_READ,
        scope=on_account,
        run=lambda deps, args, _actor, _: deps.admin.factors.show(args.address),
        route=Route("GET", "/accounts/{address}/factors"),
    ),
    "account.reset_factors": Command(
        args=AddressArgs,
        result=CodeMade,
        permission=Permission.FACTOR_WRITE,
        scope=on_account,
        is_dangerous=True,
        run=lambda deps, args, actor, _: deps.admin.factors.reset(args.address, actor.name),
        route=Route("POST", "/accounts/{address}/factors/reset"),
        takes_two=RENEWS_THE_FACTORS,
        hand=HandKind.FACTORS,
    ),
    "account.reset_password": Command(
        args=AddressArgs,
        result=CodeMade,
        permission=Permission.ACCOUNT_PASSWORD,
        scope=on_account,
        is_dangerous=True,
        run=lambda deps, args, actor, _: deps.admin.factors.reset_password(args.address, actor.name),
        route=Route("POST", "/accounts/{address}/password/reset"),
        takes_two=RENEWS_THE_PASSWORD,
        hand=HandKind.PASSWORD,
    ),
    "account.distrust": Command(
        args=AddressArgs,
        result=CodeMade,
        permission=Permission.ACCOUNT_PASSWORD,
        scope=on_account,
        is_dangerous=True,
        run=lambda deps, args, actor, _: deps.admin.factors.distrust(args.address, actor.name),
        route=Route("POST", "/accounts/{address}/password/distrust"),
        takes_two=RENEWS_THE_PASSWORD,
        hand=HandKind.PASSWORD,
    ),
    "mfa.list": Command(
        args=NoArgs,
        result=Sequence[RuleInfo],
        permission=Permission.FACTOR_READ,
        scope=on_node,
        run=lambda deps, _args, _actor, _: deps.admin.mfa.list(),
        route=Route("GET", "/mfa"),
    ),
    "mfa.require": Command(
        args=RequireArgs,
        result=RuleInfo,
        permission=Permission.FACTOR_WRITE,
        scope=on_target,
        is_dangerous=True,
        run=lambda deps, args, actor, _: deps.admin.mfa.require(args.target, args.grace_days, actor.name),
        route=Route("PUT", "/mfa/{target}"),
    ),
    "mfa.exempt": Command(
        args=ExemptArgs,
        result=RuleInfo,
        permission=Permission.FACTOR_WRITE,
        scope=on_account,
        is_dangerous=True,
        run=lambda deps, args, actor, _: deps.admin.mfa.exempt(args.address, args.days, args.reason, actor.name),
        route=Route("POST", "/accounts/{address}/factors/exempt"),
    ),
    "mfa.drop": Command(
        args=RuleArgs,
        result=RuleInfo,
        permission=Permission.FACTOR_WRITE,
        scope=on_target,
        is_dangerous=True,
        run=lambda deps, args, actor, _: deps.admin.mfa.drop(args.target, actor.name),
        route=Route("DELETE", "/mfa/{target}"),
    ),
}
