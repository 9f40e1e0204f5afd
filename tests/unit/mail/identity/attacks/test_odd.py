from collections.abc import Mapping
from typing import Any

import pytest

from skrytka.mail.identity.attacks.centroids import CENTROIDS
from skrytka.mail.identity.attacks.homes import Kind
from skrytka.mail.identity.attacks.odd import (
    DAY_MS,
    HOUR_MS,
    MANY_FAILURES,
    SCORES,
    Limits,
    Oddity,
    Visit,
    distance_km,
    oddities,
    score,
)
from skrytka.store.sql.places import PlaceRow

LIMITS = Limits(travel_km=1000, travel_hours=3, dormant_days=45)
NOW_MS = 1_800_000_000_000
KNOWN = {Kind.NETWORK: b"net", Kind.COUNTRY: b"PL", Kind.DEVICE: b"imap"}


def rows(hours_ago: float = 24.0, macs: Mapping[Kind, bytes] | None = None) -> tuple[PlaceRow, ...]:
    at_ms = NOW_MS - int(hours_ago * HOUR_MS)
    return tuple(PlaceRow(kind.value, mac, at_ms, at_ms) for kind, mac in (KNOWN if macs is None else macs).items())


BY_PROVIDER = (*rows(), *rows(macs={Kind.PROVIDER: b"AS1"}))


def visit(**changes: Any) -> Visit:
    values: dict[str, Any] = {
        "at_ms": NOW_MS,
        "macs": KNOWN,
        "rows": rows(),
        "country": "PL",
        "countries": {code.encode(): code for code in CENTROIDS},
        "created_at_ms": NOW_MS - 400 * DAY_MS,
        "watched_since_ms": NOW_MS - 300 * DAY_MS,
    }
    return Visit(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"macs": KNOWN | {Kind.NETWORK: b"other"}}, [Oddity.NEW_NETWORK]),
        ({"macs": KNOWN | {Kind.NETWORK: b"other", Kind.PROVIDER: b"AS1"}}, [Oddity.NEW_NETWORK]),  # none known before
        ({"rows": BY_PROVIDER, "macs": KNOWN | {Kind.NETWORK: b"other", Kind.PROVIDER: b"AS1"}}, []),
        (
            {
                "rows": BY_PROVIDER,
                "macs": KNOWN | {Kind.NETWORK: b"other", Kind.PROVIDER: b"AS1"},
                "failures": MANY_FAILURES,
            },
            [Oddity.AFTER_FAILURES],
        ),
        ({"rows": BY_PROVIDER, "macs": KNOWN | {Kind.PROVIDER: b"AS2"}}, [Oddity.NEW_NETWORK]),
        ({"rows": BY_PROVIDER, "macs": KNOWN | {Kind.NETWORK: b"other"}}, [Oddity.NEW_NETWORK]),  # not known now
        ({"macs": KNOWN | {Kind.DEVICE: b"smtp"}}, [Oddity.NEW_DEVICE]),
        ({"macs": KNOWN | {Kind.COUNTRY: b"CZ"}, "country": "CZ"}, [Oddity.NEW_COUNTRY]),
        ({"macs": {Kind.NETWORK: b"net"}, "country": ""}, []),  # nobody knows the country
        ({"rows": rows(macs={Kind.NETWORK: b"net"})}, []),  # nor was one known before
        ({"rows": rows(2), "macs": KNOWN | {Kind.COUNTRY: b"CZ"}, "country": "CZ"}, [Oddity.NEW_COUNTRY]),
        (
            {"rows": rows(2), "macs": KNOWN | {Kind.COUNTRY: b"AU"}, "country": "AU"},
            [Oddity.NEW_COUNTRY, Oddity.IMPOSSIBLE_TRAVEL],
        ),
        (
            {
                "rows": (*rows(2), *rows(30, {Kind.COUNTRY: b"AU"})),
                "macs": KNOWN | {Kind.COUNTRY: b"AU"},
                "country": "AU",
            },
            [Oddity.IMPOSSIBLE_TRAVEL],
        ),
        ({"rows": rows(4), "macs": KNOWN | {Kind.COUNTRY: b"AU"}, "country": "AU"}, [Oddity.NEW_COUNTRY]),
        ({"failures": 10}, []),  # at home he may forget it
        ({"failures": 10, "macs": KNOWN | {Kind.NETWORK: b"x"}}, [Oddity.NEW_NETWORK, Oddity.AFTER_FAILURES]),
        ({"is_under_attack": True}, [Oddity.UNDER_ATTACK]),
        ({"rows": rows(46 * 24)}, [Oddity.DORMANT]),
        ({"rows": ()}, [Oddity.FIRST_USE]),
        ({"rows": (), "created_at_ms": NOW_MS - DAY_MS}, []),
        ({"rows": (), "watched_since_ms": NOW_MS - DAY_MS}, []),  # before that nobody looked
        ({"rows": (), "watched_since_ms": None}, []),
    ],
)
def test_what_is_odd(changes: dict[str, Any], expected: list[Oddity]) -> None:
    assert list(oddities(visit(**changes), LIMITS)) == expected


def test_a_new_network_and_program_are_not_told_a_new_country_is() -> None:
    assert set(SCORES) == set(Oddity)
    assert score([Oddity.NEW_NETWORK, Oddity.NEW_DEVICE]) == 2
    assert score([Oddity.NEW_COUNTRY]) == 3


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [((52.2, 21.0), (50.1, 14.4), 500, 540), ((0, 0), (0, 180), 20_000, 20_030), ((10, 20), (10, 20), 0, 0)],
)
def test_distances(one: tuple[float, float], other: tuple[float, float], least: float, most: float) -> None:
    assert least <= distance_km(one, other) <= most
