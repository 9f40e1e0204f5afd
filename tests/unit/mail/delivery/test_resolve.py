import asyncio
from typing import TypeVar, cast

import pytest

from skrytka.mail.delivery import resolve
from skrytka.mail.delivery.resolve import Directory
from skrytka.model import reply
from skrytka.model.address import Address, Domain, ReversePath
from skrytka.model.errors import Reason
from skrytka.model.ids import UnitId
from skrytka.model.reply import Reply
from skrytka.store.api import Store
from skrytka.store.commands.directory import AddAlias, RemoveAccount, RemoveAlias
from skrytka.store.statement import Query, Row
from tests.unit.mail.world import ACTOR, HOSTNAME, PASSWORD, World

R = TypeVar("R")
REFUSALS = [
    ("nobody@example.test", reply.NO_SUCH_USER, Reason.NO_SUCH_USER),
    ("alice@example.net", reply.RELAY_DENIED, Reason.RELAY_DENIED),
    ("alice@mx.example.test", reply.RELAY_DENIED, Reason.RELAY_DENIED),
    ("alice@[127.0.0.1]", reply.RELAY_DENIED, Reason.RELAY_DENIED),
    ("postmaster@example.net", reply.RELAY_DENIED, Reason.RELAY_DENIED),
]


async def targets(world: World, recipient: str) -> list[str]:
    found = await world.directory.resolve(Address.parse(recipient))
    return [str(target.address) for target in found.targets]


def unit(world: World) -> UnitId:
    return UnitId(world.random.token(16))


@pytest.mark.parametrize(("recipient", "answer", "reason"), REFUSALS)
async def test_what_is_not_ours_is_refused(world: World, recipient: str, answer: Reply, reason: Reason) -> None:
    found = await world.directory.resolve(Address.parse(recipient))
    assert (found.verdict.reply, found.verdict.reason, found.targets) == (answer, reason, ())
    assert not found.is_accepted


OURS = ["alice@example.test", "ALICE@EXAMPLE.TEST", "alice+shop@example.test", "Alice+a+b@example.test"]


@pytest.mark.parametrize("recipient", OURS)
async def test_an_account_is_found_in_any_case_and_with_a_subaddress(world: World, recipient: str) -> None:
    found = await world.directory.resolve(Address.parse(recipient))
    assert found.is_accepted
    assert [str(target.address) for target in found.targets] == ["alice@example.test"]


async def test_without_a_separator_there_are_no_subaddresses(world: World) -> None:
    directory = Directory(world.store, hostname=HOSTNAME, separator="")
    assert not (await directory.resolve(Address.parse("alice+shop@example.test"))).is_accepted


async def test_a_subaddress_alone_is_nobody(world: World) -> None:
    assert await targets(world, "+shop@example.test") == []


async def test_an_alias_of_its_own_wins_over_the_subaddress(world: World) -> None:
    await world.admin.aliases.add("alice+shop@example.test", ["bob@example.test"], ACTOR)
    assert await targets(world, "alice+shop@example.test") == ["bob@example.test"]


async def test_groups_may_hold_groups_and_each_member_gets_one_copy(world: World) -> None:
    aliases = world.admin.aliases
    await aliases.add("inner@example.test", ["alice@example.test", "bob@example.test"], ACTOR)
    await aliases.add("outer@example.test", ["inner@example.test"], ACTOR)
    await aliases.add("all@example.test", ["outer@example.test", "inner@example.test", "alice@example.test"], ACTOR)
    assert sorted(await targets(world, "all@example.test")) == ["alice@example.test", "bob@example.test"]


async def test_a_loop_of_aliases_just_ends(world: World) -> None:
    loop = [("a@example.test", ("b@example.test",)), ("b@example.test", ("a@example.test", "alice@example.test"))]
    for key, led_to in loop:
        await world.store.submit(AddAlias(unit=unit(world), key=key, domain="example.test", targets=led_to))
    assert await targets(world, "a@example.test") == ["alice@example.test"]


