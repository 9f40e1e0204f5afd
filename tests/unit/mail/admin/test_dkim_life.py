"""What is due for the keys of a domain, as a table."""

import pytest

from skrytka.mail.admin.dkim_life import AHEAD_MS, DAY_MS, REVOKED_MS, Shown, Terms, plan, shown
from skrytka.protocol.mailauth.dkim.key import Algorithm
from skrytka.store.rows import DkimKeyRow, DkimState
from tests.support.dkim import RFC_8463_KEYS

NOW = 1_800_000_000_000
TERMS = Terms(rotate_ms=180 * DAY_MS, wait_ms=2 * DAY_MS, retire_ms=14 * DAY_MS)
RSA, ED = Algorithm.RSA_SHA256, Algorithm.ED25519_SHA256
YES, NO, OTHER, UNKNOWN = Shown
PUBLIC = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


def key(selector: str, state: str, age_ms: int = 0, algorithm: Algorithm = RSA) -> DkimKeyRow:
    since = NOW - age_ms
    return DkimKeyRow("a.test", selector, algorithm.value, DkimState(state), PUBLIC, b"x", since, since)


def steps(
    *keys: DkimKeyRow, **seen: Shown
) -> tuple[list[tuple[str, str, str | None]], tuple[Algorithm, ...], tuple[str, ...]]:
    found = plan(keys, seen, NOW, TERMS)
    moves = [(move.selector, move.was.value, move.state and move.state.value) for move in found.moves]
    return moves, found.missing, found.complaints


ED_ACTIVE = key("e", "active", algorithm=ED)


def test_a_domain_without_keys_gets_both() -> None:
    assert steps() == ([], (RSA, ED), ())
    assert steps(ED_ACTIVE) == ([], (RSA,), ())


@pytest.mark.parametrize(
    ("seen", "moves", "is_told"),
    [
        (YES, [("n", "new", "active")], False),
        (NO, [], True),
        (OTHER, [], True),
        (UNKNOWN, [], False),
    ],
)
def test_the_first_key_is_used_as_soon_as_dns_shows_it_and_no_sooner(
    seen: Shown, moves: list[tuple[str, str, str]], is_told: bool
) -> None:
    found = steps(ED_ACTIVE, key("n", "new"), n=seen)
    assert found[:2] == (moves, ())
    assert bool(found[2]) is is_told


@pytest.mark.parametrize(
    ("state", "age_ms", "seen", "moves"),
    [
        ("new", 0, YES, [("n", "new", "waiting")]),
        ("new", 300 * DAY_MS, NO, []),
        ("waiting", 2 * DAY_MS - 1, YES, []),
        ("waiting", 2 * DAY_MS, YES, [("n", "waiting", "active"), ("o", "active", "retired")]),
        ("waiting", 2 * DAY_MS, NO, []),
        ("waiting", 2 * DAY_MS, OTHER, []),
        ("waiting", 2 * DAY_MS, UNKNOWN, []),
    ],
)
def test_a_successor_waits_and_takes_over_only_when_dns_shows_it(
    state: str, age_ms: int, seen: Shown, moves: list[tuple[str, str, str]]
) -> None:
    keys = (ED_ACTIVE, key("o", "active", 170 * DAY_MS), key("n", state, age_ms))
    assert steps(*keys, n=seen) == (moves, (), ())


def test_a_successor_is_made_ahead_of_its_time() -> None:
    assert steps(ED_ACTIVE, key("o", "active", TERMS.rotate_ms - AHEAD_MS - 1))[1] == ()
    assert steps(ED_ACTIVE, key("o", "active", TERMS.rotate_ms - AHEAD_MS))[1] == (RSA,)


def test_a_key_beyond_its_time_goes_on_signing_while_its_successor_is_not_published_and_that_is_told() -> None:
    old = key("o", "active", TERMS.rotate_ms)
    assert steps(ED_ACTIVE, old, key("n", "new"), n=NO) == (
        [],
        (),
        ("n._domainkey.a.test is not in DNS: o goes on signing beyond its time",),
    )


def test_a_key_in_use_that_dns_has_lost_goes_on_signing_and_that_is_told() -> None:
    moves, missing, (said,) = steps(ED_ACTIVE, key("o", "active"), o=OTHER)
    assert (moves, missing) == ([], ())
    assert said == "o._domainkey.a.test has another record in DNS: what it signs cannot be verified"


def test_a_retired_key_is_revoked_and_then_gone() -> None:
    kept = (ED_ACTIVE, key("o", "active"))
    assert steps(*kept, key("r", "retired", TERMS.retire_ms - 1))[0] == []
    assert steps(*kept, key("r", "retired", TERMS.retire_ms))[0] == [("r", "retired", "revoked")]
    assert steps(*kept, key("r", "revoked", REVOKED_MS - 1))[0] == []
    assert steps(*kept, key("r", "revoked", REVOKED_MS))[0] == [("r", "revoked", None)]


def test_a_clock_that_went_back_makes_nothing_due() -> None:
    assert steps(ED_ACTIVE, key("o", "active", -DAY_MS), key("r", "retired", -DAY_MS)) == ([], (), ())


RECORD = RFC_8463_KEYS["brisbane._domainkey.football.example.com"].encode()


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ([], NO),
        ([RECORD], YES),
        ([b"v=DKIM1; k=ed25519; p=" + PUBLIC[:20].encode() + b" \t" + PUBLIC[20:].encode()], YES),
        ([RECORD.replace(b"p=11", b"p=12")], OTHER),
        ([b"v=DKIM1; k=ed25519; p="], OTHER),
        ([b"v=spf1 -all"], OTHER),
        ([RECORD, b"v=spf1 -all"], OTHER),
        ([RECORD.replace(b"k=ed", b"s=other; k=ed")], OTHER),
        ([b"\xff\x00;;;=" * 100], OTHER),
    ],
)
def test_dns_shows_a_key_when_nothing_but_it_is_there(records: list[bytes], found: Shown) -> None:
    assert shown(key("n", "new", algorithm=ED), records) is found
