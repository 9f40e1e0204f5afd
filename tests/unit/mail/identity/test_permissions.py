import pytest

from skrytka.mail.identity.permissions import ALLOWED, Permission, covers, demand, may, may_somewhere
from skrytka.model.actor import LOCAL_ROOT, AccessRole, Actor, Grant
from skrytka.model.errors import PermanentError, Reason


def actor(*grants: Grant, limited_to: frozenset[str] | None = None) -> Actor:
    return Actor("somebody", grants=grants, limited_to=limited_to)


HERE = Grant(AccessRole.DOMAIN_ADMIN, "example.test")
ALL = Grant(AccessRole.DOMAIN_ADMIN)
ROOT = Grant(AccessRole.SYSTEM_ADMIN)


def test_every_role_has_a_row() -> None:
    assert set(ALLOWED) == set(AccessRole)


def test_every_permission_is_somebody_s_and_local_root_has_all() -> None:
    assert all(may(LOCAL_ROOT, permission, None) for permission in Permission)


def test_only_the_system_administrator_makes_domains_and_keys() -> None:
    for permission in (Permission.API_KEY_WRITE, Permission.DOMAIN_WRITE, Permission.DNS_WRITE):
        assert {role for role, row in ALLOWED.items() if permission in row} == {AccessRole.SYSTEM_ADMIN}


def test_an_auditor_changes_nothing() -> None:
    kinds = {permission.value.rpartition(".")[2] for permission in ALLOWED[AccessRole.AUDITOR]}
    assert kinds == {"read", "ping", "own"}


def test_a_program_may_nothing_by_itself() -> None:
    assert ALLOWED[AccessRole.SERVICE] == {Permission.PING}


@pytest.mark.parametrize(
    ("who", "domain", "expected"),
    [
        (actor(), "example.test", False),
        (actor(HERE), "example.test", True),
        (actor(HERE), "other.test", False),
        (actor(HERE), None, False),
        (actor(ALL), "other.test", True),
        (actor(ALL), None, True),
        (actor(Grant(AccessRole.AUDITOR), HERE), "example.test", True),
        (actor(ALL, limited_to=frozenset({"alias.write"})), "example.test", False),
        (actor(ALL, limited_to=frozenset({"account.write"})), "example.test", True),
        (actor(limited_to=frozenset({"account.write"})), "example.test", False),
    ],
)
def test_a_grant_holds_where_it_was_given(who: Actor, domain: str | None, expected: bool) -> None:
    assert may(who, Permission.ACCOUNT_WRITE, domain) is expected


@pytest.mark.parametrize(
    ("who", "domain", "reason"),
    [
        (actor(HERE), "other.test", Reason.NO_SUCH_OBJECT),
        (actor(HERE), None, Reason.NOT_PERMITTED),
        (actor(), "other.test", Reason.NOT_PERMITTED),
        (actor(HERE, limited_to=frozenset()), "example.test", Reason.NOT_PERMITTED),
    ],
)
def test_what_is_elsewhere_is_not_there(who: Actor, domain: str | None, reason: Reason) -> None:
    with pytest.raises(PermanentError) as caught:
        demand(who, Permission.ACCOUNT_WRITE, domain)
    assert caught.value.reason is reason
    assert "other.test" not in caught.value.detail


def test_somewhere_is_anywhere_at_all() -> None:
    assert may_somewhere(actor(HERE), Permission.ACCOUNT_WRITE)
    assert not may_somewhere(actor(Grant(AccessRole.USER)), Permission.ACCOUNT_WRITE)
    assert not may_somewhere(actor(HERE, limited_to=frozenset()), Permission.ACCOUNT_WRITE)


@pytest.mark.parametrize(
    ("who", "given", "expected"),
    [
        (actor(ROOT), ALL, True),
        (actor(HERE), HERE, True),
        (actor(HERE), Grant(AccessRole.USER), False),
        (actor(HERE), Grant(AccessRole.USER, "example.test"), True),
        (actor(HERE), ALL, False),
        (actor(HERE), Grant(AccessRole.DOMAIN_ADMIN, "other.test"), False),
        (actor(Grant(AccessRole.HELP_DESK)), HERE, False),
        (actor(Grant(AccessRole.SECURITY_OFFICER)), ROOT, False),
    ],
)
def test_nobody_reaches_above_himself(who: Actor, given: Grant, expected: bool) -> None:
    assert covers(who, given) is expected
