"""Whose mailbox is opened to whom: local root alone, or two people."""

from skrytka.model.actor import LOCAL_ROOT, AccessRole, Actor, Grant
from tests.unit.mail.admin.commands.test_access import person
from tests.unit.mail.admin.commands.test_mail_programs import run
from tests.unit.mail.admin.commands.test_second_person import ADMIN, OFFICER, asked, decide, fresh, give
from tests.unit.mail.world import World

ALICE, BOB = "alice@example.test", "bob@example.test"
SHARE = {"address": ALICE, "delegate": BOB, "mailbox": "INBOX", "rights": "lr"}
PLACE = {"address": ALICE, "delegate": BOB, "mailbox": "INBOX"}


async def test_local_root_shares_alone(world: World) -> None:
    assert (await run(world, "delegation.mailbox.add", LOCAL_ROOT, **SHARE)).result.rights == "lr"
    assert [row.mailbox for row in (await run(world, "delegation.list", address=BOB)).result] == ["INBOX"]
    assert (await run(world, "delegation.mailbox.remove", LOCAL_ROOT, **PLACE)).ok


async def test_an_administrator_needs_somebody_who_agrees(world: World) -> None:
    admin, officer = await give(world, "admin", ADMIN), await give(world, "bob", OFFICER)
    refused = await run(world, "delegation.mailbox.add", admin, **SHARE)
    assert refused.error == "approval_needed"
    approval = await asked(world, admin, "delegation.mailbox.add", **SHARE)
    assert (await decide(world, await fresh(world, officer), approval)).ok
    admin = await fresh(world, admin)
    other = await run(world, "delegation.mailbox.add", admin, **SHARE | {"mailbox": "*"})
    assert other.error == "approval_needed"  # he agreed to that mailbox and no other
    assert (await run(world, "delegation.mailbox.add", admin, **SHARE)).ok
    assert (await run(world, "delegation.mailbox.add", admin, **SHARE)).error == "approval_needed"
    assert (await run(world, "delegation.mailbox.remove", admin, **PLACE)).ok  # that takes one


async def test_an_administrator_of_a_domain_shares_inside_it(world: World) -> None:
    admin = await person(world, "admin", Grant(AccessRole.DOMAIN_ADMIN, "example.test"))
    elsewhere = Actor("admin@other.test", grants=(Grant(AccessRole.DOMAIN_ADMIN, "other.test"),))
    assert (await run(world, "delegation.mailbox.add", admin, **SHARE)).error == "approval_needed"
    assert (await run(world, "delegation.mailbox.add", elsewhere, **SHARE)).error == "no_such_object"
    assert (await run(world, "delegation.mailbox.remove", elsewhere, **PLACE)).error == "no_such_object"
