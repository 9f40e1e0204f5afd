import json
from typing import Any

import pytest

from skrytka.mail.admin.admin import Admin
from skrytka.mail.admin.base import AdminDeps
from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.mail.admin.commands.run import run_command
from skrytka.mail.identity.openid.links import PROVIDED
from skrytka.mail.identity.verifier import decode_verifier
from skrytka.model.actor import LOCAL_ROOT
from skrytka.model.ids import AccountId
from skrytka.model.settings import Provider
from skrytka.store.sql import directory
from tests.unit.mail.admin.commands.test_run import nothing
from tests.unit.mail.world import World

CORP = Provider(name="corp", issuer="https://login.example.org", client_id="skrytka", domains=("Example.test",))


async def ask(world: World, command: str, **args: Any) -> Any:
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
    return await run_command(CommandDeps(admin=Admin(deps)), request, LOCAL_ROOT, nothing)


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
