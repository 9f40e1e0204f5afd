"""One certificate at a time: whether it is due, with which key, from which authority; and what became of it.

A certificate that is there stays whatever goes wrong. Authorities are asked in their order until one gives; when none
does, the next try is an hour later, then two, at most a day (and not before an authority that limits us allows it).
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import CertificateFailed, CertificateIssued, Emitter, FaultRaised
from skrytka.net.acme import rollover
from skrytka.net.acme.drive import Publisher, drive
from skrytka.net.acme.files import (
    CertificateFolder,
    Ordered,
    PrivateKey,
    Progress,
    Wanted,
    check_chain,
    digest,
    signing_request,
)
from skrytka.net.dns.resolver import Resolver
from skrytka.net.https import Https, Url
from skrytka.protocol.acme import renewal
from skrytka.protocol.acme.client import AcmeClient
from skrytka.protocol.acme.steps import AuthorityError

ORDER_S: Final = 600.0
ASK_S: Final = 60.0
Tell = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Source:
    """An authority: how it is asked, and over which HTTPS."""

    directory: str
    client: AcmeClient
    https: Https

    @property
    def host(self) -> str:
        return Url.parse(self.directory).host


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewerDeps:
    """Made by the composition root."""

    folder: CertificateFolder
    sources: Sequence[Source]
    publisher: Publisher
    resolver: Resolver
    host: str  # whose TLSA records name keys (this server's name)
    is_validating: rollover.IsValidating  # whether the resolver would have told of a forged answer
    events: Emitter
    clock: Clock
    random: Random


async def silently(_text: str) -> None:
    """Nobody listens."""


class Renewer:
    """See the module. ``states`` are kept by the folder after each change."""

    def __init__(self, deps: RenewerDeps) -> None:
        self._deps = deps
        self._states = deps.folder.states()

    def progress(self, wanted: Wanted) -> Progress:
        """What became of the last tries."""
        return self._states.setdefault(wanted.stem, Progress())

    def due_ms(self, wanted: Wanted, ordered: Ordered | None) -> int:
        """When it is renewed, tries that failed aside: 0 where there is none, or it has other names."""
        if ordered is None or not set(wanted.names) <= ordered.names:
            return 0
        chance = int.from_bytes(sha256(f"{wanted.stem}{ordered.leaf.serial_number}".encode()).digest()[:4], "big")
        if (window := self.progress(wanted).window) is not None:
            return renewal.Window(*window).moment_ms(chance)
        return renewal.due_ms(ordered.not_before_ms, ordered.not_after_ms, chance)

    async def look_after(self, wanted: Wanted) -> bool:
        """Renew it if it is due; whether there is a new one to serve."""
        state, now_ms = self.progress(wanted), self._deps.clock.now_ms()
        ordered = await self._load(wanted)
        if ordered is not None:
            await self._prepare(wanted)
            await self._ask_window(wanted, ordered)
        latest_ms = now_ms + int(renewal.BACKOFF_MAX_S) * 8000  # further off nobody may put it: the clock was wrong
        if self.due_ms(wanted, ordered) > now_ms or now_ms < state.next_try_ms < latest_ms:
            return False
        return await self.renew(wanted)

    async def renew(self, wanted: Wanted, tell: Tell = silently) -> bool:
        """Order it now; False, and an event, when no authority gives one."""
        try:
            key, detail = await self._key(wanted)
        except TransientError as exc:
            self._failed(wanted, [exc.detail], 0.0)
            return False
        await self._order(wanted, key, detail, tell)
        return not self.progress(wanted).error

    async def roll(self, wanted: Wanted, tell: Tell = silently) -> bool:
        """As :meth:`renew`, with the next key or not at all: PermanentError(NOT_PERMITTED) says what is missing."""
        key = await self._next_key(wanted)
        sight = await self._look(wanted, key)
        if sight.ground is rollover.Ground.UNPROVEN:
            said = f'{sight.ground.value}: apt install unbound, and dns.resolvers = ["127.0.0.1"]'
            raise PermanentError(Reason.NOT_PERMITTED, said)
        if not sight.may_roll:
            record = f"_25._tcp.{self._deps.host}. TLSA 3 1 1 {digest(key).hex()}"
            said = f"{sight.ground.value}: publish {record}, and wait two times its TTL"
            raise PermanentError(Reason.NOT_PERMITTED, said)
        await self._order(wanted, key, "", tell)
        return not self.progress(wanted).error

    # -- keys -----------------------------------------------------------------------------------------------------

    async def _prepare(self, wanted: Wanted) -> None:
        """The next key is there long before its time, and it is known since when DNS shows it."""
        with contextlib.suppress(TransientError):  # a full disk is told of when the certificate is due
            await self._look(wanted, await self._next_key(wanted))

    async def _load(self, wanted: Wanted) -> Ordered | None:
        return await asyncio.to_thread(self._deps.folder.load, wanted)  # the check of an RSA key takes milliseconds

    async def _next_key(self, wanted: Wanted) -> PrivateKey:
        return await asyncio.to_thread(self._deps.folder.next_key, wanted)

    async def _look(self, wanted: Wanted, key: PrivateKey) -> rollover.Sight:
        deps, state = self._deps, self.progress(wanted)
        if deps.host not in wanted.names:
            return rollover.Sight(rollover.Ground.FREE)
        sight = await rollover.look(
            deps.resolver,
            deps.host,
            digest(key),
            seen_ms=state.next_seen_ms,
            now_ms=deps.clock.now_ms(),
            is_validating=deps.is_validating,
        )
        if (sight.seen_ms, sight.ttl_s) != (state.next_seen_ms, state.next_ttl_s):
            state.next_seen_ms, state.next_ttl_s = sight.seen_ms, sight.ttl_s
            self._keep()
        return sight

    async def _key(self, wanted: Wanted) -> tuple[PrivateKey, str]:
        """The next key if it may be served, else today's, and why.

        The first one is taken without proof too: no key of ours was named yet, and without TLS nobody is safer.
        """
        key = await self._next_key(wanted)
        sight = await self._look(wanted, key)
        if sight.may_roll:
            return key, ""
        ordered = await self._load(wanted)
        if ordered is None and sight.ground is rollover.Ground.UNPROVEN:
            return key, sight.ground.value
        if ordered is None:
            said = f"{sight.ground.value} (TLSA 3 1 1 {digest(key).hex()}): a certificate now would stop mail to us"
            raise TransientError(Reason.NOT_PERMITTED, said)
        return ordered.key, sight.ground.value

    # -- ordering -------------------------------------------------------------------------------------------------

    async def _order(self, wanted: Wanted, key: PrivateKey, detail: str, tell: Tell) -> None:
        old = await self._load(wanted)
        csr = await asyncio.to_thread(signing_request, key, wanted.names)
        replaces = renewal.certificate_id(old.leaf) if old is not None else ""
        said: list[str] = []
        retry_after_s = 0.0
        for source in self._deps.sources:
            await tell(f"{source.host}: {', '.join(wanted.names)} ({wanted.kind})")
            try:
                steps = source.client.obtain(wanted.names, csr, replaces, self.progress(wanted).failures)
                chain = await drive(steps, source.https, self._deps.publisher, seconds=ORDER_S)
                fresh = check_chain(chain, key, wanted.names, self._deps.clock.now_ms())
                await asyncio.to_thread(self._deps.folder.keep, wanted, key, chain)
            except TransientError as exc:
                said.append(f"{source.host}: {exc.detail or exc.reason.value}")
                await tell(said[-1])
                retry_after_s = max(retry_after_s, exc.retry_after_s if isinstance(exc, AuthorityError) else 0.0)
                continue
            is_new_key = old is None or digest(old.key) != digest(key)
            self._issued(wanted, fresh, source, detail, is_new_key=is_new_key)
            return
        self._failed(wanted, said, retry_after_s)

    def _issued(self, wanted: Wanted, fresh: Ordered, source: Source, detail: str, *, is_new_key: bool) -> None:
        self._states[wanted.stem] = Progress(authority=source.directory, issuers=source.client.issuers)
        self._keep()
        self._deps.events.emit(
            CertificateIssued(
                names=wanted.names,
                key=wanted.kind,
                authority=source.host,
                expires_at_ms=fresh.not_after_ms,
                is_new_key=is_new_key,
                detail=detail,
            )
        )

    def _failed(self, wanted: Wanted, said: list[str], retry_after_s: float) -> None:
        state = self.progress(wanted)
        state.failures += 1
        wait_s = renewal.backoff_s(state.failures, retry_after_s)
        jitter = 1 + int.from_bytes(self._deps.random.token(1), "big") / 1024  # up to a quarter
        state.error = "; ".join(said) or "no authority is named"
        state.next_try_ms = self._deps.clock.now_ms() + int(wait_s * jitter * 1000)
        self._keep()
        self._deps.events.emit(
            CertificateFailed(names=wanted.names, key=wanted.kind, detail=state.error, next_try_ms=state.next_try_ms)
        )

    # -- what the authority suggests ------------------------------------------------------------------------------

    async def _ask_window(self, wanted: Wanted, ordered: Ordered) -> None:
        """ARI (RFC 9773), of the authority that issued it; its silence leaves the rule of a third."""
        state, now_ms = self.progress(wanted), self._deps.clock.now_ms()
        source = next((one for one in self._deps.sources if one.directory == state.authority), None)
        if source is None or 0 <= now_ms - state.asked_at_ms < renewal.ASK_AGAIN_S * 1000:
            return
        state.asked_at_ms = now_ms
        try:
            steps = renewal.window(source.client, ordered.leaf)
            window = await drive(steps, source.https, self._deps.publisher, seconds=ASK_S)
        except TransientError:
            return
        state.window = None if window is None else (window.start_ms, window.end_ms)
        self._keep()

    def _keep(self) -> None:
        try:
            self._deps.folder.keep_states(self._states)
        except TransientError as exc:  # it is known here until the end of the process
            self._deps.events.emit(FaultRaised(fault="F-certificate-disk", detail=exc.detail))
