"""Groups of a real slapd that list their members."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from skrytka.mail.identity.outside_groups import ListedGroups, Member, in_groups, key_of
from skrytka.model.address import Address
from skrytka.model.settings import DirectoryRole, OutsideDirectory
from tests.support.slapd import Slapd, slapd
from tests.unit.mail.outside_world import OutsideWorld
from tests.unit.mail.world import World

BASE = "dc=example,dc=org"
GROUPS = ("CN=Admins", "cn=uniques", "cn=posix", "cn=nobody")
ROLES = tuple(DirectoryRole(group=f"{name},{BASE}", role="auditor") for name in GROUPS)
ALL = ("member", "uniqueMember", "memberUid")
EXPECTED = {"alice": ("cn=admins",), "bob": ("cn=uniques", "cn=posix")}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with slapd(tmp_path_factory.mktemp("slapd")) as running:
        yield running


@pytest.fixture
async def people(world: World, server: Slapd) -> AsyncIterator[OutsideWorld]:
    made = OutsideWorld(world, server, roles=ROLES, member_attributes=ALL, group_attribute="memberOf")
    yield made
    made.passwords.close()


@pytest.mark.needs("slapd")
@pytest.mark.parametrize("name", EXPECTED)
async def test_whoever_is_listed_is_in_it(people: OutsideWorld, name: str) -> None:
    expected = tuple(f"{group},{BASE}" for group in EXPECTED[name])
    found = await people.outside.find(Address.parse(f"{name}@example.org"))
    assert found is not None
    assert found.groups == expected
    assert await people.outside.groups_of(found.dn) == expected
    everybody = {person.address.key: person.groups for person in await people.outside.everybody()}
    assert everybody[f"{name}@example.org"] == expected


@pytest.mark.needs("slapd")
async def test_an_entry_that_is_gone_has_none(people: OutsideWorld) -> None:
    assert await people.outside.groups_of(f"uid=nobody,ou=people,{BASE}") is None
    carol = await people.outside.groups_of(f"uid=carol,ou=people,{BASE}")
    assert carol == ()


@pytest.mark.needs("slapd")
async def test_without_the_setting_nobody_asks(world: World, server: Slapd) -> None:
    people = OutsideWorld(world, server, roles=ROLES, group_attribute="memberOf")
    assert await people.outside.groups_of(f"uid=alice,ou=people,{BASE}") == ()
    people.passwords.close()


def settings(**changes: Any) -> OutsideDirectory:
    return OutsideDirectory(roles=ROLES, **changes)


def test_what_has_no_name_is_asked_for_by_its_dn_alone() -> None:
    assert ListedGroups(settings(member_attributes=ALL))
    assert not ListedGroups(settings())
    assert not ListedGroups(OutsideDirectory(member_attributes=ALL))
    by_name = ListedGroups(settings(member_attributes=("memberUid",)))
    assert by_name._filter(Member("uid=a", "")) is None
    assert by_name._filter(Member("uid=a", "a")) is not None


def test_a_name_of_blanks_is_read_at_once() -> None:
    assert key_of("a" + " " * 200_000 + "b ").startswith("a ")  # an expression took five minutes for it


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        (Member("UID=Alice , OU = people,dc=example", ""), ("g1",)),
        (Member("uid=bob,ou=people,dc=example", "Bob"), ("g2",)),
        (Member("uid=alice,ou=people,dc=example,dc=org", ""), ()),
        (Member("uid=eve,ou=people,dc=example", ""), ()),
    ],
)
def test_names_are_compared_as_the_directory_does(member: Member, expected: tuple[str, ...]) -> None:
    members = {
        "g1": frozenset({key_of("uid=alice,ou=people,dc=example")}),
        "g2": frozenset({key_of("bob")}),
        "g3": frozenset({""}),
    }
    assert in_groups(members, member) == expected
