import pytest

from skrytka.model.errors import PermanentError, Reason
from tests.unit.mail.world import ACTOR, World


async def test_an_alias_is_added_listed_and_removed(world: World) -> None:
    added = await world.admin.aliases.add("Info@Example.test", ["ALICE@example.test", "alice@example.test"], ACTOR)
    assert (added.address, added.kind, added.targets) == ("info@example.test", "alias", ("alice@example.test",))
    assert added in await world.admin.aliases.list()
    assert await world.admin.aliases.remove("info@example.test", ACTOR) == added
    assert added not in await world.admin.aliases.list()
    assert world.events.names() == ["DirectoryChanged", "DirectoryChanged"]


async def test_a_catch_all_is_written_with_an_at_sign_alone(world: World) -> None:
    added = await world.admin.aliases.add("@example.test", ["bob@example.test"], ACTOR)
    assert (added.address, added.kind) == ("@example.test", "catch_all")
    await world.admin.aliases.remove("@example.test", ACTOR)


@pytest.mark.parametrize("address", ["postmaster@example.test", "new@example.test", "@example.test"])
async def test_an_alias_is_led_elsewhere_in_one_command_or_made(world: World, address: str) -> None:
    led = await world.admin.aliases.set(address, ["alice@example.test", "bob@example.test"], ACTOR)
    assert led in await world.admin.aliases.list()
    led = await world.admin.aliases.set(address, ["bob@example.test"], ACTOR)
    assert led.targets == ("bob@example.test",)
    assert [row for row in await world.admin.aliases.list() if row.address == address] == [led]
    assert world.events.names() == ["DirectoryChanged", "DirectoryChanged"]


WRONG = [
    ("info@example.test", ["x@localhost"], Reason.NO_SUCH_DOMAIN),
    ("info@example.test", ["x@[192.0.2.1]"], Reason.BAD_SYNTAX),
    ("info@example.test", ["nobody@example.test"], Reason.NO_SUCH_USER),
    ("info@example.test", ["info@example.test"], Reason.BAD_SYNTAX),
    ("info@example.test", [], Reason.BAD_SYNTAX),
    ("info@example.test", ["no address"], Reason.BAD_SYNTAX),
    ("alice@example.test", ["bob@example.test"], Reason.ALREADY_EXISTS),
    ("info@example.net", ["bob@example.test"], Reason.NO_SUCH_DOMAIN),
    ("@", ["bob@example.test"], Reason.BAD_SYNTAX),
]


@pytest.mark.parametrize(("address", "targets", "reason"), WRONG)
async def test_what_cannot_be_an_alias_is_refused(
    world: World, address: str, targets: list[str], reason: Reason
) -> None:
    with pytest.raises(PermanentError) as caught:
        await world.admin.aliases.add(address, targets, ACTOR)
    assert caught.value.reason is reason
    with pytest.raises(PermanentError) as caught:
        await world.admin.aliases.set(address, targets, ACTOR)
    assert caught.value.reason is reason
    assert world.events.events == []


@pytest.mark.parametrize("address", ["alice@example.test", "nothing@example.test", "@example.test"])
async def test_only_aliases_are_removed_as_aliases(world: World, address: str) -> None:
    with pytest.raises(PermanentError) as caught:
        await world.admin.aliases.remove(address, ACTOR)
    assert caught.value.reason is Reason.NO_SUCH_OBJECT


async def test_targets_of_other_servers_keep_their_case(world: World) -> None:
    made = await world.admin.aliases.add("info@example.test", ["Bob@Example.NET", "Alice@example.test"], ACTOR)
    assert made.targets == ("Bob@example.net", "alice@example.test")
