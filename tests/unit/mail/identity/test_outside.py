from collections.abc import AsyncIterator, Iterator

import pytest

from skrytka.mail.identity.outside import DN_MAX, OUTSIDE, Outside, OutsidePerson
from skrytka.mail.identity.passwords import Passwords
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.secret import Secret
from skrytka.net.ldap import LdapConnection
from skrytka.protocol.ldap.messages import Entry
from tests.support.slapd import Slapd, slapd
from tests.unit.mail.outside_world import OutsideWorld
from tests.unit.mail.support import PeerFacts
from tests.unit.mail.world import World

pytestmark = pytest.mark.needs("slapd")
ALICE = Address.parse("Alice@example.org")
RIGHT = Secret("alice-password")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with slapd(tmp_path_factory.mktemp("slapd")) as running:
        yield running


@pytest.fixture
async def people(world: World, server: Slapd) -> AsyncIterator[OutsideWorld]:
    made = OutsideWorld(world, server)
    await made.ready()
    yield made
    made.passwords.close()


async def test_somebody_is_found_by_his_address_alone(people: OutsideWorld) -> None:
    found = await people.outside.find(ALICE)
    assert found is not None
    assert found.dn == "uid=alice,ou=people,dc=example,dc=org"
    assert found.groups == ("cn=users,dc=example,dc=org",)
    assert await people.outside.find(Address.parse("nobody@example.org")) is None
    names = [person.address.key for person in await people.outside.everybody()]
    assert names == ["alice@example.org", "bob@example.org"]  # the third has no address


async def test_the_first_login_makes_the_account(people: OutsideWorld) -> None:
    with pytest.raises(PermanentError):
        await people.identity.login(str(ALICE), Secret("wrong"), PeerFacts(), "PLAIN")
    assert await people.addresses() == []
    login = await people.identity.login(str(ALICE), RIGHT, PeerFacts(), "PLAIN")
    assert login.address.key == ALICE.key
    assert await people.addresses() == ["alice@example.org"]
    again = await people.identity.login(str(ALICE), RIGHT, PeerFacts(), "PLAIN")
    assert (again.account, again.proof) == (login.account, login.proof)
    with pytest.raises(PermanentError):
        await people.identity.login(str(ALICE), Secret("wrong"), PeerFacts(), "PLAIN")


async def test_a_password_that_was_changed_there_opens_nothing_after_a_minute(
    people: OutsideWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = RIGHT
    asked: list[str] = []

    async def is_right(self: Outside, dn: str, password: Secret) -> bool:
        asked.append(dn)
        return password.reveal() == now.reveal()

    async def is_in(password: Secret) -> bool:
        try:
            await people.identity.login(str(ALICE), password, PeerFacts(), "PLAIN")
        except PermanentError:
            return False
        return True

    assert await is_in(RIGHT)
    monkeypatch.setattr(Outside, "is_right", is_right)
    assert await is_in(RIGHT)
    assert asked == []  # from memory
    now = Secret("changed there")
    assert await is_in(now)
    assert not await is_in(RIGHT)  # whoever has shown the new one ends the old one at once
    people.world.clock.advance(people.settings.remember_s)
    now = RIGHT
    assert not await is_in(Secret("changed there"))


@pytest.mark.parametrize("password", [b"", b"\0", b"\0alice-password", b"alice-password\0", b"x" * 2000])
async def test_what_cannot_be_a_password_is_not_shown_to_the_directory(people: OutsideWorld, password: bytes) -> None:
    asked: list[bytes] = []

    async def bind(self: LdapConnection, dn: str, shown: Secret) -> bool:
        asked.append(shown.reveal())
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LdapConnection, "bind", bind)
        assert not await people.outside.is_right("uid=alice,ou=people,dc=example,dc=org", Secret(password))
    assert asked == []


async def test_a_wrong_password_costs_a_hash_there_too(people: OutsideWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    await people.identity.login(str(ALICE), RIGHT, PeerFacts(), "PLAIN")
    hashed: list[str] = []
    verify = Passwords._verify

    def counted(self: Passwords, peppered: bytes, stored: str) -> bool:
        hashed.append(stored)
        return verify(self, peppered, stored)

    monkeypatch.setattr(Passwords, "_verify", counted)
    for name in (str(ALICE), "nobody@example.org", "bob@example.org"):
        with pytest.raises(PermanentError):
            await people.identity.login(name, Secret("wrong"), PeerFacts(), "PLAIN")
    assert len(hashed) == 3


async def test_a_domain_that_is_not_the_directorys_is_not_asked_for(people: OutsideWorld) -> None:
    with pytest.raises(PermanentError):
        await people.identity.login("carol@example.test", Secret("carol-password"), PeerFacts(), "PLAIN")
    assert not await people.passwords.introduce(Address.parse("alice@example.net"), RIGHT)
    people.passwords.provision = None
    assert not await people.passwords.introduce(ALICE, RIGHT)


@pytest.mark.parametrize("name", ["postmaster", "Admin", "hostmaster", "abuse", "alice+bank"])
async def test_nobody_makes_himself_who_speaks_for_the_domain(
    people: OutsideWorld, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = Address.parse(f"{name}@example.org")
    alice = await people.outside.find(ALICE)
    assert alice is not None

    async def find(self: Outside, address: Address) -> OutsidePerson:
        return alice._replace(address=address)

    monkeypatch.setattr(Outside, "find", find)
    assert not await people.passwords.introduce(address, RIGHT)
    assert await people.addresses() == []


async def test_when_the_directory_is_down_local_accounts_do_not_notice(world: World, server: Slapd) -> None:
    people = OutsideWorld(world, server, urls=("ldaps://localhost:1",))
    await people.ready()
    stored = f"{OUTSIDE}uid=alice,ou=people,dc=example,dc=org"
    await people.admin.accounts.add_outside(str(ALICE), stored, "test")
    for name in ("alice@example.org", "nobody@example.org"):
        for _ in range(12):  # more often than is allowed: it counts against nobody
            with pytest.raises(TransientError) as caught:
                await people.identity.login(name, RIGHT, PeerFacts(), "PLAIN")
            assert caught.value.reason is Reason.UNREACHABLE
    password = Secret("correct horse")
    await people.admin.accounts.set_password("bob@example.test", password, "test")
    assert (await people.identity.login("bob@example.test", password, PeerFacts(), "PLAIN")).account
    people.passwords.close()


async def test_a_wrong_password_of_ours_is_a_fault_of_ours(world: World, server: Slapd) -> None:
    people = OutsideWorld(world, server, bind_dn="cn=nobody,dc=example,dc=org")
    with pytest.raises(TransientError) as caught:
        await people.outside.find(ALICE)
    assert caught.value.reason is Reason.BAD_CONFIG
    people.passwords.close()


async def test_what_is_no_address_of_the_domain_is_nobody(world: World, server: Slapd) -> None:
    people = OutsideWorld(world, server, domains=("other.example",))
    assert await people.outside.everybody() == []
    people = OutsideWorld(world, server, address_attribute="uid")
    assert await people.outside.everybody() == []


def test_a_name_without_end_is_nobodys(people: OutsideWorld) -> None:
    mail = {"mail": (b"alice@example.org",)}
    assert people.outside._person(Entry(1, "uid=" + "a" * (DN_MAX - 4), mail)) is not None
    assert people.outside._person(Entry(1, "uid=" + "a" * DN_MAX, mail)) is None
