"""Who may not, does not; what he may not see, is not there."""

from typing import Any

import msgspec
import pytest

from skrytka.mail.admin.commands import run
from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.mail.admin.commands.run import Answer, refusal, run_command, secret_hook
from skrytka.mail.identity.permissions import Permission, may
from skrytka.mail.identity.types import FRESH_S
from skrytka.model.actor import LOCAL_ROOT, AccessRole, Actor, Grant
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import CommandDone
from skrytka.model.secret import Secret
from tests.unit.mail.identity.test_four_eyes import add_factor
from tests.unit.mail.world import World

NOBODY = Actor("nobody")
DOMAIN_ADMIN = Actor("dora", grants=(Grant(AccessRole.DOMAIN_ADMIN, "example.test"),))
HELP_DESK = Actor("hugo", grants=(Grant(AccessRole.HELP_DESK),))


async def nothing(text: str) -> None:
    raise AssertionError(text)


async def ask(world: World, actor: Actor, command: str, /, **args: object) -> Answer:
    request = msgspec.json.encode({"command": command, "args": args})
    return await run_command(CommandDeps(admin=world.admin), request, actor, nothing)


def names(answer: Answer) -> list[str]:
    assert answer.ok, answer
    return [getattr(row, "address", None) or row.name for row in answer.result]


@pytest.mark.parametrize("command", ["account.list", "alias.list", "domain.list"])
async def test_a_list_shows_what_is_in_one_s_own_domains(world: World, command: str) -> None:
    assert {name.rpartition("@")[2] for name in names(await ask(world, DOMAIN_ADMIN, command))} == {"example.test"}
    assert "other.test" in {name.rpartition("@")[2] for name in names(await ask(world, LOCAL_ROOT, command))} or (
        command == "alias.list"
    )
    assert (await ask(world, NOBODY, command)).error == "not_permitted"


async def test_the_domain_of_somebody_else_is_answered_like_one_that_is_not_there(world: World) -> None:
    there = await ask(world, DOMAIN_ADMIN, "account.list", domain="other.test")
    gone = await ask(world, DOMAIN_ADMIN, "account.list", domain="gone.test")
    assert there == gone
    assert there.error == "no_such_object"


REFUSED: list[tuple[Actor, str, dict[str, Any], str]] = [
    (DOMAIN_ADMIN, "account.suspend", {"address": "carol@other.test"}, "no_such_object"),
    (DOMAIN_ADMIN, "account.suspend", {"address": "nobody@other.test"}, "no_such_object"),
    (DOMAIN_ADMIN, "account.add", {"address": "x@other.test", "password": "x"}, "no_such_object"),
    (DOMAIN_ADMIN, "account.add", {"address": "x@example.test", "password": "x", "is_admin": True}, "not_permitted"),
    (DOMAIN_ADMIN, "domain.add", {"domain": "new.test"}, "not_permitted"),
    (DOMAIN_ADMIN, "domain.remove", {"domain": "example.test"}, "not_permitted"),
    (DOMAIN_ADMIN, "queue.list", {}, "not_permitted"),
    (DOMAIN_ADMIN, "dkim.check", {}, "not_permitted"),
    (DOMAIN_ADMIN, "trace", {"what": "carol@other.test"}, "no_such_object"),
    (DOMAIN_ADMIN, "trace", {"what": "0" * 26}, "not_permitted"),
    (HELP_DESK, "account.quota", {"address": "alice@example.test", "quota_bytes": 1}, "not_permitted"),
    (HELP_DESK, "alias.add", {"address": "@example.test", "targets": ["alice@example.test"]}, "not_permitted"),
]


@pytest.mark.parametrize(("actor", "command", "args", "error"), REFUSED)
async def test_what_is_not_one_s_own_is_out_of_reach(
    world: World, actor: Actor, command: str, args: dict[str, Any], error: str
) -> None:
    assert (await ask(world, actor, command, **args)).error == error
    assert not world.events.events


async def test_what_is_one_s_own_is_done_under_one_s_name(world: World) -> None:
    assert (await ask(world, DOMAIN_ADMIN, "account.add", address="x@EXAMPLE.test", password="long enough")).ok
    assert {getattr(event, "actor", "") for event in world.events.events} == {"dora"}


