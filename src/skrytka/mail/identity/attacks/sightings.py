"""Attacks as they show over all accounts, sources and fronts: counted in the supervisor, in bounded memory.

Names come as keyed hashes, of accounts and of nobody alike, so nothing here tells whether an account exists. Every rule
says what was seen (``Sighting``, an event) and what follows (``Guard``, told to every front): a source is refused or
slowed for a time, an account is closed to networks that it is not known in. Nothing here keeps a login away from a
network where its account is at home, but its own hundred failures from there (NIST SP 800-63B-4 3.2.2).

Thresholds are settings; docs/settings.md, "attacks", says where they come from.
"""

from collections import OrderedDict
from enum import StrEnum
from typing import Final

import msgspec

from skrytka.mail.identity.attacks.counting import Bounded, Leak, Seen
from skrytka.model.clock import Clock
from skrytka.model.settings import Attacks

SOURCES_MAX: Final = 20_000  # addresses and networks each; some 5 KB each at worst
ACCOUNTS_MAX: Final = 20_000  # beside those that have failed often, which only their like push out
NAMES_MAX: Final = 32  # of one source: a rule asks for fewer
GUARDS_MAX: Final = 40_000  # that stand at a time
OFTEN: Final = 10  # failures in a row from which an account is kept apart
RARE: Final = 2  # tries of one account: more is a person, or another attack
STRIKES_MAX: Final = 10
TOLD_S: Final = 3600.0  # what lasts is told once an hour


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
    """What a front has to do for so long; ``key`` is a host, a network, :func:`budget_of` or "" for all strangers."""

    act: Act
    key: str
    seconds: float = 0.0


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


class _Source:
    """One address or network."""

    __slots__ = ("burst", "fails", "names", "refused_s", "slow", "strikes", "told_s")

    def __init__(self) -> None:
        self.burst = Leak()
        self.slow = Leak()
        self.names = Seen(NAMES_MAX)
        self.fails = 0
        self.strikes = 0
        self.refused_s = 0.0
        self.told_s = 0.0


class _Account:
    """One name: failures in a row for each budget, and the networks they came from."""

    __slots__ = ("failures", "networks", "told_s")

    def __init__(self) -> None:
        self.failures: OrderedDict[str, int] = OrderedDict()
        self.networks = Seen(NAMES_MAX)
        self.told_s = 0.0


def budget_of(name: str, network: str, *, is_at_home: bool) -> str:
    """What failures are counted on: all strangers together, each network where the account is at home by itself."""
    return f"{name} {network}" if is_at_home else name


