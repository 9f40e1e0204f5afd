import asyncio
from collections import Counter

import pytest

from skrytka.mail.identity.attacks import watching as module
from skrytka.mail.identity.attacks.sightings import DELAY_KEPT_S, budget_of
from skrytka.mail.identity.attacks.watching import Arrival, Watching
from skrytka.mail.identity.attacks.words import Act, Failing, Guard, Outcome, Tried
from skrytka.mail.identity.types import Credential
from skrytka.mail.identity.watch import Attempt
from skrytka.model.address import Address
from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.ids import AccountId
from skrytka.model.settings import Attacks
from tests.unit.mail.support import PeerFacts

ANN = Credential(AccountId(1), Address.parse("ann@example.org"), "stored")
HOME = PeerFacts()
AWAY = PeerFacts(remote="198.51.100.9", network="198.51.100.0/24")
WRONG = PermanentError(Reason.BAD_CREDENTIALS)


class Places:
    def __init__(self) -> None:
        self.known: set[tuple[str, str]] = set()
        self.asked: list[str] = []

    async def has(self, address: str, network: str) -> bool:
        self.asked.append(address)
        return (address, network) in self.known

    def add(self, address: str, network: str) -> None:
        self.known.add((address, network))


class World:
    def __init__(self, settings: Attacks | None = None) -> None:
        self.clock = FixedClock()
        self.homes = Places()
        self.told: list[Tried] = []
        self.arrivals: list[Arrival] = []
        self.slept: list[float] = []
        self.watching = Watching(
            self.homes,  # type: ignore[arg-type]
            self.told.append,
            self,
            self.clock,
            settings or Attacks(),
            sleep=self.sleep,
        )

    def came(self, arrival: Arrival) -> None:
        self.arrivals.append(arrival)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def fail(self, facts: PeerFacts = AWAY, key: str = "ann@example.org") -> float:
        """How long it had to wait."""
        before = len(self.slept)
        attempt = attempt_of(facts, key)
        await self.watching.delay(attempt)
        self.watching.note(attempt, ANN, WRONG)
        return sum(self.slept[before:])

    async def succeed(self, facts: PeerFacts = AWAY) -> bool:
        attempt = attempt_of(facts)
        is_at_home = await self.watching.delay(attempt)
        self.watching.note(attempt, ANN, None)
        return is_at_home


def attempt_of(facts: PeerFacts = AWAY, key: str = "ann@example.org") -> Attempt:
    return Attempt(key, f"?{key}", facts, "PLAIN")


@pytest.fixture
def world() -> World:
    return World()


