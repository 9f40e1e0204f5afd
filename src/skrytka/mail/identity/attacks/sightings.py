"""Attacks as they show over all accounts, sources and fronts: counted in the supervisor, in bounded memory.

Names come as keyed hashes, of accounts and of nobody alike, so nothing here tells whether an account exists. Every rule
says what was seen (``Sighting``, an event) and what follows (``Guard``, told to every front): a source is refused or
slowed for a time, an account is closed to networks that it is not known in. Nothing here keeps a login away from a
network where its account is at home, but its own hundred failures from there (NIST SP 800-63B-4 3.2.2).

Thresholds are settings; docs/settings.md, "attacks", says where they come from.
"""

from collections import OrderedDict
from typing import Final

from skrytka.mail.identity.attacks.counted import NAMES_MAX, Counted, Source
from skrytka.mail.identity.attacks.counting import Leak
from skrytka.mail.identity.attacks.words import Act, Attack, Failing, Guard, Noticed, Outcome, Sighting, Tried
from skrytka.model.clock import Clock
from skrytka.model.settings import Attacks

RARE: Final = 2  # tries of one account: more is a person, or another attack
STRIKES_MAX: Final = 10
DELAY_KEPT_S: Final = 900.0  # from then on a failure makes nothing wait
TOLD_S: Final = 3600.0  # what lasts is told once an hour


def budget_of(name: str, network: str, *, is_at_home: bool) -> str:
    """What failures are counted on: all strangers together, each network where the account is at home by itself."""
    return f"{name} {network}" if is_at_home else name


def delay_key(name: str, network: str) -> str:
    """What each failure makes wait: an account in one network."""
    return f"{name} {network}"


