import json
from typing import Any

import pytest

from skrytka.mail.admin.admin import Admin
from skrytka.mail.admin.base import AdminDeps
from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.mail.admin.commands.run import run_command
from skrytka.mail.identity.openid.links import PROVIDED
from skrytka.mail.identity.verifier import decode_verifier
from skrytka.model.actor import LOCAL_ROOT, AccessRole, Actor, Grant
from skrytka.model.ids import AccountId
from skrytka.model.settings import Provider
from skrytka.store.sql import access, directory
from tests.unit.mail.admin.commands.test_access import person
from tests.unit.mail.admin.commands.test_run import nothing
from tests.unit.mail.world import World

CORP = Provider(name="corp", issuer="https://login.example.org", client_id="skrytka", domains=("Example.test",))


async def ask(world: World, command: str, *, actor: Actor = LOCAL_ROOT, **args: Any) -> Any:
    deps = AdminDeps(
        store=world.store,
        keys=world.keys,
        passwords=world.passwords,
        events=world.events,
        clock=world.clock,
        random=world.random,
        providers=(CORP,),
    )
    request = json.dumps({"command": command, "args": args}).encode()
    return await run_command(CommandDeps(admin=Admin(deps)), request, actor, nothing)


async def test_an_account_is_made_that_waits_for_a_provider(world: World) -> None:
    assert not (await ask(world, "provider.account.add", provider="corp", address="dora@example.test")).error
    account = AccountId((await world.admin.accounts.show("dora@example.test")).account)
    (row,) = await world.store.read(directory.credentials(account))
    assert decode_verifier(row.verifier).stored == PROVIDED + CORP.issuer


@pytest.mark.parametrize(
    ("provider", "address", "error"),
    [
        ("other", "dora@example.test", "no_such_object"),
        ("corp", "dora@other.test", "not_permitted"),
        ("corp", "alice@example.test", "already_exists"),
    ],
)
async def test_what_is_not_the_providers_is_refused(world: World, provider: str, address: str, error: str) -> None:
    assert (await ask(world, "provider.account.add", provider=provider, address=address)).error == error


async def test_links_are_shown_and_ended(world: World) -> None:
    assert not (await ask(world, "account.links", address="alice@example.test")).error
    gone = await ask(world, "account.unlink", address="alice@example.test", issuer=CORP.issuer)
    assert gone.error == "no_such_object"


async def test_who_made_it_from_elsewhere_has_a_hand_in_it(world: World) -> None:
    admin = await person(world, "admin", Grant(AccessRole.SYSTEM_ADMIN))
    for address, actor, by in (("dora@example.test", LOCAL_ROOT, []), ("ewa@example.test", admin, [admin.account])):
        assert not (await ask(world, "provider.account.add", actor=actor, provider="corp", address=address)).error
        account = AccountId((await world.admin.accounts.show(address)).account)
        assert [hand.actor for hand in await world.store.read(access.hands(account))] == by