async def test_an_alias_may_lead_to_other_servers_too(world: World) -> None:
    led_to = ("alice@example.test", "x@example.net")
    await world.store.submit(AddAlias(unit=unit(world), key="m@example.test", domain="example.test", targets=led_to))
    found = await world.directory.resolve(Address.parse("m@example.test"))
    assert found.is_accepted
    assert [str(each.address) for each in found.targets] == ["alice@example.test"]
    assert [str(each) for each in found.outside] == ["x@example.net"]
    assert found.is_group


async def test_a_role_may_be_answered_elsewhere(world: World) -> None:
    await world.admin.aliases.set("abuse@example.test", ["abuse@example.net"], ACTOR)
    found = await world.directory.resolve(Address.parse("abuse@example.test"))
    assert ([str(each) for each in found.outside], found.targets) == (["abuse@example.net"], ())


async def test_a_rewritten_reverse_path_leads_back_and_nothing_that_looks_like_one(world: World) -> None:
    await world.admin.aliases.add("@example.test", ["bob@example.test"], ACTOR)
    bob = ReversePath(Address.parse("Bob@example.net"))
    made = (await world.rewriting.rewritten(bob, Domain("example.test"))).address
    assert made is not None
    found = await world.directory.resolve(made)
    assert (found.is_accepted, found.is_return, found.targets) == (True, True, ())
    assert [str(each) for each in found.outside] == ["Bob@example.net"]
    forged = Address(made.local.replace("Bob", "eve"), made.domain)
    assert await targets(world, str(forged)) == ["bob@example.test"]  # as any other address
    alice = ReversePath(Address.parse("alice@example.test"))
    made = (await world.rewriting.rewritten(alice, Domain("example.test"))).address
    assert made is not None
    found = await world.directory.resolve(made)
    assert [str(each.address) for each in found.targets] == ["alice@example.test"]
    assert (found.is_return, found.outside) == (True, ())
    elsewhere = (await world.rewriting.rewritten(bob, Domain("gone.test"))).address
    assert elsewhere is not None
    assert (await world.directory.resolve(elsewhere)).verdict.reason is Reason.RELAY_DENIED


async def test_the_catch_all_takes_what_nobody_else_does(world: World) -> None:
    await world.admin.aliases.add("@example.test", ["bob@example.test"], ACTOR)
    assert await targets(world, "whoever@example.test") == ["bob@example.test"]
    assert await targets(world, "alice@example.test") == ["alice@example.test"]
    assert await targets(world, "abuse@example.test") == ["admin@example.test"]


ROLES = ["postmaster@example.test", "PostMaster@example.test", "abuse@example.test", "hostmaster+x@example.test",
         "security@example.test", f"postmaster@{HOSTNAME}"]  # fmt: skip


@pytest.mark.parametrize("recipient", ROLES)
async def test_somebody_answers_for_every_domain_and_the_server(world: World, recipient: str) -> None:
    assert await targets(world, recipient) == ["admin@example.test"]


@pytest.mark.parametrize("local", ["postmaster", "abuse"])
async def test_a_new_domain_without_aliases_is_answered_by_the_postmaster_at_home(world: World, local: str) -> None:
    await world.admin.domains.add("second.test", ACTOR)
    assert await targets(world, f"{local}@second.test") == ["admin@example.test"]


async def test_a_role_follows_its_alias_and_falls_back_to_the_postmaster(world: World) -> None:
    await world.store.submit(RemoveAlias(unit=unit(world), key="abuse@example.test"))
    assert await targets(world, "abuse@example.test") == ["admin@example.test"]
    await world.admin.aliases.add("abuse@example.test", ["bob@example.test"], ACTOR)
    assert await targets(world, "abuse@example.test") == ["bob@example.test"]


ROLE_NAMES = ["postmaster", "abuse", "hostmaster", "security"]


async def without_aliases(world: World) -> None:
    for name in ROLE_NAMES:
        await world.admin.aliases.remove(f"{name}@example.test", ACTOR)