class Sightings:
    """One for the server."""

    def __init__(self, clock: Clock, settings: Attacks) -> None:
        self._clock = clock
        self.settings = settings
        self.counted = Counted(settings)

    def use(self, settings: Attacks) -> None:
        """Thresholds of now; what was counted stays counted."""
        self.settings = settings
        counted = self.counted
        counted.tried.most = counted.right_too.most = 4 * settings.stuffing_names
        counted.tried_from.most = 4 * settings.stuffing_networks

    def note(self, tried: Tried) -> Noticed:
        """Count it. What follows is remembered for fronts that begin later (:meth:`standing`)."""
        settings = self.settings
        if not settings.is_watched:
            return Noticed()
        self.counted.changes += 1
        if tried.outcome is Outcome.RIGHT:
            return self._kept(self._right(tried))
        if tried.outcome is Outcome.DECOY:
            return self._kept(self._decoy(tried))
        self.counted.delay(delay_key(tried.name, tried.network), self._clock.monotonic_s(), DELAY_KEPT_S)
        found = [self._failed_in_a_row(tried), self._distributed(tried)]
        if not tried.is_at_home:
            found += [self._from_host(tried), self._from_network(tried), self._stuffing(tried)]
        return self._kept(_joined(found))

    def standing(self) -> tuple[Guard, ...]:
        """All that holds now."""
        now_s = self._clock.monotonic_s()
        self.counted.standing = OrderedDict(
            (key, until) for key, until in self.counted.standing.items() if until > now_s
        )
        return tuple(Guard(act, key, until - now_s) for (act, key), until in self.counted.standing.items())

    def failing(self) -> tuple[Failing, ...]:
        """What makes the next try of an account from a network wait, for fronts that begin later."""
        now_s = self._clock.monotonic_s()
        delays = self.counted.delays.items()
        return tuple(Failing(key, count, now_s - at_s) for key, (at_s, count) in delays if now_s - at_s < DELAY_KEPT_S)

    def trust(self, name: str) -> Noticed:
        """An administrator says that the account is its owner's: closed budgets open."""
        self.counted.changes += 1
        self.counted.often.drop(name)
        self.counted.accounts.drop(name)
        keys = [key for act, key in self.counted.standing if act is not Act.REFUSE and key.split(" ")[0] == name]
        return self._kept(Noticed((), tuple(Guard(Act.OPEN, key) for key in keys)))

    def _kept(self, noticed: Noticed) -> Noticed:
        now_s = self._clock.monotonic_s()
        for guard in noticed.guards:
            if guard.act is Act.OPEN:
                self.counted.standing.pop((Act.CLOSE, guard.key), None)
                self.counted.standing.pop((Act.SLOW, guard.key), None)
            else:
                self.counted.stand(guard.act, guard.key, now_s + guard.seconds)
        return noticed

    def _is_closed(self, budget: str) -> bool:
        return self.counted.standing.get((Act.CLOSE, budget), float("-inf")) > self._clock.monotonic_s()

    # -- one account ----------------------------------------------------------------------------------------------

    def _right(self, tried: Tried) -> Noticed:
        """Ends a row of failures of its budget. What comes from home says nothing about strangers."""
        self.counted.delays.pop(delay_key(tried.name, tried.network), None)
        if not tried.is_at_home:
            self.counted.right_too.add(tried.name, self._clock.monotonic_s(), self.settings.stuffing_s)
        if (network := self.counted.networks.find(tried.network)) is not None:
            network.names.discard(tried.name)
        if (host := self.counted.hosts.find(tried.host)) is not None:
            count = host.names.discard(tried.name)
            host.slow.take_back(count)
            host.burst.take_back(count)
        account = self.counted.often.find(tried.name) or self.counted.accounts.find(tried.name)
        if account is None:
            return Noticed()
        own = budget_of(tried.name, tried.network, is_at_home=tried.is_at_home)
        account.failures.pop(own, None)
        is_closed = self._is_closed(own)
        return Noticed((), (Guard(Act.OPEN, own),) if is_closed else ())

    def _failed_in_a_row(self, tried: Tried) -> Noticed:
        account = self.counted.account(tried.name)
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
        account = self.counted.account(tried.name)
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

    # -- one source -----------------------------------------------------------------------------------------------

    def _from_host(self, tried: Tried) -> Noticed:
        settings, now_s = self.settings, self._clock.monotonic_s()
        host = self.counted.hosts.of(tried.host)
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
        network = self.counted.networks.of(tried.network)
        network.fails += 1
        network.names.add(tried.name, now_s, settings.network_s)
        if now_s < network.refused_s or network.names.rare(RARE) < settings.network_names:
            return Noticed()
        return self._refuse(network, tried.network, Attack.NETWORK_SPRAYING)

    def _decoy(self, tried: Tried) -> Noticed:
        host, now_s = self.counted.hosts.of(tried.host), self._clock.monotonic_s()
        host.fails += 1
        host.names.add(tried.name, now_s, self.settings.network_s)
        if now_s < host.refused_s:
            return Noticed()
        host.refused_s = now_s + self.settings.decoy_s
        return self._source(host, tried.host, Attack.DECOY, Act.REFUSE, float(self.settings.decoy_s))

    def _refuse(self, source: Source, key: str, attack: Attack) -> Noticed:
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
    def _source(source: Source, key: str, attack: Attack, act: Act, seconds: float) -> Noticed:
        sighting = Sighting(
            attack=attack, source=key, tries=source.fails, accounts=len(source.names), act=act, seconds=seconds
        )
        return _noticed(Guard(act, key, seconds), sighting)

    # -- all together ---------------------------------------------------------------------------------------------

    def _stuffing(self, tried: Tried) -> Noticed:
        """Many names, few tries each, from many networks, and hardly any right: pairs of somebody else's leak."""
        settings, now_s = self.settings, self._clock.monotonic_s()
        self.counted.tried.add(tried.name, now_s, settings.stuffing_s)
        self.counted.tried_from.add(tried.network, now_s, settings.stuffing_s)
        if (
            len(self.counted.tried) < settings.stuffing_names
            or len(self.counted.tried_from) < settings.stuffing_networks
        ):
            return Noticed()
        rare = self.counted.tried.rare(RARE)
        right = self.counted.right_too.within(now_s, settings.stuffing_s)
        is_rarely_right = right * 100 <= rare * settings.stuffing_percent
        if rare < settings.stuffing_names or not is_rarely_right:
            return Noticed()
        if now_s - self.counted.stuffing_told_s < settings.stuffing_s:
            return Noticed()
        self.counted.stuffing_told_s = now_s
        seconds = float(settings.stuffing_s)
        return _noticed(
            Guard(Act.SLOW, "", seconds),
            Sighting(
                attack=Attack.STUFFING,
                tries=rare,
                accounts=len(self.counted.tried),
                networks=len(self.counted.tried_from),
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
