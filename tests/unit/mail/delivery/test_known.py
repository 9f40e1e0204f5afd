from collections.abc import Callable
from typing import TypeVar

import pytest

from skrytka.mail.delivery import known
from skrytka.mail.delivery.known import KnownAccounts
from skrytka.mail.delivery.resolve import Directory
from skrytka.mail.delivery.types import Resolution
from skrytka.model import reply
from skrytka.model.address import Address
from skrytka.model.ids import AccountId, State
from skrytka.store.commands.base import Command
from skrytka.store.statement import Query
from tests.unit.mail.world import ACTOR, HOSTNAME, PASSWORD, World

R = TypeVar("R")


class Counting:
    """A directory over the world's store that counts its own reads."""

    def __init__(self, world: World) -> None:
        self.reads = 0
        self.known = KnownAccounts(world.store)
        self._store = world.store
        self.directory = Directory(self, hostname=HOSTNAME, known=self.known)

    async def read(self, query: Query[R]) -> R:
        self.reads += 1
        return await self._store.read(query)

    async def submit(self, command: Command[R]) -> R:
        return await self._store.submit(command)

    def watch(self, account: AccountId, notify: Callable[[State], None]) -> Callable[[], None]:
        return self._store.watch(account, notify)

    async def ask(self, address: str, size_bytes: int = 0) -> Resolution:
        return await self.directory.resolve(Address.parse(address), size_bytes=size_bytes)


@pytest.fixture
def counting(world: World) -> Counting:
    return Counting(world)


async def test_an_account_is_read_once_and_found_in_any_case(counting: Counting) -> None:
    first = await counting.ask("alice@example.test")
    again = await counting.ask("ALICE@example.test")
    assert counting.reads == 1
    assert again.is_accepted
    assert (again.targets, str(again.recipient)) == (first.targets, "ALICE@example.test")


async def test_what_the_administrator_does_holds_from_the_next_recipient_on(counting: Counting, world: World) -> None:
    assert (await counting.ask("alice@example.test")).is_accepted
    await world.admin.accounts.suspend("alice@example.test", ACTOR)
    assert (await counting.ask("alice@example.test")).verdict.reply == reply.ACCOUNT_SUSPENDED
    await world.admin.accounts.resume("alice@example.test", ACTOR)
    assert (await counting.ask("alice@example.test")).is_accepted
    await world.admin.accounts.remove("alice@example.test", ACTOR)
    assert (await counting.ask("alice@example.test")).verdict.reply == reply.NO_SUCH_USER


async def test_an_account_with_a_quota_is_read_each_time(counting: Counting, world: World) -> None:
    assert (await counting.ask("alice@example.test", 2_000)).is_accepted
    await world.admin.accounts.set_quota("alice@example.test", 1_000, ACTOR)
    for _ in range(2):
        assert (await counting.ask("alice@example.test", 2_000)).verdict.reply == reply.TOO_LARGE_FOR_MAILBOX
    assert counting.reads == 3
    assert len(counting.known) == 0


async def test_aliases_and_who_is_nobody_are_looked_up_each_time(counting: Counting, world: World) -> None:
    await world.admin.aliases.add("sales@example.test", ["alice@example.test"], ACTOR)
    for address in ("sales@example.test", "alice+shop@example.test", "nobody@example.test"):
        await counting.ask(address)
    assert (counting.reads, len(counting.known)) == (3, 0)


async def test_mail_leaves_what_is_known_as_it_is(counting: Counting, world: World) -> None:
    await counting.ask("alice@example.test")
    await world.deliver(b"Subject: x\r\n\r\nx\r\n")
    assert len(counting.known) == 1


async def test_what_is_kept_is_bounded(counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "KNOWN_MAX", 1)
    for _ in range(2):
        for name in ("alice", "bob"):
            assert (await counting.ask(f"{name}@example.test")).is_accepted
            assert len(counting.known) == 1


async def test_a_domain_of_others_is_read_once_until_it_is_ours(counting: Counting, world: World) -> None:
    for name in ("x", "y", "postmaster"):
        assert (await counting.ask(f"{name}@EXAMPLE.net")).verdict.reply == reply.RELAY_DENIED
    assert (counting.reads, len(counting.known)) == (1, 1)
    await world.admin.domains.add("example.net", ACTOR)
    assert (await counting.ask("x@example.net")).verdict.reply == reply.NO_SUCH_USER
    await world.admin.accounts.add("x@example.net", PASSWORD, ACTOR)
    assert (await counting.ask("x@example.net")).is_accepted


async def test_our_own_postmaster_is_found_in_a_host_name_that_is_no_domain_of_ours(counting: Counting) -> None:
    assert (await counting.ask(f"x@{HOSTNAME}")).verdict.reply == reply.RELAY_DENIED
    assert (await counting.ask(f"x@{HOSTNAME}")).verdict.reply == reply.RELAY_DENIED
    assert (await counting.ask(f"postmaster@{HOSTNAME}")).is_accepted


async def test_the_domains_that_are_kept_are_bounded(counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "KNOWN_MAX", 2)
    for number in range(5):
        await counting.ask(f"x@{number}.example.net")
        assert len(counting.known) <= 2
