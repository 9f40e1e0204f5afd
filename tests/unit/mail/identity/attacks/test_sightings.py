"""Each rule fires on its attack and stays quiet on what looks a little like it."""

from collections.abc import Iterable

import pytest

from skrytka.mail.identity.attacks import counted as module
from skrytka.mail.identity.attacks.sightings import Sightings, budget_of
from skrytka.mail.identity.attacks.words import Act, Attack, Guard, Outcome, Sighting, Tried
from skrytka.model.clock import FixedClock
from skrytka.model.settings import Attacks


class World:
    def __init__(self, settings: Attacks | None = None) -> None:
        self.clock = FixedClock()
        self.table = Sightings(self.clock, settings or Attacks())
        self.seen: list[Sighting] = []
        self.guards: list[Guard] = []

    def tries(self, tries: Iterable[Tried], pause_s: float = 0.0) -> list[Attack]:
        before = len(self.seen)
        for tried in tries:
            noticed = self.table.note(tried)
            self.seen += noticed.sightings
            self.guards += noticed.guards
            self.clock.advance(pause_s)
        return [sighting.attack for sighting in self.seen[before:]]


@pytest.fixture
def world() -> World:
    return World()


def wrong(name: str = "?a", host: str = "192.0.2.1", *, at_home: bool = False) -> Tried:
    return Tried(name, host, host.rpartition(".")[0] + ".0/24", Outcome.WRONG, at_home)


def right(name: str = "?a", host: str = "192.0.2.1", *, at_home: bool = False) -> Tried:
    return Tried(name, host, host.rpartition(".")[0] + ".0/24", Outcome.RIGHT, at_home)


def test_one_address_that_guesses_fast_is_refused_twice_as_long_each_time(world: World) -> None:
    assert world.tries([wrong()] * 7) == []
    assert world.tries([wrong()]) == [Attack.BRUTE_FORCE]
    assert world.guards == [Guard(Act.REFUSE, "192.0.2.1", 600.0)]
    assert world.tries([wrong()] * 20) == []  # it is refused: nobody hears of it again
    world.clock.advance(601)
    world.tries([wrong()] * 8)
    assert world.guards[-1] == Guard(Act.REFUSE, "192.0.2.1", 1200.0)
    for _ in range(12):
        world.clock.advance(90_000)
        world.tries([wrong()] * 8)
    assert world.guards[-1].seconds == 86_400.0


def test_somebody_who_mistypes_and_then_is_right_is_no_attack(world: World) -> None:
    for _ in range(10):
        assert world.tries([wrong()] * 6 + [right()]) == []


def test_one_address_that_tries_many_names_is_spraying(world: World) -> None:
    assert world.tries(wrong(f"?{number}") for number in range(4)) == []
    assert world.tries([wrong("?4")]) == [Attack.SPRAYING]
    (sighting,) = world.seen
    assert (sighting.source, sighting.accounts, sighting.tries, sighting.act) == ("192.0.2.1", 5, 5, Act.REFUSE)


def test_names_far_apart_in_time_are_no_spraying(world: World) -> None:
    assert world.tries((wrong(f"?{number}") for number in range(9)), pause_s=60) == []


def test_many_names_few_tries_each_from_one_network_are_spraying(world: World) -> None:
    found = world.tries((wrong(f"?{n}", f"192.0.2.{n // 2}") for n in range(10)), pause_s=20)
    assert found == [Attack.NETWORK_SPRAYING]
    assert world.guards == [Guard(Act.REFUSE, "192.0.2.0/24", 600.0)]


def test_slow_guesses_from_one_address_are_slowed_and_told_once_an_hour(world: World) -> None:
    found = world.tries([wrong()] * 16, pause_s=1000)
    assert found == [Attack.SLOW_GUESSING] * 2
    assert world.guards[0] == Guard(Act.SLOW, "192.0.2.1", 3600.0)


def test_few_tries_each_from_many_networks_at_one_account(world: World) -> None:
    found = world.tries((wrong(host=f"198.51.{n}.1") for n in range(10)), pause_s=3600)
    assert found == [Attack.DISTRIBUTED_GUESSING]
    assert (world.seen[0].name, world.seen[0].networks) == ("?a", 10)
    assert world.guards == [Guard(Act.SLOW, "?a", 3600.0)]


