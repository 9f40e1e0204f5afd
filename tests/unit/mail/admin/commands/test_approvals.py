from skrytka.model.actor import LOCAL_ROOT, AccessRole, Grant
from skrytka.model.events import ApprovalChanged
from tests.unit.mail.admin.commands.test_access import person
from tests.unit.mail.admin.commands.test_run import ask
from tests.unit.mail.world import World

WHY, SEEN = "he left in spring", "we keep him for now"


async def test_what_was_asked_for_is_seen_decided_and_on_record(world: World) -> None:
    admin = await person(world, "admin", Grant(AccessRole.SYSTEM_ADMIN))
    args = {"command": "account.remove", "args": {"address": "bob@example.test"}, "reason": WHY}
    asked = (await ask(world, admin, "approval.ask", **args)).result
    for command, more in (("approval.show", {"id": asked.id}), ("approval.list", {}), ("approval.own", {})):
        found = (await ask(world, admin, command, **more)).result
        assert (found[0] if isinstance(found, list) else found) == asked, command
    refused = await ask(world, LOCAL_ROOT, "approval.decide", id=asked.id, reason=SEEN, is_approved=False)
    assert (refused.result.state, refused.result.decision) == ("refused", SEEN)
    events = [event for event in world.events.events if isinstance(event, ApprovalChanged)]
    assert [(event.actor, event.action, event.reason) for event in events] == [
        ("admin@example.test", "ask", WHY),
        ("local root", "refuse", SEEN),
    ]
    assert {(event.approval, event.command, event.object) for event in events} == {
        (asked.id, "account.remove", "bob@example.test")
    }


async def test_what_is_not_there_is_not_shown(world: World) -> None:
    assert (await ask(world, LOCAL_ROOT, "approval.show", id="0" * 26)).error == "no_such_object"
    assert (await ask(world, LOCAL_ROOT, "approval.own")).error == "not_permitted"
