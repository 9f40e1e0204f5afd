"""What was counted is as it was after it was kept and taken back, in the rules that count by it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.mail.identity.attacks import counted as module
from skrytka.mail.identity.attacks.counted import Counted, Kept
from skrytka.mail.identity.attacks.sightings import Sightings
from skrytka.mail.identity.attacks.words import Act, Attack, Guard, Outcome, Tried
from skrytka.model.clock import FixedClock
from skrytka.model.settings import Attacks

NETWORK = "192.0.2.0/24"


def wrong(name: str, host: str = "192.0.2.1") -> Tried:
    return Tried(name, host, host.rpartition(".")[0] + ".0/24", Outcome.WRONG)


def again(table: Sightings, clock: FixedClock) -> Sightings:
    """Another one that was given all that this one keeps, over octets."""
    rows = msgspec.msgpack.decode(
        msgspec.msgpack.encode(list(table.counted.kept(clock.monotonic_s()))), type=list[Kept]
    )
    fresh = Sightings(clock, table.settings)
    for row in rows:
        fresh.counted.restore(row)
    return fresh


def test_what_was_nearly_an_attack_is_one_with_the_next_try() -> None:
    clock = FixedClock()
    for tries, attack in (
        ([wrong(f"?{n}") for n in range(5)], Attack.SPRAYING),
        ([wrong("?a")] * 8, Attack.BRUTE_FORCE),
        ([wrong(f"?{n}", f"192.0.2.{n}") for n in range(10)], Attack.NETWORK_SPRAYING),
        ([wrong("?a", f"192.0.{n}.1") for n in range(10)], Attack.DISTRIBUTED_GUESSING),
        ([wrong(f"?{n}", f"10.0.{n}.1") for n in range(50)], Attack.STUFFING),
    ):
        table = Sightings(clock, Attacks())
        for tried in tries[:-1]:
            assert table.note(tried).sightings == ()
        assert [each.attack for each in again(table, clock).note(tries[-1]).sightings] == [attack]
        assert Sightings(clock, Attacks()).note(tries[-1]).sightings == ()


def test_who_is_refused_stays_so_and_the_next_time_is_longer() -> None:
    clock = FixedClock()
    table = Sightings(clock, Attacks())
    for _ in range(8):
        table.note(wrong("?a"))
    clock.advance(100)
    table = again(table, clock)
    assert table.standing() == (Guard(Act.REFUSE, "192.0.2.1", 500.0),)
    clock.advance(501)
    table = again(table, clock)
    assert table.standing() == ()
    found = [guard for _ in range(8) for guard in table.note(wrong("?a")).guards]
    assert found[-1] == Guard(Act.REFUSE, "192.0.2.1", 1200.0)


def test_an_account_that_failed_often_is_closed_all_the_same_and_can_be_opened() -> None:
    clock = FixedClock()
    table = Sightings(clock, Attacks(failures_per_account=20, burst_failures=1000, slow_failures=1000))
    for number in range(19):
        table.note(wrong("?a", f"192.0.{number % 3}.1"))
    table = again(table, clock)
    assert table.note(wrong("?a")).guards == (Guard(Act.CLOSE, "?a", 86_400.0),)
    table = again(table, clock)
    assert table.trust("?a").guards == (Guard(Act.OPEN, "?a"),)


def test_what_makes_a_try_wait_is_told_to_a_front_that_begins() -> None:
    clock = FixedClock()
    table = Sightings(clock, Attacks())
    table.note(wrong("?a"))
    table.note(wrong("?a"))
    clock.advance(60)
    table = again(table, clock)
    (failing,) = table.failing()
    assert (failing.key, failing.count, failing.age_s) == (f"?a {NETWORK}", 2, 60.0)
    table.note(Tried("?a", "192.0.2.1", NETWORK, Outcome.RIGHT))
    assert table.failing() == ()
    table.note(wrong("?a"))
    clock.advance(900)
    assert table.failing() == ()
    table.note(wrong("?a"))
    assert [each.count for each in table.failing()] == [1]


def test_every_table_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_MAX", 3)
    monkeypatch.setattr(module, "DELAYS_MAX", 4)
    monkeypatch.setattr(module, "GUARDS_MAX", 5)
    table = Counted(Attacks())
    for number in range(9):
        table.hosts.of(f"{number}")
        table.account(f"?{number}")
        table.delay(f"?{number}", 1.0, 900.0)
        table.stand(Act.REFUSE, f"{number}", 10.0)
    rows = list(table.kept(0.0))
    kinds = [type(row).__name__ for row in rows]
    assert [kinds.count(kind) for kind in ("KeptSource", "KeptAccount", "KeptDelay", "KeptGuard")] == [3, 3, 4, 5]
    assert not [row for row in table.kept(11.0) if type(row).__name__ == "KeptGuard"]


def test_tables_may_change_while_rows_are_taken() -> None:
    table = Counted(Attacks())
    for number in range(3):
        table.hosts.of(f"{number}")
        table.account(f"?{number}")
        table.delay(f"?{number}", 1.0, 900.0)
        table.stand(Act.REFUSE, f"{number}", 10.0)
    for _row in table.kept(0.0):
        table.hosts.drop("2")
        table.accounts.drop("?2")
        table.delays.pop("?2", None)
        table.standing.pop((Act.REFUSE, "2"), None)


@given(st.from_type(list[Kept]))
def test_any_rows_are_taken(rows: list[Kept]) -> None:
    table = Counted(Attacks())
    for row in rows:
        table.restore(row)
    list(table.kept(0.0))