def test_a_hundred_failures_close_the_account_to_strangers_only(world: World) -> None:
    spread = (wrong(host=f"10.{n % 9}.{n % 9}.{n}") for n in range(99))
    assert Attack.TOO_MANY_FAILURES not in world.tries(spread, pause_s=700)
    assert Attack.TOO_MANY_FAILURES in world.tries([wrong(host="10.9.9.9")])
    closed = [guard for guard in world.guards if guard.act is Act.CLOSE]
    assert closed == [Guard(Act.CLOSE, "?a", 86_400.0)]
    assert budget_of("?a", "203.0.113.0/24", is_at_home=True) != closed[0].key
    assert closed[0] in world.table.standing()
    world.tries([right(host="203.0.113.1", at_home=True)])  # a phone that polls at home opens it for no stranger
    assert closed[0] in world.table.standing()
    world.tries([right(host="203.0.113.9")])  # a login that was under way when it was closed
    assert world.guards[-1] == Guard(Act.OPEN, "?a")


def test_an_account_is_closed_again_when_its_time_is_over_and_it_goes_on(world: World) -> None:
    for _ in range(3):
        for n in range(100):
            world.tries([wrong(host=f"10.{n % 9}.{n % 9}.{n}")], pause_s=700)
        world.clock.advance(86_400)
    assert [guard.key for guard in world.guards if guard.act is Act.CLOSE] == ["?a"] * 3


def test_people_of_one_network_who_mistype_once_each_do_not_shut_it(world: World) -> None:
    for n in range(30):
        assert world.tries([wrong(f"?{n}", f"192.0.2.{n}"), right(f"?{n}", f"192.0.2.{n}")], pause_s=5) == []


def test_a_row_of_failures_at_home_closes_that_network_only_and_ends_with_a_login(world: World) -> None:
    world.tries([wrong(at_home=True)] * 99)
    world.tries([right(at_home=True)])
    assert world.tries([wrong(at_home=True)] * 99) == []
    assert world.tries([wrong(at_home=True)]) == [Attack.TOO_MANY_FAILURES]
    assert world.guards == [Guard(Act.CLOSE, "?a 192.0.2.0/24", 86_400.0)]


def test_a_flood_of_names_does_not_make_a_row_of_failures_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ACCOUNTS_MAX", 20)
    world = World()
    for row in range(50):
        world.tries([wrong(host=f"10.0.{row}.1"), wrong(host=f"10.0.{row}.1")], pause_s=4000)
        if row >= 5:
            world.tries(wrong(f"?{row} {n}", f"10.1.{n}.{row}") for n in range(30))
    assert Attack.TOO_MANY_FAILURES in {sighting.attack for sighting in world.seen}


def test_pairs_of_a_leak_from_many_networks_slow_all_strangers(world: World) -> None:
    found = world.tries((wrong(f"?{n}", f"10.{n % 30}.{n}.1") for n in range(60)), pause_s=5)
    assert found == [Attack.STUFFING]
    assert world.guards == [Guard(Act.SLOW, "", 1800.0)]
    assert (world.seen[0].accounts, world.seen[0].networks >= 20) == (50, True)


def test_a_threshold_that_is_raised_while_it_runs_is_reached_too(world: World) -> None:
    world.table.use(Attacks(stuffing_names=300, stuffing_networks=100))
    assert world.tries((wrong(f"?{n}", f"10.{n % 120}.{n}.1") for n in range(299)), pause_s=5) == []
    assert world.tries([wrong("?299", "10.0.0.1")]) == [Attack.STUFFING]


def test_many_people_who_mistype_while_others_get_in_are_no_stuffing(world: World) -> None:
    for n in range(120):
        assert world.tries([wrong(f"?{n}", f"10.{n}.0.1"), right(f"?{n}", f"10.{n}.0.1")], pause_s=5) == []


def test_a_decoy_is_told_and_its_visitor_refused_for_a_day(world: World) -> None:
    tried = Tried("?trap", "192.0.2.1", "192.0.2.0/24", Outcome.DECOY)
    assert world.tries([tried, tried]) == [Attack.DECOY]
    assert world.guards == [Guard(Act.REFUSE, "192.0.2.1", 86_400.0)]


def test_trust_opens_what_was_closed_or_slowed_and_leaves_sources_refused(world: World) -> None:
    world.tries((wrong(host=f"10.{n}.0.1") for n in range(100)), pause_s=600)
    noticed = world.table.trust("?a")
    assert {guard.act for guard in noticed.guards} == {Act.OPEN}
    assert not [guard for guard in world.table.standing() if guard.key.startswith("?a")]


def test_what_holds_ends_and_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SOURCES_MAX", 10)
    monkeypatch.setattr(module, "GUARDS_MAX", 20)
    world = World(Attacks(burst_failures=1))
    world.tries(wrong(f"?{n}", f"10.{n % 250}.{n // 250}.1") for n in range(300))
    assert len(world.table.standing()) == 20
    assert world.table.standing()[-1].key == "10.49.1.1"
    world.clock.advance(100_000)
    assert world.table.standing() == ()


def test_nothing_is_counted_where_nobody_watches() -> None:
    world = World(Attacks(is_watched=False))
    assert world.tries([wrong()] * 200) == []