@pytest.mark.parametrize("recipient", ROLES)
async def test_without_any_alias_an_administrator_answers(world: World, recipient: str) -> None:
    await without_aliases(world)
    await world.admin.aliases.add("@example.test", ["bob@example.test"], ACTOR)
    assert await targets(world, recipient) == ["admin@example.test"]
    assert await targets(world, "whoever@example.test") == ["bob@example.test"]


async def test_a_role_that_leads_to_nobody_who_takes_mail_is_answered_by_an_administrator(world: World) -> None:
    await world.admin.aliases.set("abuse@example.test", ["alice@example.test"], ACTOR)
    await world.admin.accounts.suspend("alice@example.test", ACTOR)
    assert await targets(world, "abuse@example.test") == ["admin@example.test"]
    await world.store.submit(RemoveAccount(unit=unit(world), account=await world.account("alice")))
    assert await targets(world, "abuse@example.test") == ["admin@example.test"]


async def test_a_domains_own_administrator_answers_before_that_of_another(world: World) -> None:
    await without_aliases(world)
    await world.admin.domains.add("second.test", ACTOR)
    assert await targets(world, "abuse@second.test") == ["admin@example.test"]
    await world.admin.accounts.add("boss@second.test", PASSWORD, ACTOR, is_admin=True)
    for name in ROLE_NAMES:
        await world.admin.aliases.remove(f"{name}@second.test", ACTOR)
    assert await targets(world, "abuse@second.test") == ["boss@second.test"]
    await world.admin.accounts.suspend("boss@second.test", ACTOR)
    assert await targets(world, "abuse@second.test") == ["admin@example.test"]
    assert await targets(world, f"postmaster@{HOSTNAME}") == ["admin@example.test"]


async def test_an_administrator_answers_for_roles_only(world: World) -> None:
    assert await targets(world, "webmaster@example.test") == []


async def test_a_bare_postmaster_elsewhere_is_that_of_our_oldest_domain(world: World) -> None:
    directory = Directory(world.store, hostname="mx.elsewhere.test")
    found = await directory.resolve(Address.parse("postmaster@mx.elsewhere.test"))
    assert [str(target.address) for target in found.targets] == ["admin@example.test"]


async def test_a_suspended_account_takes_no_mail_but_its_group_does(world: World) -> None:
    await world.admin.aliases.add("both@example.test", ["alice@example.test", "bob@example.test"], ACTOR)
    await world.admin.accounts.suspend("alice@example.test", ACTOR)
    found = await world.directory.resolve(Address.parse("alice@example.test"))
    assert found.verdict.reply == reply.ACCOUNT_SUSPENDED
    assert await targets(world, "both@example.test") == ["bob@example.test"]


async def test_a_removed_account_is_nobody(world: World) -> None:
    await world.store.submit(RemoveAccount(unit=unit(world), account=await world.account("alice")))
    found = await world.directory.resolve(Address.parse("alice@example.test"))
    assert found.verdict.reply == reply.NO_SUCH_USER


QUOTAS = [
    (0, 10**9, reply.RECIPIENT_OK),
    (1000, 0, reply.RECIPIENT_OK),
    (1000, 1000, reply.OVER_QUOTA),
    (1000, 1001, reply.TOO_LARGE_FOR_MAILBOX),
    (100, 0, reply.OVER_QUOTA),
]


@pytest.mark.parametrize(("quota_bytes", "size_bytes", "answer"), QUOTAS)
async def test_quota_is_decided_for_the_recipient(
    world: World, quota_bytes: int, size_bytes: int, answer: Reply
) -> None:
    await world.deliver(b"A: b\r\n\r\n")
    await world.admin.accounts.set_quota("alice@example.test", quota_bytes, ACTOR)
    found = await world.directory.resolve(Address.parse("alice@example.test"), size_bytes=size_bytes)
    assert found.verdict.reply == answer


