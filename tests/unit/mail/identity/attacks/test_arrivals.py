import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from skrytka.mail.identity.attacks import arrivals as module
from skrytka.mail.identity.attacks.arrivals import LookedAt, OddLogin
from skrytka.mail.identity.attacks.homes import Homes
from skrytka.mail.identity.attacks.odd import Oddity
from skrytka.mail.identity.attacks.watching import Arrival
from skrytka.mail.identity.watch import IDENTIFIED
from skrytka.model.address import Address
from skrytka.model.clock import FixedClock
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import BugCaught, LoginOdd
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.model.settings import Attacks
from skrytka.store.local import LocalStore
from skrytka.store.sql import places as sql
from tests.support.store import StoreCase
from tests.unit.mail.support import CountingRandom, PeerFacts, Recorder

KEY = Secret(b"n" * 32)
COUNTRIES = {"192.0.2.7": "PL", "198.51.100.1": "AU", "198.51.100.2": "CZ"}

PROVIDERS: dict[str, str] = {"203.0.113.1": "AS64500"}


class Known:
    async def of(self, remote: str) -> str:
        return COUNTRIES.get(remote, "")

    def provider_of(self, remote: str) -> str:
        return PROVIDERS.get(remote, "")


class World:
    def __init__(self, case: StoreCase, account: AccountId) -> None:
        self.case = case
        self.account = account
        self.events = Recorder()
        self.told: list[OddLogin] = []
        self.is_mail_down = self.is_broken = False
        self.looked = LookedAt(
            case.store,
            Homes(case.store, KEY, case.clock),
            Known(),
            name_key=KEY,
            clock=case.clock,
            random=CountingRandom(),
            events=self.events,
            settings=Attacks(),
            alert=self.alert,
        )

    async def alert(self, odd: OddLogin) -> None:
        if self.is_broken:
            raise UnicodeError
        if self.is_mail_down:
            raise TransientError(Reason.STORE_BUSY)
        self.told.append(odd)

    async def come(self, remote: str = "192.0.2.7", program: str = "", **changes: Any) -> None:
        facts = PeerFacts(remote=remote, network=remote.rpartition(".")[0] + ".0/24", program=program)
        values: dict[str, Any] = {
            "account": self.account,
            "address": Address.parse("alice@example.test"),
            "facts": facts,
            "mechanism": "PLAIN",
            "is_at_home": True,
            "failures": 0,
            "is_under_attack": False,
        }
        self.looked.came(Arrival(**(values | changes)))
        await self.looked.drain()

    async def places(self) -> list[str]:
        return sorted(row.kind for row in await self.case.store.read(sql.of_address("alice@example.test")))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    clock = FixedClock()
    store = LocalStore(tmp_path / "store", clock)
    case = StoreCase(store, tmp_path / "store", "sqlite", clock)
    await case.domain()
    yield World(case, await case.account())
    await store.close()


async def test_the_first_login_is_kept_and_nothing_of_it_is_odd(world: World) -> None:
    await world.come()
    assert await world.places() == ["country", "device", "network"]
    assert (world.told, world.events.events) == ([], [])


async def test_a_login_too_far_away_is_told_and_its_places_are_kept(world: World) -> None:
    await world.come()
    world.case.clock.advance(3600)
    await world.come("198.51.100.1", is_at_home=False)
    assert [odd.oddities for odd in world.told] == [(Oddity.NEW_NETWORK, Oddity.NEW_COUNTRY, Oddity.IMPOSSIBLE_TRAVEL)]
    (event,) = world.events.events
    assert isinstance(event, LoginOdd)
    assert (event.country, event.score, event.account_name) == ("AU", 8, "alice@example.test")
    world.case.clock.advance(86_400)
    await world.come("198.51.100.1")
    assert len(world.told) == 1
    assert len(await world.places()) == 5


async def test_who_comes_again_and_again_is_written_once_a_day(world: World) -> None:
    await world.come()
    before = await world.case.store.read(sql.of_address("alice@example.test"))
    world.case.clock.advance(3600)
    await world.come()
    assert await world.case.store.read(sql.of_address("alice@example.test")) == before
    world.case.clock.advance(86_400)
    await world.come()
    after = await world.case.store.read(sql.of_address("alice@example.test"))
    assert after[0].last_at_ms - before[0].last_at_ms == 90_000_000


async def test_a_login_that_could_not_be_told_is_odd_the_next_time_too(world: World) -> None:
    await world.come()
    world.is_mail_down = True
    await world.come("198.51.100.2", is_at_home=False)
    assert await world.places() == ["country", "device", "network"]
    world.is_mail_down = False
    await world.come("198.51.100.2", is_at_home=False)
    assert [Oddity.NEW_COUNTRY in odd.oddities for odd in world.told] == [True]


async def test_it_looks_behind_the_login_and_memory_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOKED_AT_MAX", 1)
    running = asyncio.ensure_future(world.looked.run())
    await world.come(mechanism="LOGIN")
    await world.come()
    running.cancel()
    assert len(world.looked._fresh) == 1
    assert await world.places() == ["country", "device", "device", "network"]


async def test_a_bug_with_one_login_does_not_end_the_front(world: World) -> None:
    await world.come()
    world.is_broken = True
    await world.come("198.51.100.1")
    assert [type(event) for event in world.events.events] == [LoginOdd, BugCaught]
    world.is_broken = False
    await world.come("198.51.100.2")
    assert len(world.told) == 1


async def test_a_password_alone_is_told_once_and_makes_no_place_known(world: World) -> None:
    await world.come()
    world.case.clock.advance(3600)
    for _ in range(3):
        await world.come("198.51.100.1", is_at_home=False, is_half=True)
    assert len(world.told) == 1
    assert len(await world.places()) == 3
    await world.come("198.51.100.1", is_at_home=False)
    assert len(world.told) == 1  # the same login, now with its factor
    assert len(await world.places()) == 5


async def test_a_program_is_known_by_its_name_and_a_network_by_its_provider(world: World) -> None:
    await world.come("203.0.113.1", program="name=thunderbird")
    assert await world.places() == ["device", "network", "provider"]
    await world.come("203.0.113.1", program="name=thunderbird", mechanism="LOGIN")
    assert await world.places() == ["device", "network", "provider"]
    await world.come("203.0.113.1", program="name=other")
    assert await world.places() == ["device", "device", "network", "provider"]
    assert world.told == []  # alone it counts little


async def test_one_login_is_told_once_though_its_program_names_itself_behind_it(world: World) -> None:
    await world.come()
    world.case.clock.advance(3600)
    await world.come("198.51.100.1", is_at_home=False)
    await world.come("198.51.100.1", program="name=evil", mechanism=IDENTIFIED)
    assert [odd.oddities for odd in world.told] == [(Oddity.NEW_NETWORK, Oddity.NEW_COUNTRY, Oddity.IMPOSSIBLE_TRAVEL)]
    assert (await world.places()).count("device") == 2
