"""What is strange about a login that was right, and how much each of it counts.

A password may be right because it was stolen: a login from a new country, too far from the last one, of an account that
slept, or in the middle of an attack is told to the account's owner. What counts little is told only together.
"""

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from skrytka.mail.identity.attacks.centroids import CENTROIDS
from skrytka.mail.identity.attacks.homes import Kind
from skrytka.store.sql.places import PlaceRow

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
EARTH_KM: Final = 6371.0
MANY_FAILURES: Final = 10


class Oddity(StrEnum):
    """Closed words for events and alerts."""

    NEW_NETWORK = "new_network"
    NEW_COUNTRY = "new_country"
    NEW_DEVICE = "new_device"
    IMPOSSIBLE_TRAVEL = "impossible_travel"
    AFTER_FAILURES = "after_failures"
    DORMANT = "dormant"
    FIRST_USE = "first_use"
    UNDER_ATTACK = "under_attack"


SCORES: Final[Mapping[Oddity, int]] = {
    Oddity.NEW_NETWORK: 1,  # everybody travels
    Oddity.NEW_COUNTRY: 3,
    Oddity.NEW_DEVICE: 1,
    Oddity.IMPOSSIBLE_TRAVEL: 4,
    Oddity.AFTER_FAILURES: 3,  # ASVS 6.3.5: success after many failures
    Oddity.DORMANT: 3,
    Oddity.FIRST_USE: 3,
    Oddity.UNDER_ATTACK: 3,  # stuffing: the pair may be from a leak
}


class Limits(msgspec.Struct, frozen=True):
    """From when something is odd."""

    travel_km: int
    travel_hours: int
    dormant_days: int


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """A login and what was known before it; places are given as their keyed hashes."""

    at_ms: int
    macs: Mapping[Kind, bytes]  # of this login; no country where none is known
    rows: Sequence[PlaceRow]  # of the account
    country: str = ""
    countries: Mapping[bytes, str] = msgspec.field(default_factory=dict)  # what the hashes of known countries mean
    failures: int = 0
    is_under_attack: bool = False
    created_at_ms: int = 0
    watched_since_ms: int | None = None  # when the server began to note places


def oddities(visit: Visit, limits: Limits) -> tuple[Oddity, ...]:
    """What is odd; a first login has nothing to compare with."""
    found = [*_new(visit)]
    if _is_too_far(visit, limits):
        found.append(Oddity.IMPOSSIBLE_TRAVEL)
    if visit.failures >= MANY_FAILURES and _is_new(visit, Kind.NETWORK):  # who guesses may have the same provider
        found.append(Oddity.AFTER_FAILURES)
    if visit.is_under_attack:
        found.append(Oddity.UNDER_ATTACK)
    dormant_ms = limits.dormant_days * DAY_MS
    if visit.rows and visit.at_ms - max(row.last_at_ms for row in visit.rows) > dormant_ms:
        found.append(Oddity.DORMANT)
    since_ms = max(visit.created_at_ms, visit.at_ms if visit.watched_since_ms is None else visit.watched_since_ms)
    if not visit.rows and visit.at_ms - since_ms > dormant_ms:
        found.append(Oddity.FIRST_USE)
    return tuple(found)


def score(found: Sequence[Oddity]) -> int:
    """How odd that is."""
    return sum(SCORES[each] for each in found)


def _new(visit: Visit) -> list[Oddity]:
    # Whoever goes through one provider gets another network of it every day, so the provider is asked first
    network = Kind.PROVIDER if _is_new(visit, Kind.PROVIDER) is not None else Kind.NETWORK
    names = {network: Oddity.NEW_NETWORK, Kind.COUNTRY: Oddity.NEW_COUNTRY, Kind.DEVICE: Oddity.NEW_DEVICE}
    return [name for kind, name in names.items() if _is_new(visit, kind)]


def _is_new(visit: Visit, kind: Kind) -> bool | None:
    """None where there is nothing to compare."""
    known = {row.mac for row in visit.rows if row.kind == kind}
    mac = visit.macs.get(kind)
    return mac not in known if mac is not None and known else None


def _is_too_far(visit: Visit, limits: Limits) -> bool:
    """From the country of the login before; of a country only its middle is known, so neighbours are never far."""
    there = CENTROIDS.get(visit.country)
    if there is None:
        return False
    for row in visit.rows:
        before = CENTROIDS.get(visit.countries.get(row.mac, "")) if row.kind == Kind.COUNTRY else None
        is_lately = visit.at_ms - row.last_at_ms < limits.travel_hours * HOUR_MS
        if before is not None and is_lately and distance_km(before, there) > limits.travel_km:
            return True
    return False


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Along the surface, between (latitude, longitude) in degrees."""
    lat_1, lon_1, lat_2, lon_2 = (math.radians(value) for value in (*one, *other))
    half = math.sin((lat_2 - lat_1) / 2) ** 2 + math.cos(lat_1) * math.cos(lat_2) * math.sin((lon_2 - lon_1) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, half)))