async def test_each_failure_doubles_the_wait_of_that_account_and_network_only(world: World) -> None:
    assert [await world.fail() for _ in range(9)] == [0.0, 0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert await world.fail(HOME) == 0.0
    assert await world.fail(AWAY, "bob@example.org") == 0.0
    world.clock.advance(DELAY_KEPT_S)
    assert await world.fail() == 0.0


async def test_at_home_nobody_makes_one_wait_long(world: World) -> None:
    world.homes.add("ann@example.org", HOME.network)
    assert max([await world.fail(HOME) for _ in range(9)]) == module.DELAY_AT_HOME_MAX_S


async def test_an_account_and_nobody_wait_ask_and_look_alike(world: World) -> None:
    """Counted, not timed: the same waits, questions and reports for a name that exists and one that does not."""
    names = ("ann@example.org", "nobody@example.org", "no address")
    waits = {name: [await world.fail(AWAY, name) for _ in range(6)] for name in names}
    assert len(set(map(tuple, waits.values()))) == 1
    assert Counter(world.homes.asked) == dict.fromkeys(names, 6)
    assert Counter(tried.name for tried in world.told) == {f"?{name}": 6 for name in names}


async def test_a_login_ends_the_waits_makes_a_home_and_is_looked_at(world: World) -> None:
    for _ in range(4):
        await world.fail()
    assert not await world.succeed()
    assert await world.succeed()
    assert [tried.outcome for tried in world.told] == [Outcome.WRONG] * 4 + [Outcome.RIGHT] * 2
    first, second = world.arrivals
    assert (first.account, first.is_at_home, first.failures) == (AccountId(1), False, 4)
    assert (second.is_at_home, second.failures) == (True, 0)


@pytest.mark.parametrize("key", [AWAY.remote, AWAY.network])
async def test_a_refused_source_is_refused_but_for_accounts_at_home_there(world: World, key: str) -> None:
    world.watching.guard((Guard(Act.REFUSE, key, 600.0),))
    with pytest.raises(TransientError) as caught:
        await world.watching.delay(attempt_of())
    assert caught.value.reason is Reason.RATE_LIMITED
    world.homes.add("ann@example.org", AWAY.network)
    assert await world.succeed()
    world.homes.known.clear()
    world.clock.advance(600)
    assert not await world.succeed()


async def test_a_closed_account_is_open_at_home_and_each_home_closes_by_itself(world: World) -> None:
    world.homes.add("ann@example.org", HOME.network)
    world.watching.guard((Guard(Act.CLOSE, "?ann@example.org", 600.0),))
    with pytest.raises(TransientError):
        await world.watching.delay(attempt_of(AWAY))
    assert await world.succeed(HOME)
    world.watching.guard((Guard(Act.OPEN, "?ann@example.org"),))
    assert not await world.succeed(AWAY)
    world.watching.guard((Guard(Act.CLOSE, budget_of("?ann@example.org", HOME.network, is_at_home=True), 600.0),))
    with pytest.raises(TransientError):
        await world.watching.delay(attempt_of(HOME))


@pytest.mark.parametrize("key", ["", "?ann@example.org", AWAY.remote])
async def test_what_is_slowed_waits_as_long_as_it_gets_but_not_at_home(world: World, key: str) -> None:
    world.homes.add("ann@example.org", HOME.network)
    world.watching.guard((Guard(Act.SLOW, key, 600.0),))
    assert await world.fail(AWAY) == 8.0
    assert await world.fail(HOME) == 0.0
    await world.succeed(AWAY)
    assert world.arrivals[-1].is_under_attack is (key == "")


async def test_strangers_are_hashed_a_few_at_a_time_and_home_waits_for_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STRANGERS_WAITING_MAX", 1)
    inside = [attempt_of(AWAY, f"u{n}@example.org") for n in range(module.STRANGERS)]
    for attempt in inside:
        await world.watching.delay(attempt)
    waiting = asyncio.ensure_future(world.watching.delay(attempt_of(AWAY, "later@example.org")))
    await asyncio.sleep(0)
    assert not waiting.done()
    with pytest.raises(TransientError):
        await world.watching.delay(attempt_of(AWAY, "too-many@example.org"))
    world.homes.add("ann@example.org", HOME.network)
    assert await world.succeed(HOME)
    world.watching.note(inside[0], None, WRONG)
    assert await waiting is False


async def test_an_app_password_makes_a_home_and_ends_no_row_of_failures(world: World) -> None:
    for _ in range(4):
        await world.fail()
    await world.watching.arrived(attempt_of(), ANN)
    assert [arrival.is_at_home for arrival in world.arrivals] == [False]
    assert await world.fail() == module.DELAY_AT_HOME_MAX_S
    assert Outcome.RIGHT not in {tried.outcome for tried in world.told}
    await world.watching.arrived(attempt_of(PeerFacts(is_exempt=True)), ANN)
    assert len(world.arrivals) == 1


async def test_trouble_of_ours_is_no_failure_and_its_place_is_free_again(world: World) -> None:
    for _ in range(module.STRANGERS + 1):
        attempt = attempt_of()
        await world.watching.delay(attempt)
        world.watching.note(attempt, None, TransientError(Reason.STORE_DOWN))
    assert world.told == []
    assert world.slept == []


async def test_a_decoy_is_never_tried(world: World) -> None:
    world.watching.use(Attacks(decoys=("Trap@Example.org",)))
    with pytest.raises(TransientError):
        await world.watching.delay(attempt_of(AWAY, "trap@example.org"))
    assert [tried.outcome for tried in world.told] == [Outcome.DECOY]


async def test_an_exempt_peer_and_a_server_that_does_not_watch_are_left_alone(world: World) -> None:
    world.watching.guard((Guard(Act.REFUSE, "127.0.0.1", 600.0),))
    assert not await world.succeed(PeerFacts(remote="127.0.0.1", network="127.0.0.0/24", is_exempt=True))
    world.watching.use(Attacks(is_watched=False))
    assert not await world.succeed(AWAY)
    assert (world.told, world.arrivals) == ([], [])


async def test_memory_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FAILURES_MAX", 4)
    monkeypatch.setattr(module, "GUARDS_MAX", 2)
    for number in range(9):
        await world.fail(AWAY, f"u{number}@example.org")
        world.watching.guard((Guard(Act.REFUSE, f"10.0.0.{number}", 600.0),))
    assert len(world.watching._failures) == 4
    assert len(world.watching._guards) == 2


async def test_a_password_on_the_web_makes_no_home_before_the_login_is_whole(world: World) -> None:
    web = PeerFacts(remote="198.51.100.9", network="198.51.100.0/24", service="web")
    assert not await world.succeed(web)
    assert not await world.succeed(web)
    assert world.homes.known == set()
    assert [arrival.is_half for arrival in world.arrivals] == [True, True]
    await world.watching.arrived(attempt_of(web), ANN)
    assert [arrival.is_half for arrival in world.arrivals] == [True, True, False]
    assert await world.succeed(web)


async def test_a_front_that_begins_goes_on_with_what_had_failed(world: World) -> None:
    own = f"?ann@example.org {AWAY.network}"
    world.watching.recall((Failing(own, 3, 10.0), Failing("?other x", 9, 0.0)))
    assert await world.fail() == 0.5
    world.watching.recall((Failing(own, 30, 0.0),))  # what it has seen itself is newer
    assert await world.fail() == 1.0


async def test_who_is_refused_while_he_waits_is_not_hashed(world: World) -> None:
    for _ in range(3):
        await world.fail()

    async def refused_meanwhile(_seconds: float) -> None:
        world.watching.guard((Guard(Act.REFUSE, AWAY.network, 600.0),))

    world.watching._sleep = refused_meanwhile
    for _ in range(module.STRANGERS + 1):  # and the place of a stranger is free again
        with pytest.raises(TransientError):
            await world.watching.delay(attempt_of())
