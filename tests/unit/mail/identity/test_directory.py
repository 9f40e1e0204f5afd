import asyncio
from typing import TypeVar

import pytest

from skrytka.mail.identity import directory
from skrytka.mail.identity.directory import StoredCredentials
from skrytka.mail.identity.gate import Gate
from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.passwords import Cost, Passwords, RecentLogins
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError
from skrytka.model.ids import UnitId
from skrytka.model.secret import Secret
from skrytka.model.settings import Login as LoginSettings
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.store.commands.directory import RemoveAccount
from skrytka.store.commands.factors import AddFactor, PutMfaRule
from skrytka.store.factor_rows import FactorKind, RuleScope
from skrytka.store.statement import Query
from tests.unit.mail.support import PeerFacts
from tests.unit.mail.world import ACTOR, MESSAGE, PASSWORD, World

R = TypeVar("R")
ALICE = Address.parse("Alice@example.test")


def credentials(world: World) -> StoredCredentials:
    return StoredCredentials(world.store, world.clock, world.random)


def identity(world: World, passwords: Passwords) -> Identity:
    limits = LocalLimits(LimitTable(world.clock))
    recent = RecentLogins(world.clock, world.random)
    gate = Gate(limits, LoginSettings(), world.events, Secret(b"n" * 32))
    return Identity(credentials(world), passwords, recent, gate, world.clock)


async def test_an_account_is_found_by_its_own_address_only(world: World) -> None:
    found = await credentials(world).find(ALICE)
    assert found is not None
    assert (found.account, str(found.address)) == (await world.account("alice"), "alice@example.test")
    assert found.may_use("imaps")
    await world.admin.aliases.add("al@example.test", ["alice@example.test"], ACTOR)
    for other in ("al@example.test", "alice+x@example.test", "nobody@example.test"):
        assert await credentials(world).find(Address.parse(other)) is None


async def test_a_suspended_account_may_use_nothing_and_a_removed_one_is_unknown(world: World) -> None:
    await world.admin.accounts.suspend(str(ALICE), ACTOR)
    found = await credentials(world).find(ALICE)
    assert found is not None
    assert not found.may_use("imaps")
    await world.store.submit(RemoveAccount(unit=UnitId(b"r" * 16), account=found.account))
    assert await credentials(world).find(ALICE) is None


async def test_every_change_of_the_directory_counts_and_mail_does_not(world: World) -> None:
    found = credentials(world)
    before = found.changes
    await world.deliver(MESSAGE)
    await asyncio.sleep(0)
    assert found.changes == before
    await world.admin.accounts.suspend("bob@example.test", ACTOR)
    await asyncio.sleep(0)
    assert found.changes > before


async def test_a_person_logs_in_and_the_admin_does_not_on_imap(world: World) -> None:
    imap = identity(world, world.passwords)
    login = await imap.login("alice@example.test", PASSWORD, PeerFacts(), "PLAIN")
    assert login.account == await world.account("alice")
    refused: list[str] = []
    for service in ("imaps", "web"):
        try:
            await imap.login("admin@example.test", PASSWORD, PeerFacts(service=service), "PLAIN")
        except PermanentError:
            refused.append(service)
    assert refused == ["imaps"]


async def test_a_renewed_hash_keeps_its_services(world: World) -> None:
    dearer = Passwords(Secret(b"p" * 32), world.random, cost=Cost(2, 64), threads=1)
    before = await credentials(world).find(Address.parse("admin@example.test"))
    await identity(world, dearer).login("admin@example.test", PASSWORD, PeerFacts(service="web"), "form")
    after = await credentials(world).find(Address.parse("admin@example.test"))
    assert before is not None
    assert after is not None
    assert before.stored != after.stored
    assert after.services == before.services == frozenset({"web"})
    assert (await dearer.verify(after.account, PASSWORD, after.stored)).is_right
    dearer.close()


async def test_a_password_that_changed_meanwhile_is_not_put_back(world: World) -> None:
    before = await credentials(world).find(ALICE)
    assert before is not None
    await world.admin.accounts.set_password(str(ALICE), Secret("new"), ACTOR)
    await credentials(world).renew(before.account, before.stored or "", "1$old again")
    after = await credentials(world).find(ALICE)
    assert after is not None
    assert (await world.passwords.verify(after.account, Secret("new"), after.stored)).is_right


