import pytest

from skrytka.mail.identity.duty import ROLES, Duty, duty_of, is_administrator, next_change_ms, roles_of
from skrytka.model.actor import AccessRole
from skrytka.model.ids import AccountId
from skrytka.store.access_rows import GrantRow
from skrytka.store.factor_rows import RuleRow, RuleScope

NOW, DAY = 1_000_000, 100
ALICE = "alice@example.org"


def rule(
    scope: str, subject: str, *, required: bool = True, grace: int = 0, until: int | None = None, at: int = 0
) -> RuleRow:
    return RuleRow(RuleScope(scope), subject, required, grace, until, at)


USER = rule("role", "user", grace=5 * DAY)
ADMIN = rule("role", "system_admin")
DOMAIN = rule("domain", "example.org", grace=2 * DAY)
OWN = rule("account", ALICE, grace=DAY)
EXEMPT = rule("account", ALICE, required=False, until=NOW + 1)
EXPIRED = rule("account", ALICE, required=False, until=NOW)


@pytest.mark.parametrize(
    ("rules", "roles", "expected"),
    [
        ([], {"user"}, None),
        ([USER], {"user"}, Duty(700, "role user")),
        ([ADMIN], {"user"}, None),
        ([ADMIN, USER], {"user", "system_admin"}, Duty(200, "role system_admin")),
        ([USER, DOMAIN], {"user"}, Duty(400, "domain example.org")),
        ([USER, DOMAIN, OWN], {"user"}, Duty(300, f"account {ALICE}")),
        ([USER, DOMAIN, EXEMPT], {"user"}, None),
        ([USER, DOMAIN, EXEMPT], {"user", "domain_admin"}, Duty(400, "domain example.org")),
        ([DOMAIN, rule("account", ALICE, grace=3660 * DAY)], {"user"}, Duty(400, "domain example.org")),
        ([USER, EXPIRED], {"user"}, Duty(700, "role user")),
        ([rule("domain", "example.net"), rule("account", "bob@example.org")], {"user"}, None),
        ([rule("domain", "example.org", at=900)], {"user"}, Duty(900, "domain example.org")),
    ],
)
def test_the_duty_of_an_account(rules: list[RuleRow], roles: set[str], expected: Duty | None) -> None:
    assert duty_of(ALICE, roles, 200, rules, NOW) == expected


def test_a_duty_begins_when_its_grace_ends() -> None:
    duty = Duty(700, "role user")
    assert [duty.is_due(at) for at in (0, 699, 700, 701)] == [False, False, True, True]


def test_what_was_read_holds_until_the_next_exception_ends() -> None:
    assert next_change_ms([USER, EXEMPT, EXPIRED], NOW) == NOW + 1
    assert next_change_ms([USER, EXPIRED], NOW) is None


def test_roles_are_those_that_access_knows() -> None:
    given = [GrantRow(AccountId(1), ALICE, "help_desk", "example.org", 0)]
    assert roles_of([], is_admin=False) == {AccessRole.USER.value}
    assert roles_of(given, is_admin=True) == {"user", "system_admin", "help_desk"}
    assert [is_administrator(roles) for roles in ({"user"}, {"user", "auditor"})] == [False, True]
    assert set(ROLES) == {role.value for role in AccessRole} - {"service"}