def test_a_refusal_has_words() -> None:
    assert refusal(PermanentError(Reason.NO_SUCH_USER)).detail == "no such user"
    assert refusal(PermanentError(Reason.NO_SUCH_USER, "there is no x")).detail == "there is no x"


def test_only_passwords_are_made_secret() -> None:
    made = secret_hook(Secret, "x")
    assert isinstance(made, Secret)
    for kind, value in ((Secret, 7), (int, "x")):
        with pytest.raises(ValueError, match="not a"):
            secret_hook(kind, value)


async def test_what_is_dangerous_wants_a_fresh_proof(world: World) -> None:
    fresh = Actor("hugo", grants=HELP_DESK.grants, stepped_up_at_ms=world.clock.now_ms())
    asked = {"address": "alice@example.test", "password": "a much longer one"}
    await add_factor(world, await world.account("alice"))
    assert (await ask(world, HELP_DESK, "account.password", **asked)).error == "step_up_needed"
    assert (await ask(world, fresh, "account.password", **asked)).ok
    world.clock.advance(FRESH_S + 1)
    stale = await ask(world, fresh, "account.password", **asked)
    assert (stale.error, "session/proof" in stale.mend) == ("step_up_needed", True)
    to_come = msgspec.structs.replace(fresh, stepped_up_at_ms=world.clock.now_ms() + 1)  # the clock was set back since
    assert (await ask(world, to_come, "account.password", **asked)).error == "step_up_needed"


async def test_to_make_an_administrator_wants_a_fresh_proof(world: World) -> None:
    admin = Actor("admin", grants=LOCAL_ROOT.grants)
    asked = {"address": "x@example.test", "password": "a much longer one", "is_admin": True}
    assert (await ask(world, admin, "account.add", **asked)).error == "step_up_needed"
    fresh = Actor("admin", grants=LOCAL_ROOT.grants, stepped_up_at_ms=world.clock.now_ms())
    assert (await ask(world, fresh, "account.add", **asked)).ok


async def test_nobody_acts_upon_who_can_do_more_than_he(world: World) -> None:
    fresh = Actor("hugo", grants=HELP_DESK.grants, stepped_up_at_ms=world.clock.now_ms())
    asked = {"address": "admin@example.test", "password": "a much longer one"}
    assert (await ask(world, fresh, "account.password", **asked)).error == "not_permitted"
    assert (await ask(world, DOMAIN_ADMIN, "account.suspend", address="admin@example.test")).error == "not_permitted"


async def test_a_change_is_an_event_with_what_was_before_and_is_after(world: World) -> None:
    assert (await ask(world, LOCAL_ROOT, "account.quota", address="Alice@example.test", quota_bytes=5)).ok
    (done,) = [event for event in world.events.events if isinstance(event, CommandDone)]
    assert (done.actor, done.action, done.object) == ("local root", "account.quota", "alice@example.test")
    assert [msgspec.json.decode(text)["quota_bytes"] for text in (done.before, done.after)] == [0, 5]
    await ask(world, LOCAL_ROOT, "account.password", address="alice@example.test", password="hidden and long")
    await ask(world, LOCAL_ROOT, "account.list")
    assert len([event for event in world.events.events if isinstance(event, CommandDone)]) == 2
    assert "hidden" not in str(world.events.events)


async def test_whatever_is_shown_once_is_in_no_event(world: World) -> None:
    for command in ("account.reset_password", "account.reset_factors"):
        made = (await ask(world, LOCAL_ROOT, command, address="alice@example.test")).result
        assert made.code
        assert made.code not in str(world.events.events)


@pytest.mark.parametrize(("actor", "count"), [(DOMAIN_ADMIN, 3), (LOCAL_ROOT, 4)])
async def test_a_long_list_is_looked_through_once_and_not_by_rights(
    world: World, monkeypatch: pytest.MonkeyPatch, actor: Actor, count: int
) -> None:
    asked: list[str | None] = []

    def counting(who: Actor, permission: Permission, domain: str | None) -> bool:
        asked.append(domain)
        return may(who, permission, domain)

    monkeypatch.setattr(run, "may", counting)
    assert len(names(await ask(world, actor, "account.list"))) == count
    assert len(asked) <= 1 + len(actor.grants)
