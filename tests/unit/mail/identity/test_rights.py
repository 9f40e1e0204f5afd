import pytest

from skrytka.mail.identity.login import Login
from skrytka.mail.identity.rights import SenderRights
from skrytka.model.address import Address
from tests.unit.mail.world import ACTOR, World


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("alice@example.test", True),
        ("ALICE@Example.Test", True),
        ("alice+shop@example.test", True),
        ("sales@example.test", True),
        ("sales+eu@example.test", True),
        ("team@example.test", True),
        ("bob@example.test", False),
        ("bob+alice@example.test", False),
        ("other@example.test", False),
        ("nobody@example.test", False),
        ("alice@example.net", False),
    ],
)
async def test_an_account_sends_from_its_own_addresses(world: World, address: str, may: bool) -> None:
    await world.admin.aliases.add("sales@example.test", ["alice@example.test"], ACTOR)
    await world.admin.aliases.add("team@example.test", ["alice@example.test", "bob@example.test"], ACTOR)
    await world.admin.aliases.add("other@example.test", ["bob@example.test"], ACTOR)
    await world.admin.aliases.add("@example.test", ["alice@example.test"], ACTOR)
    login = Login(await world.account("alice"), Address.parse("alice@example.test"))
    assert await SenderRights(world.store).may_send_as(login, Address.parse(address)) is may


async def test_without_a_separator_there_are_no_subaddresses(world: World) -> None:
    login = Login(await world.account("alice"), Address.parse("alice@example.test"))
    rights = SenderRights(world.store, separator="")
    assert not await rights.may_send_as(login, Address.parse("alice+shop@example.test"))
    assert await rights.may_send_as(login, Address.parse("alice@example.test"))
