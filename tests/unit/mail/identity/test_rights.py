import pytest

from skrytka.mail.admin.access import ControlInfo
from skrytka.mail.identity import rights as rights_module
from skrytka.mail.identity.directory import StoredCredentials
from skrytka.mail.identity.login import Login
from skrytka.mail.identity.rights import FIELD_BYTES_MAX, SenderRights
from skrytka.model.actor import LOCAL_ROOT
from skrytka.model.address import Address
from tests.unit.mail.world import ACTOR, World


def rights_of(world: World, separator: str = "+") -> SenderRights:
    return SenderRights(world.store, StoredCredentials(world.store, world.clock, world.random), separator=separator)


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
    assert await rights_of(world).may_send_as(login, Address.parse(address)) is may


async def test_without_a_separator_there_are_no_subaddresses(world: World) -> None:
    login = Login(await world.account("alice"), Address.parse("alice@example.test"))
    rights = rights_of(world, separator="")
    assert not await rights.may_send_as(login, Address.parse("alice+shop@example.test"))
    assert await rights.may_send_as(login, Address.parse("alice@example.test"))


class Asked:
    """Says of every field what it is told to, and remembers which ones."""

    def __init__(self) -> None:
        self.answer = True
        self.fields: list[bytes] = []

    async def __call__(self, field: bytes) -> bool:
        self.fields.append(field)
        return self.answer


async def test_a_field_is_proven_once_for_each_account_until_the_directory_changes(world: World) -> None:
    alice = Login(await world.account("alice"), Address.parse("alice@example.test"))
    bob = Login(await world.account("bob"), Address.parse("bob@example.test"))
    rights, asked = rights_of(world), Asked()
    for _ in range(2):
        assert await rights.are_proven(alice, b" sales@example.test\r\n", asked)
    assert len(asked.fields) == 1
    asked.answer = False
    assert not await rights.are_proven(bob, b" sales@example.test\r\n", asked)
    assert not await rights.are_proven(alice, b" Sales@example.test\r\n", asked)
    await world.admin.aliases.add("team@example.test", ["bob@example.test"], ACTOR)
    assert not await rights.are_proven(alice, b" sales@example.test\r\n", asked)


async def test_a_refusal_and_a_long_field_are_not_kept(world: World) -> None:
    alice = Login(await world.account("alice"), Address.parse("alice@example.test"))
    rights, asked = rights_of(world), Asked()
    asked.answer = False
    assert not await rights.are_proven(alice, b" a@example.test\r\n", asked)
    asked.answer = True
    assert await rights.are_proven(alice, b" a@example.test\r\n", asked)
    for _ in range(2):
        assert await rights.are_proven(alice, b"x" * (FIELD_BYTES_MAX + 1), asked)
    assert len(asked.fields) == 4


async def test_a_change_while_a_field_is_looked_at_is_seen(world: World) -> None:
    alice = Login(await world.account("alice"), Address.parse("alice@example.test"))
    rights, asked = rights_of(world), Asked()

    async def slow(field: bytes) -> bool:
        await world.admin.aliases.add("team@example.test", ["bob@example.test"], ACTOR)
        return await asked(field)

    for _ in range(2):
        assert await rights.are_proven(alice, b" a@example.test\r\n", slow if not asked.fields else asked)
    assert len(asked.fields) == 2


async def test_the_fields_that_are_kept_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rights_module, "FIELDS_MAX", 1)
    alice = Login(await world.account("alice"), Address.parse("alice@example.test"))
    rights, asked = rights_of(world), Asked()
    for field in (b"a", b"b", b"a"):
        assert await rights.are_proven(alice, field, asked)
    assert len(asked.fields) == 3


async def test_who_may_write_as_another_or_on_his_behalf(world: World) -> None:
    rights, alice = rights_of(world), Address.parse("alice@example.test")
    bob = Login(await world.account("bob"), Address.parse("bob@example.test"))
    assert (await rights.may_send_as(bob, alice), await rights.may_send_on_behalf(bob, alice)) == (False, False)
    await world.admin.access.delegate(str(alice), str(bob.address), "on_behalf", ACTOR)
    assert (await rights.may_send_as(bob, alice), await rights.may_send_on_behalf(bob, alice)) == (False, True)
    await world.admin.access.delegate(str(alice), str(bob.address), "send_as", ACTOR)
    assert await rights.may_send_as(bob, alice)
    assert await rights.may_send_as(bob, Address.parse("alice+shop@example.test"))
    await world.admin.access.undelegate(str(alice), str(bob.address), "send_as", ACTOR)
    assert not await rights.may_send_as(bob, alice)


async def test_named_senders_are_those_and_no_others(world: World) -> None:
    control = ControlInfo(senders=("news-*@example.test",))
    await world.admin.access.set_control("alice@example.test", control, LOCAL_ROOT)
    rights, alice = rights_of(world), Login(await world.account("alice"), Address.parse("alice@example.test"))
    assert await rights.may_send_as(alice, Address.parse("news-7@example.test"))
    assert await rights.may_send_on_behalf(alice, Address.parse("news-7@example.test"))
    assert not await rights.may_send_as(alice, alice.address)
