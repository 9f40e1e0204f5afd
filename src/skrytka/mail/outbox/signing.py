"""DKIM signatures of what leaves: with every active key of the domain, RSA and Ed25519 (RFC 6376 5, RFC 8463 3).

d= is the domain in From if it is ours, else the one that it lies in (a report is from our host name): both are aligned
(RFC 9989 4.4). Who has no key sends unsigned, and a fault says so once an hour: no mail waits for a signature.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from skrytka.mail.outbox.authors import Authors
from skrytka.mail.outbox.dkim_keys import dkim_keys, open_key
from skrytka.model.address import Domain
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError
from skrytka.model.events import Emitter, FaultRaised
from skrytka.model.ids import TraceId
from skrytka.protocol.mailauth.arc.fields import Status
from skrytka.protocol.mailauth.arc.seal import seal
from skrytka.protocol.mailauth.dkim.body import BodyHash, BodyHasher
from skrytka.protocol.mailauth.dkim.header import Header
from skrytka.protocol.mailauth.dkim.results import DkimError
from skrytka.protocol.mailauth.dkim.sign import SIGNED_BODY, SigningKey, sign
from skrytka.store.api import Store
from skrytka.store.known import KnownOfDirectory
from skrytka.store.rows import DkimKeyRow, DkimState
from skrytka.store.seal.source import KeySource
from skrytka.store.sql import directory
from skrytka.store.sql import dkim as sql
from skrytka.store.statement import Query

DOMAINS_MAX: Final = 500  # whose keys a process holds open
TOLD_S: Final = 3600.0  # between two faults about one domain
OLD_MS: Final = 6 * 86_400_000  # a key that has just been retired is published for seven days at least
LABELS_MAX: Final = 10  # of a name whose parents are looked up
UNSIGNED: Final = "F-dkim-unsigned"

Fields = Sequence[tuple[bytes, bytes]]  # (name in lower case, whole field)


class Signed(msgspec.Struct, frozen=True):
    """The signatures of a message; none is no error."""

    fields: bytes = b""  # whole DKIM-Signature fields
    domain: str = ""  # d=
    selectors: tuple[str, ...] = ()
    several: tuple[bytes, ...] = ()  # ``fields``, one by one

    @property
    def names(self) -> tuple[str, ...]:
        """As events have them."""
        return tuple(f"{selector}._domainkey.{self.domain}" for selector in self.selectors)


NOT_SIGNED: Final = Signed()


class _Ready(msgspec.Struct, frozen=True):
    """The keys of a domain; ``name`` is "" when neither it nor one above it is ours."""

    name: str = ""
    keys: tuple[SigningKey, ...] = ()


class Signing:
    """One per process."""

    def __init__(
        self, store: Store, keys: KeySource, authors: Authors, clock: Clock, random: Random, events: Emitter
    ) -> None:
        self._store = store
        self._source = keys
        self._authors = authors
        self._clock = clock
        self._random = random
        self._events = events
        self._ready = KnownOfDirectory[str, _Ready](store, DOMAINS_MAX)
        self._told: dict[str, float] = {}

    async def of_author(
        self, fields: Fields, sender: Domain | None, body: BodyHash, trace: TraceId, *, is_checked: bool
    ) -> Signed:
        """For whom From names; ``sender``, of the reverse path, where From cannot be read.

        Where nobody has checked From, only if it is of the sender's domain: else one here could sign for another.
        TransientError when the store, the key agent or the inspectors are away.
        """
        raw = [field for name, field in fields if name == b"from"]
        author = await self._authors.domain_of(raw[0].partition(b":")[2]) if len(raw) == 1 else None
        domain = author or sender
        if domain is not None and domain != sender and not is_checked:
            self._tell(domain.name, "From is of another domain than the reverse path, and is not checked", trace)
            return NOT_SIGNED
        return NOT_SIGNED if domain is None else await self.of_domain(fields, domain, body, trace)

    async def of_domain(self, fields: Fields, domain: Domain, body: BodyHash, trace: TraceId) -> Signed:
        """As :meth:`of_author`, for this domain."""
        ready = await self._keys_of(domain, trace)
        if not ready.keys:
            said = "is not of this server" if not ready.name else "has no DKIM key in use: skrytka dkim list"
            self._tell(ready.name or domain.name, said, trace)
            return NOT_SIGNED
        now_s = self._clock.now_ms() // 1000
        try:
            signatures = await asyncio.to_thread(_sign, fields, body, ready.keys, now_s)
        except DkimError as exc:
            self._tell(ready.name, f"a message cannot be signed: {exc.reason.value}", trace)
            return NOT_SIGNED
        selectors = tuple(key.selector for key in ready.keys)
        return Signed(b"".join(signatures), ready.name, selectors, signatures)

    async def arc_set(
        self, fields: Fields, signed: Signed, results: bytes, status: Status, body: BodyHash, trace: TraceId
    ) -> bytes:
        """What goes on top of ``signed`` (RFC 8617 5.1), under the first of its keys; b"" when there is nothing to add.

        ``results`` is our Authentication-Results field, ``status`` what became of the chain that came.
        """
        if not signed.domain:
            return b""
        ready = await self._keys_of(Domain(signed.domain), trace)
        if not ready.keys:
            return b""
        whole = [*((b"dkim-signature", each) for each in signed.several), *fields]
        now_s = self._clock.now_ms() // 1000
        try:
            return await asyncio.to_thread(_seal, whole, status, results, body, ready.keys[0], now_s)
        except DkimError as exc:
            self._tell(ready.name, f"a message cannot be sealed: {exc.reason.value}", trace)
            return b""

    def is_old(self, signed_at_ms: int) -> bool:
        """Whether the key may have been retired and revoked meanwhile: mail waits for its time, or is held."""
        return self._clock.now_ms() - signed_at_ms > OLD_MS

    async def of_content(self, fields: Fields, content: bytes, start: int, domain: Domain, trace: TraceId) -> Signed:
        """As :meth:`of_domain`, of a message at hand whose body begins at ``start``."""
        return await self.of_domain(fields, domain, await asyncio.to_thread(_hash, content, start), trace)

    async def _keys_of(self, domain: Domain, trace: TraceId) -> _Ready:
        if (known := self._ready.get(domain.name)) is not None:
            return known
        changes = self._ready.changes
        name, rows = await self._store.read(_signing(domain.name))
        ready = _Ready(name, await self._opened(rows, trace))
        self._ready.keep(domain.name, ready, changes)
        return ready

    async def _opened(self, rows: Sequence[DkimKeyRow], trace: TraceId) -> tuple[SigningKey, ...]:
        if not rows:
            return ()
        keys = await dkim_keys(self._source, self._random)
        opened = []
        for row in rows:
            try:
                opened.append(await asyncio.to_thread(open_key, keys, row))
            except PermanentError as exc:
                self._tell(f"{row.domain} {row.selector}", exc.detail, trace)
        return tuple(opened)

    def _tell(self, what: str, said: str, trace: TraceId) -> None:
        now_s = self._clock.monotonic_s()
        if self._told.get(what, -TOLD_S) > now_s - TOLD_S:
            return
        if len(self._told) >= DOMAINS_MAX:
            self._told.clear()
        self._told[what] = now_s
        self._events.emit(FaultRaised(trace=trace, fault=UNSIGNED, detail=f"{what}: {said}"))


def _signing(name: str) -> Query[tuple[str, list[DkimKeyRow]]]:
    """The active keys of the domain, or of the next above it that is ours; RSA first, whom everybody reads."""
    for _ in range(LABELS_MAX):
        if (yield from directory.domain_by_name(name)) is not None:
            rows = yield from sql.keys_of(name)
            active = [row for row in rows if row.state is DkimState.ACTIVE]
            return name, sorted(active, key=lambda row: row.algorithm, reverse=True)
        name = name.partition(".")[2]
        if "." not in name:
            break
    return "", []


def _sign(fields: Fields, body: BodyHash, keys: Sequence[SigningKey], now_s: int) -> tuple[bytes, ...]:
    header = Header(fields)
    return tuple(sign(header, body, key, now_s) for key in keys)


def _seal(fields: Fields, status: Status, results: bytes, body: BodyHash, key: SigningKey, now_s: int) -> bytes:
    return seal(Header(fields), status, results, body, key, now_s)


def _hash(content: bytes, start: int) -> BodyHash:
    hasher = BodyHasher([SIGNED_BODY])
    hasher.feed(content[start:])
    return hasher.finish()[SIGNED_BODY]
