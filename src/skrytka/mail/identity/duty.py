"""Who has to have a second factor, and from when: rules of role, domain and account, with days of grace.

Any rule of the account, of his roles or his domain demands it, the one whose grace ends first: who may give an account
days of grace must not lift by it what others demand. An exception of the account goes before all until its day, but not
for who has a role. Administrators are always asked on the web, by no rule that could be dropped.
"""

from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from skrytka.model.actor import AccessRole
from skrytka.store.access_rows import GrantRow
from skrytka.store.factor_rows import RuleRow, RuleScope

ROLES: Final = tuple(role.value for role in AccessRole if role is not AccessRole.SERVICE)  # that rules may name


class Duty(msgspec.Struct, frozen=True):
    """A second factor is demanded."""

    due_at_ms: int  # from then on nothing opens without
    rule: str  # "role user", "domain example.org", "account alice@example.org", "administrator"

    def is_due(self, now_ms: int) -> bool:
        return now_ms >= self.due_at_ms


def roles_of(given: Iterable[GrantRow], *, is_admin: bool) -> frozenset[str]:
    """What the account is here for, wherever: everybody is a user."""
    own = {AccessRole.USER.value} | ({AccessRole.SYSTEM_ADMIN.value} if is_admin else set())
    return frozenset(own | {row.role for row in given})


def is_administrator(roles: Iterable[str]) -> bool:
    """Whether somebody may do more here than what is his own."""
    return any(role != AccessRole.USER.value for role in roles)


def duty_of(
    address: str, roles: Collection[str], created_at_ms: int, rules: Iterable[RuleRow], now_ms: int
) -> Duty | None:
    """The duty of the account with that address; None for none, now. Rules about others are passed over."""
    subjects = {(RuleScope.ACCOUNT, address), (RuleScope.DOMAIN, address.rpartition("@")[2])}
    subjects |= {(RuleScope.ROLE, role) for role in roles}
    about = [rule for rule in rules if (rule.scope, rule.subject) in subjects and _holds(rule, now_ms)]
    is_exempt = not all(rule.is_required for rule in about) and not is_administrator(roles)
    demanding = [] if is_exempt else [rule for rule in about if rule.is_required]
    duties = [
        Duty(max(rule.created_at_ms, created_at_ms) + rule.grace_ms, f"{rule.scope.value} {rule.subject}")
        for rule in demanding
    ]
    return min(duties, key=lambda duty: duty.due_at_ms, default=None)


def next_change_ms(rules: Iterable[RuleRow], now_ms: int) -> int | None:
    """When an exception ends by itself; what was read has to be read again then."""
    return min((rule.until_ms for rule in rules if rule.until_ms is not None and rule.until_ms > now_ms), default=None)


def _holds(rule: RuleRow, now_ms: int) -> bool:
    return rule.until_ms is None or now_ms < rule.until_ms