def counted(world: World, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each read of the world's store."""
    reads: list[int] = []
    read = world.store.read

    async def counting(query: Query[R]) -> R:
        reads.append(1)
        return await read(query)

    monkeypatch.setattr(world.store, "read", counting)
    return reads


async def test_an_account_is_read_once_until_the_directory_changes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = counted(world, monkeypatch)
    known = credentials(world)
    first = await known.find(ALICE)
    assert first is not None
    assert await known.find(Address.parse("alice@EXAMPLE.test")) is first
    assert len(reads) == 1
    await world.admin.accounts.set_password("alice@example.test", Secret("another one"), ACTOR)
    reads.clear()
    changed = await known.find(ALICE)
    assert changed is not None
    assert changed.stored != first.stored
    await world.admin.accounts.suspend("alice@example.test", ACTOR)
    suspended = await known.find(ALICE)
    assert suspended is not None
    assert suspended.is_suspended


async def test_who_is_nobody_is_looked_up_each_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = counted(world, monkeypatch)
    known = credentials(world)
    for _ in range(2):
        assert await known.find(Address.parse("carol@example.test")) is None
    assert len(reads) == 2
    await world.admin.accounts.add("carol@example.test", PASSWORD, ACTOR)
    assert await known.find(Address.parse("carol@example.test")) is not None


async def test_what_was_read_while_the_directory_changed_is_not_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = credentials(world)
    read = world.store.read

    async def slow(query: Query[R]) -> R:
        found = await read(query)
        monkeypatch.undo()
        await world.admin.accounts.suspend("alice@example.test", ACTOR)
        return found

    monkeypatch.setattr(world.store, "read", slow)
    before = await known.find(ALICE)
    assert before is not None
    assert not before.is_suspended
    after = await known.find(ALICE)
    assert after is not None
    assert after.is_suspended


async def test_what_is_kept_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "KNOWN_MAX", 1)
    reads = counted(world, monkeypatch)
    known = credentials(world)
    for _ in range(2):
        for name in ("alice", "bob"):
            assert await known.find(Address.parse(f"{name}@example.test")) is not None
    assert len(reads) == 4


async def has_mfa(world: World, directory: StoredCredentials | None = None) -> bool:
    found = await (directory or credentials(world)).find(ALICE)
    assert found is not None
    return found.has_mfa


def rule(
    scope: RuleScope, subject: str, *, required: bool = True, grace_ms: int = 0, until_ms: int | None = None
) -> PutMfaRule:
    unit = UnitId(scope.value.encode().ljust(8) + str(required).encode().ljust(8))
    return PutMfaRule(
        unit=unit, scope=scope, subject=subject, is_required=required, grace_ms=grace_ms, until_ms=until_ms
    )


async def test_a_factor_makes_the_password_alone_too_little(world: World) -> None:
    assert not await has_mfa(world)
    alice = await world.account("alice")
    unit = UnitId(b"f" * 16)
    await world.store.submit(AddFactor(unit=unit, account=alice, factor=1, kind=FactorKind.TOTP, sealed=b"sealed"))
    assert await has_mfa(world)


async def test_a_rule_does_so_when_its_grace_is_over_though_nobody_changed_anything(world: World) -> None:
    directory = credentials(world)
    assert not await has_mfa(world, directory)
    await world.store.submit(rule(RuleScope.ROLE, "user", grace_ms=5000))
    await asyncio.sleep(0)
    assert not await has_mfa(world, directory)
    world.clock.advance(5.0)
    assert await has_mfa(world, directory)
    until_ms = world.clock.now_ms() + 7000
    await world.store.submit(rule(RuleScope.ACCOUNT, ALICE.key, required=False, until_ms=until_ms))
    await asyncio.sleep(0)
    assert not await has_mfa(world, directory)
    world.clock.advance(7.0)
    assert await has_mfa(world, directory)


async def test_an_administrator_without_a_rule_is_not_asked_by_mail_programs(world: World) -> None:
    found = await credentials(world).find(Address.parse("admin@example.test"))
    assert found is not None
    assert not found.has_mfa


async def test_who_logs_in_again_is_not_read_again(world: World) -> None:
    directory = credentials(world)
    first = await directory.find(ALICE)
    assert await directory.find(ALICE) is first
