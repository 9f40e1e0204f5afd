"""``watch.Watch`` of a front: what a try has to wait for, and who hears what came of it.

Before a try, from memory alone: whether its source is refused or slowed, whether the account is closed to where it
comes from, and how often this account failed from this network (each failure doubles the wait). Strangers are hashed a
few at a time, so that whoever is at home waits for no attack. Nothing here looks up whether the account exists.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import msgspec

from skrytka.mail.identity.attacks.homes import Homes
from skrytka.mail.identity.attacks.sightings import DELAY_KEPT_S, budget_of, delay_key
from skrytka.mail.identity.attacks.words import Act, Failing, Guard, Outcome, Tried
from skrytka.mail.identity.passwords import THREADS
from skrytka.mail.identity.types import Credential, Peer, right_of
from skrytka.mail.identity.watch import Attempt
from skrytka.model.address import Address
from skrytka.model.clock import Clock
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.ids import AccountId
from skrytka.model.settings import Attacks
from skrytka.net.facts import host_of

STRANGERS: Final = THREADS - 1  # tries at once: a thread for hashes is left for whoever is at home
STRANGERS_WAITING_MAX: Final = 200
FREE_FAILURES: Final = 1  # everybody mistypes
DELAY_FIRST_S: Final = 0.25
DELAY_AT_HOME_MAX_S: Final = 1.0  # somebody else there may be the one who fails
FAILURES_MAX: Final = 10_000
GUARDS_MAX: Final = 50_000
WEB: Final = "web"


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A login that was right, for whoever looks whether it is odd."""

    account: AccountId
    address: Address
    facts: Peer
    mechanism: str
    is_at_home: bool
    failures: int  # before it, by whomever, as far as this front knows
    is_under_attack: bool  # stuffing goes on, and he came as a stranger
    is_half: bool = False  # a password on the web: a second factor may be to come, so nobody is at home by it yet


class Arrivals(Protocol):
    """Who looks; must not wait."""

    def came(self, arrival: Arrival) -> None: ...


Sleep = Callable[[float], Awaitable[None]]


