import pytest

from skrytka.mail.admin.commands.approval_ask import ASKABLE
from skrytka.mail.admin.commands.table import COMMANDS
from skrytka.model.actor import LOCAL_ROOT, AccessRole, Grant
from skrytka.model.secret import Secret
from tests.unit.mail.admin.commands.test_access import DOMAIN_ADMIN, person
from tests.unit.mail.admin.commands.test_run import ask
from tests.unit.mail.world import World

WANTED = {"command": "account.remove", "args": {"address": "Bob@example.test"}, "reason": "he left in spring"}


def test_what_takes_two_has_no_secret_in_its_arguments() -> None:
    assert "account.remove" in ASKABLE
    for command in ASKABLE.values():
        assert Secret not in command.args.__annotations__.values()


async def test_an_account_is_removed_by_two(world: World) -> None:
    alice = await person(world, "alice", DOMAIN_ADMIN)
    officer = await person(world, "admin", Grant(AccessRole.SECURITY_OFFICER))
    removal = {"address": "Bob@example.test"}
    assert (await ask(world, alice, "account.remove", **removal)).error == "approval_needed"
    asked = (await ask(world, alice, "approval.ask", **WANTED)).result
    answer = {"id": asked.id, "reason": "seen in the office", "is_approved": True}
    assert (await ask(world, alice, "approval.decide", **answer)).error == "not_permitted"
    assert (await ask(world, officer, "approval.decide", **answer)).ok
    assert [info.state for info in (await ask(world, officer, "approval.list")).result] == ["approved"]
    assert (await ask(world, alice, "account.remove", **removal)).ok
    done = [event for event in world.events.events if type(event).__name__ == "CommandDone"]
    assert [event.action for event in done] == ["approval.ask", "approval.decide", "account.remove"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"command": "account.suspend"}, "unsupported"),
        ({"command": "nothing"}, "unsupported"),
        ({"command": "account.password", "args": {"address": "bob@example.test", "password": "x"}}, "unsupported"),
        ({"args": {"address": "nobody@example.test"}}, "no_such_user"),
        ({"args": {}}, "bad_syntax"),
        ({"args": {"address": "bob@example.test", "more": "x"}}, "bad_syntax"),
        ({"args": {"address": "carol@other.test"}}, "no_such_object"),
        ({"reason": "x"}, "bad_syntax"),
    ],
)
async def test_what_cannot_be_done_is_not_asked_for(world: World, changes: dict[str, object], error: str) -> None:
    alice = await person(world, "alice", DOMAIN_ADMIN)
    assert (await ask(world, alice, "approval.ask", **(WANTED | changes))).error == error


def test_whatever_takes_two_can_be_asked_for() -> None:
    found = {name: command.takes_two for name, command in COMMANDS.items() if command.takes_two}
    assert {name for name, two in found.items() if not two.instead} == set(ASKABLE)
    assert {two.instead for two in found.values()} - {""} <= set(ASKABLE)


async def test_an_app_password_for_somebody_else_is_made_by_two(world: World) -> None:
    admin = await person(world, "admin", Grant(AccessRole.SYSTEM_ADMIN))
    given = {"address": "alice@example.test", "role": "security_officer"}
    assert (await ask(world, LOCAL_ROOT, "role.give", **given)).ok
    officer = await person(world, "alice", Grant(AccessRole.SECURITY_OFFICER))
    wanted = {"address": "bob@example.test", "name": "scanner", "services": ["smtp"], "days": 30}
    assert (await ask(world, admin, "app_password.add", **wanted)).error == "approval_needed"
    matter = {"command": "app_password.add", "args": wanted, "reason": "the scanner sends in his name"}
    asked = (await ask(world, admin, "approval.ask", **matter)).result
    answer = {"id": asked.id, "reason": "he asked for it himself", "is_approved": True}
    assert (await ask(world, officer, "approval.decide", **answer)).ok
    assert (await ask(world, admin, "app_password.add", **(wanted | {"days": 300}))).error == "approval_needed"
    assert (await ask(world, admin, "app_password.add", **wanted)).ok


async def test_an_approval_is_for_the_account_however_somebody_spells_it(world: World) -> None:
    alice = await person(world, "alice", DOMAIN_ADMIN)
    officer = await person(world, "admin", Grant(AccessRole.SECURITY_OFFICER))
    asked = (await ask(world, alice, "approval.ask", **WANTED)).result
    assert asked.args == '{"address":"bob@example.test"}'
    assert (await ask(world, officer, "approval.decide", id=asked.id, reason="seen in the office", is_approved=True)).ok
    assert (await ask(world, alice, "account.remove", address="BOB@Example.test")).ok


async def test_one_text_where_a_list_is_wanted_is_a_list_of_one(world: World) -> None:
    admin = await person(world, "admin", Grant(AccessRole.SYSTEM_ADMIN))
    wanted = {"address": "bob@example.test", "name": "scanner", "services": "smtp", "days": "30"}
    matter = {"command": "app_password.add", "args": wanted, "reason": "the scanner sends in his name"}
    asked = (await ask(world, admin, "approval.ask", **matter)).result
    assert '"services":["smtp"]' in asked.args


async def test_who_cannot_ask_is_told_why(world: World) -> None:
    assert "nobody is asked" in (await ask(world, LOCAL_ROOT, "approval.ask", **WANTED)).detail
    admin = await person(world, "admin", Grant(AccessRole.SYSTEM_ADMIN))
    secret = {"command": "account.password", "args": {}}
    assert "ask for account.reset_password" in (await ask(world, admin, "approval.ask", **(WANTED | secret))).detail
    needed = await ask(world, admin, "account.remove", address="bob@example.test")
    assert "approval ask account.remove" in needed.detail
