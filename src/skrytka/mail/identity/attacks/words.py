"""The words of attacks on logins: what is tried, seen and done about it."""

from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    """What came of a try."""

    RIGHT = "right"
    WRONG = "wrong"
    DECOY = "decoy"


class Tried(msgspec.Struct, frozen=True):
    """A try at a login, as a front tells of it."""

    name: str  # hidden
    host: str  # net.facts.host_of
    network: str
    outcome: Outcome
    is_at_home: bool = False


class Act(StrEnum):
    """What is done about it."""

    REFUSE = "refuse"  # a source
    SLOW = "slow"  # a source, an account's strangers, or with an empty key all strangers
    CLOSE = "close"  # a budget of an account
    OPEN = "open"  # what was closed


class Guard(msgspec.Struct, frozen=True):
    """What a front has to do for so long.

    ``key`` is a host, a network, :func:`sightings.budget_of` or "" for all strangers.
    """

    act: Act
    key: str
    seconds: float = 0.0


class Failing(msgspec.Struct, frozen=True):
    """How often an account failed from a network, for a front that begins: each failure made the next try wait."""

    key: str  # name and network
    count: int
    age_s: float  # of the latest


class Attack(StrEnum):
    """Closed words for events."""

    BRUTE_FORCE = "brute_force"
    SLOW_GUESSING = "slow_guessing"
    SPRAYING = "spraying"
    NETWORK_SPRAYING = "network_spraying"
    STUFFING = "stuffing"
    DISTRIBUTED_GUESSING = "distributed_guessing"
    TOO_MANY_FAILURES = "too_many_failures"
    DECOY = "decoy"


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """An attack, with its evidence; the fields as in ``events.AttackSeen``."""

    attack: Attack
    source: str = ""
    name: str = ""
    tries: int
    accounts: int = 0
    networks: int = 0
    act: str
    seconds: float


class Noticed(msgspec.Struct, frozen=True):
    """What came of one try: mostly nothing."""

    sightings: tuple[Sighting, ...] = ()
    guards: tuple[Guard, ...] = ()