class Watching:
    """One per front."""

    def __init__(
        self,
        homes: Homes,
        report: Callable[[Tried], None],
        arrivals: Arrivals,
        clock: Clock,
        settings: Attacks,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._homes = homes
        self._report = report
        self._arrivals = arrivals
        self._clock = clock
        self._sleep = sleep
        self._guards: OrderedDict[tuple[Act, str], float] = OrderedDict()
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._strangers = asyncio.Semaphore(STRANGERS)
        self._waiting = 0
        self._under_way: dict[int, bool] = {}  # id of an attempt: whether it is at home
        self.use(settings)

    def use(self, settings: Attacks) -> None:
        """Settings of now."""
        self.settings = settings
        self._decoys = frozenset(address.lower() for address in settings.decoys)

    def guard(self, guards: tuple[Guard, ...]) -> None:
        """What the supervisor has decided."""
        now_s = self._clock.monotonic_s()
        for guard in guards:
            if guard.act is Act.OPEN:
                self._guards.pop((Act.CLOSE, guard.key), None)
                self._guards.pop((Act.SLOW, guard.key), None)
                continue
            self._guards[guard.act, guard.key] = now_s + guard.seconds
            self._guards.move_to_end((guard.act, guard.key))
            if len(self._guards) > GUARDS_MAX:
                self._guards.popitem(last=False)

    def recall(self, failing: tuple[Failing, ...]) -> None:
        """What had failed before this front began."""
        now_s = self._clock.monotonic_s()
        for each in failing:
            if each.key not in self._failures and len(self._failures) < FAILURES_MAX:
                self._failures[each.key] = (now_s - each.age_s, each.count)

    async def delay(self, attempt: Attempt) -> bool:
        """See ``watch.Watch``."""
        facts = attempt.facts
        if facts.is_exempt or not self.settings.is_watched:
            return False
        if attempt.key in self._decoys:
            self._tell(attempt, Outcome.DECOY, is_at_home=False)
            raise TransientError(Reason.RATE_LIMITED, "decoy")
        is_at_home = await self._homes.has(attempt.key, facts.network)
        if self._is_refused(attempt, is_at_home=is_at_home):
            raise TransientError(Reason.RATE_LIMITED)
        if wait_s := self._wait_s(attempt, is_at_home=is_at_home):
            await self._sleep(wait_s)
        if not is_at_home:
            await self._enter()
        if self._is_refused(attempt, is_at_home=is_at_home):  # meanwhile: nobody is hashed who was told to wait
            if not is_at_home:
                self._strangers.release()
            raise TransientError(Reason.RATE_LIMITED)
        self._under_way[id(attempt)] = is_at_home
        return is_at_home

    def note(self, attempt: Attempt, found: Credential | None, error: BaseException | None) -> None:
        """See ``watch.Watch``."""
        is_at_home = self._under_way.pop(id(attempt), None)
        if is_at_home is None:  # nobody watched it come
            return
        if not is_at_home:
            self._strangers.release()
        if error is None and found is not None:
            self._came(attempt, found, is_at_home=is_at_home)
        elif isinstance(error, PermanentError):
            self._count(self._failure_key(attempt))
            self._tell(attempt, Outcome.WRONG, is_at_home=is_at_home)

    async def arrived(self, attempt: Attempt, found: Credential) -> None:
        """See ``watch.Watch``. It says nothing about guesses at the password, so no row of failures ends with it."""
        if attempt.facts.is_exempt or not self.settings.is_watched:
            return
        is_at_home = await self._homes.has(found.address.key, attempt.facts.network)
        self._arrive(attempt, found, is_at_home=is_at_home, failures=0)

    def _came(self, attempt: Attempt, found: Credential, *, is_at_home: bool) -> None:
        self._failures.pop(self._failure_key(attempt), None)
        failures = self._failures.pop(attempt.name, (0.0, 0))[1]
        is_half = right_of(attempt.facts.service) == WEB
        self._arrive(attempt, found, is_at_home=is_at_home, failures=failures, is_half=is_half)
        self._tell(attempt, Outcome.RIGHT, is_at_home=is_at_home)

    def _arrive(
        self, attempt: Attempt, found: Credential, *, is_at_home: bool, failures: int, is_half: bool = False
    ) -> None:
        self._arrivals.came(
            Arrival(
                account=found.account,
                address=found.address,
                facts=attempt.facts,
                mechanism=attempt.mechanism,
                is_at_home=is_at_home,
                failures=failures,
                is_under_attack=not is_at_home and self._holds(Act.SLOW, ""),
                is_half=is_half,
            )
        )
        if not is_half:
            self._homes.add(found.address.key, attempt.facts.network)

    def _tell(self, attempt: Attempt, outcome: Outcome, *, is_at_home: bool) -> None:
        facts = attempt.facts
        if outcome is Outcome.WRONG:
            self._count(attempt.name)
        self._report(Tried(attempt.name, host_of(facts.remote), facts.network, outcome, is_at_home))

    # -- before ---------------------------------------------------------------------------------------------------

    def _is_refused(self, attempt: Attempt, *, is_at_home: bool) -> bool:
        facts = attempt.facts
        if self._holds(Act.CLOSE, budget_of(attempt.name, facts.network, is_at_home=is_at_home)):
            return True
        if is_at_home:
            return False
        return self._holds(Act.REFUSE, host_of(facts.remote)) or self._holds(Act.REFUSE, facts.network)

    def _wait_s(self, attempt: Attempt, *, is_at_home: bool) -> float:
        """Twice as long with each failure; as long as it gets for strangers while something is slowed."""
        most_s = float(self.settings.delay_max_s)
        if not is_at_home and any(
            self._holds(Act.SLOW, key) for key in ("", attempt.name, host_of(attempt.facts.remote))
        ):
            return most_s
        at_s, count = self._failures.get(self._failure_key(attempt), (0.0, 0))
        if count <= FREE_FAILURES or self._clock.monotonic_s() - at_s >= DELAY_KEPT_S:
            return 0.0
        wait_s = DELAY_FIRST_S * 2.0 ** min(count - FREE_FAILURES - 1, 20)
        return min(wait_s, most_s, DELAY_AT_HOME_MAX_S if is_at_home else most_s)

    async def _enter(self) -> None:
        """A stranger's turn to be hashed."""
        if self._waiting >= STRANGERS_WAITING_MAX:
            raise TransientError(Reason.RATE_LIMITED, "too many strangers wait to be hashed")
        self._waiting += 1
        try:
            await self._strangers.acquire()
        finally:
            self._waiting -= 1

    def _holds(self, act: Act, key: str) -> bool:
        until = self._guards.get((act, key))
        return until is not None and until > self._clock.monotonic_s()

    @staticmethod
    def _failure_key(attempt: Attempt) -> str:
        return delay_key(attempt.name, attempt.facts.network)

    def _count(self, key: str) -> None:
        now_s = self._clock.monotonic_s()
        at_s, count = self._failures.pop(key, (now_s, 0))
        self._failures[key] = (now_s, 1 if now_s - at_s >= DELAY_KEPT_S else count + 1)
        if len(self._failures) > FAILURES_MAX:
            self._failures.popitem(last=False)