class Sightings:
    """One for the server."""

    def __init__(self, clock: Clock, settings: Attacks) -> None:
        self._clock = clock
        self.settings = settings
        self._hosts = Bounded(_Source, SOURCES_MAX)
        self._networks = Bounded(_Source, SOURCES_MAX)
        self._accounts = Bounded(_Account, ACCOUNTS_MAX)
        self._often = Bounded(_Account, ACCOUNTS_MAX)
        self._tried = Seen(4 * settings.stuffing_names)  # over all sources
        self._tried_from = Seen(4 * settings.stuffing_networks)
        self._right_too = Seen(4 * settings.stuffing_names)  # strangers who were
        self._stuffing_told_s = float("-inf")
        self._standing: OrderedDict[tuple[Act, str], float] = OrderedDict()  # until when

    def use(self, settings: Attacks) -> None:
        """Thresholds of now; what was counted stays counted."""
        self.settings = settings
        self._tried.most = self._right_too.most = 4 * settings.stuffing_names
        self._tried_from.most = 4 * settings.stuffing_networks

    def note(self, tried: Tried) -> Noticed:
        """Count it. What follows is remembered for fronts that begin later (:meth:`standing`)."""
        settings = self.settings
        if not settings.is_watched:
            return Noticed()
        if tried.outcome is Outcome.RIGHT:
            return self._kept(self._right(tried))
        if tried.outcome is Outcome.DECOY:
            return self._kept(self._decoy(tried))
        found = [self._failed_in_a_row(tried), self._distributed(tried)]
        if not tried.is_at_home:
            found += [self._from_host(tried), self._from_network(tried), self._stuffing(tried)]
        return self._kept(_joined(found))

    def standing(self) -> tuple[Guard, ...]:
        """All that holds now."""
        now_s = self._clock.monotonic_s()
        self._standing = OrderedDict((key, until) for key, until in self._standing.items() if until > now_s)
        return tuple(Guard(act, key, until - now_s) for (act, key), until in self._standing.items())

    def trust(self, name: str) -> Noticed:
        """An administrator says that the account is its owner's: closed budgets open."""
        self._often.drop(name)
        self._accounts.drop(name)
        keys = [key for act, key in self._standing if act is not Act.REFUSE and key.split(" ")[0] == name]
        return self._kept(Noticed((), tuple(Guard(Act.OPEN, key) for key in keys)))

    def _kept(self, noticed: Noticed) -> Noticed:
        now_s = self._clock.monotonic_s()
        for guard in noticed.guards:
            if guard.act is Act.OPEN:
                self._standing.pop((Act.CLOSE, guard.key), None)
                self._standing.pop((Act.SLOW, guard.key), None)
            else:
                self._standing[guard.act, guard.key] = now_s + guard.seconds
                self._standing.move_to_end((guard.act, guard.key))
        while len(self._standing) > GUARDS_MAX:  # the oldest one by one: all at once would take a fifth of a second
            self._standing.popitem(last=False)
        return noticed

    def _is_closed(self, budget: str) -> bool:
        return self._standing.get((Act.CLOSE, budget), float("-inf")) > self._clock.monotonic_s()

    # -- one account ----------------------------------------------------------------------------------------------

    def _right(self, tried: Tried) -> Noticed:
        """Ends a row of failures of its budget. What comes from home says nothing about strangers."""
        if not tried.is_at_home:
            self._right_too.add(tried.name, self._clock.monotonic_s(), self.settings.stuffing_s)
        if (network := self._networks.find(tried.network)) is not None:
            network.names.discard(tried.name)
        if (host := self._hosts.find(tried.host)) is not None:
            count = host.names.discard(tried.name)
            host.slow.take_back(count)
            host.burst.take_back(count)
        account = self._often.find(tried.name) or self._accounts.find(tried.name)
        if account is None:
            return Noticed()
        own = budget_of(tried.name, tried.network, is_at_home=tried.is_at_home)
        account.failures.pop(own, None)
        is_closed = self._is_closed(own)
        return Noticed((), (Guard(Act.OPEN, own),) if is_closed else ())

    def _failed_in_a_row(self, tried: Tried) -> Noticed:
        account = self._account(tried.name)
        key = budget_of(tried.name, tried.network, is_at_home=tried.is_at_home)
        count = account.failures[key] = account.failures.pop(key, 0) + 1
        while len(account.failures) > NAMES_MAX:
            account.failures.popitem(last=False)
        if count < self.settings.failures_per_account or self._is_closed(key):
            return Noticed()
        seconds = float(self.settings.closed_s)
        account.failures[key] = 0
        return _noticed(
            Guard(Act.CLOSE, key, seconds),
            Sighting(
                attack=Attack.TOO_MANY_FAILURES,
                name=tried.name,
                source=tried.network if tried.is_at_home else "",
                tries=count,
                accounts=1,
                networks=len(account.networks),
                act=Act.CLOSE,
                seconds=seconds,
            ),
        )

    def _distributed(self, tried: Tried) -> Noticed:
        """Few tries from each of many networks, over a day."""
        settings, now_s = self.settings, self._clock.monotonic_s()
        account = self._account(tried.name)
        account.networks.add(tried.network, now_s, settings.guess_s)
        if len(account.networks) < settings.guess_networks or not _is_due(account.told_s, now_s):
            return Noticed()
        account.told_s = now_s
        return _noticed(
            Guard(Act.SLOW, tried.name, TOLD_S),
            Sighting(
                attack=Attack.DISTRIBUTED_GUESSING,
                name=tried.name,
                tries=sum(account.failures.values()),
                accounts=1,
                networks=len(account.networks),
                act=Act.SLOW,
                seconds=TOLD_S,
            ),
        )

    def _account(self, name: str) -> _Account:
        """Who has failed often is kept apart, where a flood of other names does not push it out."""
        if (often := self._often.find(name)) is not None:
            return often
        account = self._accounts.of(name)
        if max(account.failures.values(), default=0) < OFTEN:
            return account
        kept = self._often.of(name)
        kept.failures, kept.networks, kept.told_s = account.failures, account.networks, account.told_s
        self._accounts.drop(name)
        return kept

    # -- one source -----------------------------------------------------------------------------------------------

    def _from_host(self, tried: Tried) -> Noticed:
        settings, now_s = self.settings, self._clock.monotonic_s()
        host = self._hosts.of(tried.host)
        host.fails += 1
        host.names.add(tried.name, now_s, settings.network_s)
        is_burst = host.burst.add(now_s, capacity=settings.burst_failures, window_s=settings.burst_s)
        is_slow = host.slow.add(now_s, capacity=settings.slow_failures, window_s=settings.slow_s)
        if now_s < host.refused_s:
            return Noticed()
        if host.names.within(now_s, settings.spray_s) >= settings.spray_names:
            return self._refuse(host, tried.host, Attack.SPRAYING)
        if is_burst >= settings.burst_failures:
            return self._refuse(host, tried.host, Attack.BRUTE_FORCE)
        if is_slow < settings.slow_failures or not _is_due(host.told_s, now_s):
            return Noticed()
        host.told_s = now_s
        return self._source(host, tried.host, Attack.SLOW_GUESSING, Act.SLOW, TOLD_S)

    def _from_network(self, tried: Tried) -> Noticed:
        settings, now_s = self.settings, self._clock.monotonic_s()
        network = self._networks.of(tried.network)
        network.fails += 1
        network.names.add(tried.name, now_s, settings.network_s)
        if now_s < network.refused_s or network.names.rare(RARE) < settings.network_names:
            return Noticed()
        return self._refuse(network, tried.network, Attack.NETWORK_SPRAYING)

    def _decoy(self, tried: Tried) -> Noticed:
        host, now_s = self._hosts.of(tried.host), self._clock.monotonic_s()
        host.fails += 1
        host.names.add(tried.name, now_s, self.settings.network_s)
        if now_s < host.refused_s:
            return Noticed()
        host.refused_s = now_s + self.settings.decoy_s
        return self._source(host, tried.host, Attack.DECOY, Act.REFUSE, float(self.settings.decoy_s))

    def _refuse(self, source: _Source, key: str, attack: Attack) -> Noticed:
        """Each time twice as long."""
        settings, now_s = self.settings, self._clock.monotonic_s()
        seconds = float(min(settings.refuse_s * 2**source.strikes, settings.refuse_max_s))
        source.strikes = min(source.strikes + 1, STRIKES_MAX)
        source.refused_s = now_s + seconds
        noticed = self._source(source, key, attack, Act.REFUSE, seconds)
        source.names.clear()
        source.burst = Leak()
        return noticed

    @staticmethod
    def _source(source: _Source, key: str, attack: Attack, act: Act, seconds: float) -> Noticed:
        sighting = Sighting(
            attack=attack, source=key, tries=source.fails, accounts=len(source.names), act=act, seconds=seconds
        )
        return _noticed(Guard(act, key, seconds), sighting)

    # -- all together ---------------------------------------------------------------------------------------------

    def _stuffing(self, tried: Tried) -> Noticed:
        """Many names, few tries each, from many networks, and hardly any right: pairs of somebody else's leak."""
        settings, now_s = self.settings, self._clock.monotonic_s()
        self._tried.add(tried.name, now_s, settings.stuffing_s)
        self._tried_from.add(tried.network, now_s, settings.stuffing_s)
        if len(self._tried) < settings.stuffing_names or len(self._tried_from) < settings.stuffing_networks:
            return Noticed()
        rare = self._tried.rare(RARE)
        right = self._right_too.within(now_s, settings.stuffing_s)
        is_rarely_right = right * 100 <= rare * settings.stuffing_percent
        if rare < settings.stuffing_names or not is_rarely_right:
            return Noticed()
        if now_s - self._stuffing_told_s < settings.stuffing_s:
            return Noticed()
        self._stuffing_told_s = now_s
        seconds = float(settings.stuffing_s)
        return _noticed(
            Guard(Act.SLOW, "", seconds),
            Sighting(
                attack=Attack.STUFFING,
                tries=rare,
                accounts=len(self._tried),
                networks=len(self._tried_from),
                act=Act.SLOW,
                seconds=seconds,
            ),
        )


def _is_due(told_s: float, now_s: float) -> bool:
    return not told_s or now_s - told_s >= TOLD_S


def _noticed(guard: Guard, sighting: Sighting) -> Noticed:
    return Noticed((sighting,), (guard,))


def _joined(found: list[Noticed]) -> Noticed:
    return Noticed(
        tuple(sighting for each in found for sighting in each.sightings),
        tuple(guard for each in found for guard in each.guards),
    )