async def test_a_group_is_full_only_when_all_its_members_are(world: World) -> None:
    await world.admin.aliases.add("both@example.test", ["alice@example.test", "bob@example.test"], ACTOR)
    await world.deliver(b"A: b\r\n\r\n", "both@example.test")
    await world.admin.accounts.set_quota("alice@example.test", 10, ACTOR)
    assert len(await targets(world, "both@example.test")) == 2
    await world.admin.accounts.set_quota("bob@example.test", 10, ACTOR)
    found = await world.directory.resolve(Address.parse("both@example.test"))
    assert found.verdict.reply == reply.OVER_QUOTA


async def test_an_address_that_leads_to_too_many_is_deferred(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolve, "TARGETS_MAX", 1)
    await world.admin.aliases.add("both@example.test", ["alice@example.test", "bob@example.test"], ACTOR)
    found = await world.directory.resolve(Address.parse("both@example.test"))
    assert (found.verdict.reply, found.verdict.reason) == (reply.LOCAL_ERROR, Reason.TOO_MANY)


async def test_an_account_with_an_odd_local_part_is_found(world: World) -> None:
    await world.admin.accounts.add('"a b"@example.test', PASSWORD, ACTOR)
    assert await targets(world, '"A B"@example.test') == ['"a b"@example.test']


class Counting:
    """The store, and how many statements each read of it took."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reads: list[int] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def read(self, query: Query[R]) -> R:
        self.reads.append(0)
        return await self._store.read(self._counted(query))

    def _counted(self, query: Query[R]) -> Query[R]:
        rows: list[Row] | None = None
        try:
            while True:
                call = query.send(rows)  # type: ignore[arg-type]
                self.reads[-1] += 1
                rows = yield call
        except StopIteration as done:
            result: R = done.value
            return result


STATEMENTS_MAX = 6 * resolve.PIECE + 2  # 7 µs each: a millisecond


@pytest.mark.parametrize(
    ("local", "domain", "count", "expected"),
    [
        ("user", "example.net", resolve.TARGETS_MAX, resolve.TARGETS_MAX),  # of another server
        ("nobody", "example.test", 3000, 0),  # each asked for by all that could answer for it
        ("alice+", "example.test", 3000, 1),
    ],
)
async def test_what_leads_to_thousands_is_walked_in_pieces_with_turns_between_them(
    world: World, local: str, domain: str, count: int, expected: int
) -> None:
    led_to = tuple(f"{local}{number}@{domain}" for number in range(count))
    for number in range(0, count, 500):
        many = AddAlias(
            unit=unit(world), key=f"m{number}@example.test", domain="example.test", targets=led_to[number:][:500]
        )
        await world.store.submit(many)
    inner = tuple(f"m{number}@example.test" for number in range(0, count, 500))
    await world.store.submit(AddAlias(unit=unit(world), key="m@example.test", domain="example.test", targets=inner))
    store, turns = Counting(world.store), 0
    directory = Directory(cast("Store", store), hostname=HOSTNAME)
    async with asyncio.TaskGroup() as group:
        resolving = group.create_task(directory.resolve(Address.parse("m@example.test")))
        while not resolving.done():
            await asyncio.sleep(0)
            turns += 1
    found = resolving.result()
    assert len(found.targets) + len(found.outside) == expected
    assert max(store.reads) <= STATEMENTS_MAX
    assert len(store.reads) == 1 + (count + len(inner)) // resolve.PIECE
    assert turns >= len(store.reads)


async def test_a_walk_that_finds_too_many_ends_there(world: World) -> None:
    led_to = tuple(f"x{number}@example.net" for number in range(resolve.TARGETS_MAX + 500))
    await world.store.submit(AddAlias(unit=unit(world), key="m@example.test", domain="example.test", targets=led_to))
    store = Counting(world.store)
    found = await Directory(cast("Store", store), hostname=HOSTNAME).resolve(Address.parse("m@example.test"))
    assert (found.verdict.reply, found.targets, found.outside) == (reply.LOCAL_ERROR, (), ())
    assert len(store.reads) == 1 + resolve.TARGETS_MAX // resolve.PIECE
