"""MTA-STS policies of other domains (RFC 8461 3.3, 5.1): found by DNS, fetched by HTTPS, kept until they expire.

A policy that is valid stays whatever happens to DNS or its host: whoever could break these could otherwise take it
away. Time for that is the age clock, which no jump of the machine's clock carries away.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

import msgspec

from skrytka.mail.queue.kept import KeptPolicies, KeptPolicy
from skrytka.model.address import Domain
from skrytka.model.clock import Clock
from skrytka.model.errors import PermanentError, TransientError
from skrytka.model.events import Emitter, FaultRaised, StsPolicyFetched
from skrytka.net.dns.resolver import Resolver
from skrytka.net.https import PORT as HTTPS_PORT
from skrytka.net.https import Https
from skrytka.net.sts_fetch import PolicyError, fetch_policy
from skrytka.protocol.tlspolicy.sts import RECORD_PREFIX, StsPolicy, record_id

FAULT: Final = "F-sts-kept"
RETRY_S: Final = 300.0  # RFC 8461 3.3
DAY_MS: Final = 86_400_000
REFRESH_MS: Final = DAY_MS  # RFC 8461 3.3
UNUSED_MS: Final = 30 * DAY_MS  # then it may expire
REREAD_S: Final = 3600.0  # another process may have fetched it
REMEMBERED_MAX: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StsDeps:
    """What policies are found with."""

    kept: KeptPolicies
    https: Https
    resolver: Resolver
    clock: Clock
    age: Clock  # model.clock.AgeClock
    events: Emitter
    port: int = HTTPS_PORT  # another one in tests only


class StsPolicies:
    """One for each process; what it knows is in the store too."""

    def __init__(self, deps: StsDeps) -> None:
        self._deps = deps
        self._known: dict[str, tuple[KeptPolicy | None, float]] = {}  # with when it was read
        self._failed: dict[tuple[str, str], float] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def of(self, domain: Domain) -> StsPolicy | None:
        """The policy that holds now; None: there is none, or it cannot be had and none was known.

        TransientError: nobody can say whether one was known, for the store is away.
        """
        if domain.is_literal:  # RFC 8461 3.4
            return None
        shown = await self._shown(domain.name)
        known = self._fresh(domain.name)
        if known is None or self._wants_fetch(known[0], shown):
            async with self._lock(domain.name):  # one process asks once, however many messages wait
                known = await self._look(domain.name, shown), 0.0
        kept = known[0]
        if kept is None or not self._is_valid(kept):
            return None
        await self._mark_used(kept)
        return kept.policy

    async def refresh(self) -> None:
        """Fetch again what is a day old, before it expires (RFC 8461 3.3, 10.2). TransientError: the store is away."""
        kept, now_ms, after = self._deps.kept, self._deps.age.now_ms(), b""
        while True:
            some, after = await kept.fetched_before(now_ms - REFRESH_MS, after)
            for each in some:
                if not self._is_valid(each):
                    await kept.drop(each.domain)
                elif now_ms - each.used_at_ms <= UNUSED_MS:
                    await self._fetch(each.domain, await self._shown(each.domain) or each.id, each)
            if not after:
                return

    # -- what is known --------------------------------------------------------------------------------------------

    def _lock(self, domain: str) -> asyncio.Lock:
        if len(self._locks) >= REMEMBERED_MAX:
            self._locks.clear()
        return self._locks.setdefault(domain, asyncio.Lock())

    def _fresh(self, domain: str) -> tuple[KeptPolicy | None, float] | None:
        """What was read not long ago, and has not expired: another process may have fetched it meanwhile."""
        known = self._known.get(domain)
        if known is None or self._deps.clock.monotonic_s() - known[1] > REREAD_S:
            return None
        return known if known[0] is None or self._is_valid(known[0]) else None

    def _wants_fetch(self, kept: KeptPolicy | None, shown: str | None) -> bool:
        if shown is None:
            return False
        return kept is None or kept.id != shown or not self._is_valid(kept)

    def _is_valid(self, kept: KeptPolicy) -> bool:
        return self._deps.age.now_ms() < kept.fetched_at_ms + kept.policy.max_age_s * 1000

    async def _look(self, domain: str, shown: str | None) -> KeptPolicy | None:
        known, failure = self._fresh(domain), None
        try:
            kept = known[0] if known is not None else await self._read(domain)
        except TransientError as exc:
            self._deps.events.emit(FaultRaised(fault=FAULT, detail=str(exc)))
            kept, failure = self._known.get(domain, (None, 0.0))[0], exc
        if shown is not None and self._wants_fetch(kept, shown) and not self._is_failed(domain, shown):
            kept = await self._fetch(domain, shown, kept)
        if kept is None and failure is not None:
            raise failure
        return kept

    async def _read(self, domain: str) -> KeptPolicy | None:
        kept = await self._deps.kept.get(domain)
        self._remember(domain, kept)
        return kept

    def _remember(self, domain: str, kept: KeptPolicy | None) -> None:
        if len(self._known) >= REMEMBERED_MAX:
            self._known.clear()
        self._known[domain] = kept, self._deps.clock.monotonic_s()

    def _is_failed(self, domain: str, shown: str) -> bool:
        failed_at_s = self._failed.get((domain, shown))
        return failed_at_s is not None and self._deps.clock.monotonic_s() - failed_at_s < RETRY_S

    async def _mark_used(self, kept: KeptPolicy) -> None:
        now_ms = self._deps.age.now_ms()
        if now_ms - kept.used_at_ms >= DAY_MS:
            await self._keep(msgspec.structs.replace(kept, used_at_ms=now_ms))

    async def _keep(self, kept: KeptPolicy) -> None:
        """It is remembered here, whatever the store says."""
        self._remember(kept.domain, kept)
        try:
            await self._deps.kept.put(kept)
        except TransientError as exc:
            self._deps.events.emit(FaultRaised(fault=FAULT, detail=str(exc)))

    # -- what is asked for ----------------------------------------------------------------------------------------

    async def _shown(self, domain: str) -> str | None:
        """The id in DNS; None when there is none, or nobody can say."""
        try:
            answer = await self._deps.resolver.query(RECORD_PREFIX + domain, "TXT")
        except (TransientError, PermanentError):
            return None
        return record_id(answer.strings)

    async def _fetch(self, domain: str, shown: str, old: KeptPolicy | None) -> KeptPolicy | None:
        """The new policy, kept; the old one when it cannot be had."""
        deps, now_ms = self._deps, self._deps.age.now_ms()
        is_kept = old is not None and self._is_valid(old)
        try:
            policy = await fetch_policy(deps.https, domain, deps.port)
        except PolicyError as exc:
            if len(self._failed) >= REMEMBERED_MAX:
                self._failed.clear()
            self._failed[domain, shown] = deps.clock.monotonic_s()
            deps.events.emit(
                StsPolicyFetched(domain=domain, id=shown, result=exc.result, detail=str(exc)[:300], is_kept=is_kept)
            )
            return old
        used_at_ms = now_ms if old is None else old.used_at_ms
        new = KeptPolicy(domain=domain, id=shown, policy=policy, fetched_at_ms=now_ms, used_at_ms=used_at_ms)
        await self._keep(new)
        deps.events.emit(StsPolicyFetched(domain=domain, id=shown, mode=policy.mode, max_age_s=policy.max_age_s))
        return new
