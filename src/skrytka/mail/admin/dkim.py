"""DKIM keys of the hosted domains: made, looked up in DNS, used, retired, revoked; by the timer and by people."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

import msgspec

from skrytka.mail.admin.base import AdminDeps, AdminPart, parse_domain
from skrytka.mail.admin.dkim_deps import DkimDeps
from skrytka.mail.admin.dkim_life import Plan, Shown, plan, shown, use
from skrytka.mail.outbox.dkim_keys import dkim_keys, make_key, record_of, selector_of
from skrytka.model.address import Domain
from skrytka.model.errors import PermanentError, Reason, ReasonedError, TransientError
from skrytka.model.events import DkimKeyChanged, FaultRaised
from skrytka.net.dns.resolver import Resolver
from skrytka.protocol.mailauth.dkim.key import Algorithm
from skrytka.store.commands.dkim import AddDkimKeys, DkimMove, MoveDkimKeys
from skrytka.store.rows import DkimKeyRow, DkimState
from skrytka.store.sql import directory
from skrytka.store.sql import dkim as sql

TIMER: Final = "timer"
LOOKED_S: Final = 86_400.0  # between two looks at a key in use, and between two complaints
KNOWN_MAX: Final = 10_000
UNPUBLISHED: Final = "F-dkim-unpublished"
_COMING: Final = (DkimState.NEW, DkimState.WAITING)
_PUBLISHED: Final = (*_COMING, DkimState.ACTIVE, DkimState.RETIRED)


class DkimRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A TXT record that a domain has to publish for DKIM."""

    name: str
    text: str  # to be cut into strings of 255 octets (RFC 1035 3.3)
    selector: str
    is_revoked: bool = False  # no key stands in it any more


class DkimInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One key, without its secret."""

    domain: str
    selector: str
    algorithm: str
    state: str  # new, waiting, active, retired, revoked
    since_at_ms: int  # in that state
    dns: str  # what a look-up says: yes, no, other, unknown; "" nobody has looked
    name: str  # of its record
    record: str


class DkimKeys(AdminPart):
    """Part of Admin."""

    def __init__(self, deps: AdminDeps) -> None:
        super().__init__(deps)
        self._looked: dict[str, float] = {}  # name of a record or text of a complaint -> when

    @property
    def _life(self) -> DkimDeps:
        if self._deps.dkim is None:
            raise PermanentError(Reason.UNSUPPORTED, "this process does not deal with DKIM keys")
        return self._deps.dkim

    async def records(self, name: str) -> tuple[DkimRecord, ...]:
        """What this domain must publish now, by selector; keys that are revoked without a key."""
        return tuple(_record(row) for row in await self._rows(parse_domain(name).name))

    async def list(self, name: str | None = None) -> Sequence[DkimInfo]:
        """The keys of one domain or of all, as the directory has them."""
        rows = await self._rows(parse_domain(name).name) if name else await self._deps.store.read(sql.keys())
        return [_info(row) for row in rows]

    async def show(self, name: str) -> Sequence[DkimInfo]:
        """The keys of a domain, and whether DNS shows them."""
        rows = await self._rows(parse_domain(name).name)
        resolver = self._life.resolver()
        return [_info(row, await self._look(resolver, row)) for row in rows]

    async def rotate(self, name: str, actor: str) -> Sequence[DkimInfo]:
        """New keys to be published, of both algorithms; each is used as soon as DNS has shown it long enough.

        ALREADY_EXISTS while earlier ones are on their way.
        """
        domain = parse_domain(name)
        await self._hosted(domain.name)
        await self._make(domain, tuple(Algorithm), actor)
        return await self.list(domain.name)

    async def use(self, name: str, selector: str, actor: str) -> Sequence[DkimInfo]:
        """Sign with that key from now on, without a wait: a new one, or one that was retired. DNS has to show it."""
        rows = await self._rows(parse_domain(name).name)
        row = _named(rows, selector)
        if row.state not in (*_COMING, DkimState.RETIRED):
            raise PermanentError(Reason.NOT_PERMITTED, f"{selector} is {row.state.value} and cannot be put to use")
        seen = await self._look(self._life.resolver(), row)
        if seen is not Shown.YES:
            said = {Shown.OTHER: "has another record", Shown.UNKNOWN: "cannot be asked about it"}.get(
                seen, "shows none"
            )
            detail = f"{selector} is not used: DNS {said}; publish what `skrytka dkim show {row.domain}` says"
            raise PermanentError(Reason.NOT_PERMITTED, detail)
        is_active = (each for each in rows if each.algorithm == row.algorithm and each.state is DkimState.ACTIVE)
        await self._move(row.domain, rows, use(row, next(is_active, None)), actor)
        return await self.list(row.domain)

    async def revoke(self, name: str, selector: str, actor: str) -> Sequence[DkimInfo]:
        """Never sign with it again: its secret is destroyed. A key that was never used is simply gone."""
        rows = await self._rows(parse_domain(name).name)
        row = _named(rows, selector)
        if row.state is DkimState.REVOKED:
            raise PermanentError(Reason.NOT_PERMITTED, f"{selector} is revoked already")
        state = None if row.state in _COMING else DkimState.REVOKED
        await self._move(row.domain, rows, [DkimMove(selector, row.state, state)], actor)
        return await self.list(row.domain)

    async def check(self, name: str | None, actor: str) -> Sequence[DkimInfo]:
        """Look into DNS now and take the steps that are due, of one domain or of all; then :meth:`list`."""
        self._looked.clear()
        if name is None:
            await self.tend(actor)
        else:
            await self._tend_domain(parse_domain(name).name, actor)
        return await self.list(name)

    async def tend(self, actor: str = TIMER) -> None:
        """What is due for every domain; called by the timer. One that fails hinders no other; the last error is raised.

        TransientError when the store or the key agent is away.
        """
        failure: ReasonedError | None = None
        for row in await self._deps.store.read(directory.domains()):
            try:
                await self._tend_domain(row.name, actor)
            except (PermanentError, TransientError) as exc:
                failure = exc
        if failure is not None:
            raise failure

    async def add_first(self, domain: Domain, actor: str) -> None:
        """The first keys of a new domain, where this process deals with keys; what is away now, the timer makes."""
        if self._deps.dkim is not None:
            with contextlib.suppress(TransientError):
                await self._make(domain, tuple(Algorithm), actor)

    async def _tend_domain(self, name: str, actor: str) -> None:
        """Until nothing is due: a key that was made is to be looked up at the next time only."""
        rows = await self._rows(name)
        resolver = self._life.resolver()
        seen = {row.selector: await self._look(resolver, row) for row in rows if self._is_to_be_looked_up(row)}
        due: Plan = plan(rows, seen, self._life.age.now_ms(), self._life.terms)
        if due.moves:
            await self._move(name, rows, due.moves, actor)
        if due.missing:
            await self._make(Domain(name), due.missing, actor)
        for complaint in due.complaints:
            if self._is_time(complaint):
                self._deps.events.emit(FaultRaised(fault=UNPUBLISHED, detail=complaint))

    def _is_to_be_looked_up(self, row: DkimKeyRow) -> bool:
        if row.state in _COMING:
            return True
        return row.state is DkimState.ACTIVE and self._is_time(f"{row.selector}._domainkey.{row.domain}")

    def _is_time(self, what: str) -> bool:
        """Once a day."""
        now_s = self._deps.clock.monotonic_s()
        if self._looked.get(what, -LOOKED_S) > now_s - LOOKED_S:
            return False
        if len(self._looked) >= KNOWN_MAX:
            self._looked.clear()
        self._looked[what] = now_s
        return True

    async def _look(self, resolver: Resolver, row: DkimKeyRow) -> Shown:
        try:
            answer = await resolver.query(f"{row.selector}._domainkey.{row.domain}", "TXT")
        except (PermanentError, TransientError):
            return Shown.UNKNOWN
        return shown(row, answer.strings)

    async def _make(self, domain: Domain, algorithms: Sequence[Algorithm], actor: str) -> None:
        deps = self._deps
        keys = await dkim_keys(deps.keys, deps.random)
        taken = frozenset(row.selector for row in await deps.store.read(sql.keys_of(domain.name)))
        now_ms = deps.clock.now_ms()
        made = tuple(
            [
                await asyncio.to_thread(make_key, keys, domain, selector_of(algorithm, now_ms, taken), algorithm)
                for algorithm in algorithms
            ]
        )
        await deps.store.submit(AddDkimKeys(unit=self._unit(), domain=domain.name, keys=made))
        for key in made:
            self._told(actor, domain.name, key.selector, key.algorithm, "", DkimState.NEW.value)

    async def _move(self, domain: str, rows: Sequence[DkimKeyRow], moves: Sequence[DkimMove], actor: str) -> None:
        await self._deps.store.submit(MoveDkimKeys(unit=self._unit(), domain=domain, moves=tuple(moves)))
        algorithms = {row.selector: row.algorithm for row in rows}
        for move in moves:
            state = "gone" if move.state is None else move.state.value
            self._told(actor, domain, move.selector, algorithms[move.selector], move.was.value, state)

    async def _rows(self, domain: str) -> Sequence[DkimKeyRow]:
        await self._hosted(domain)
        return await self._deps.store.read(sql.keys_of(domain))

    def _told(self, actor: str, domain: str, selector: str, algorithm: str, was: str, state: str) -> None:
        self._deps.events.emit(
            DkimKeyChanged(actor=actor, domain=domain, selector=selector, algorithm=algorithm, was=was, state=state)
        )


def _named(rows: Sequence[DkimKeyRow], selector: str) -> DkimKeyRow:
    row = next((row for row in rows if row.selector == selector), None)
    if row is None:
        raise PermanentError(Reason.NO_SUCH_OBJECT, f"there is no DKIM key {selector}; see `skrytka dkim list`")
    return row


def _record(row: DkimKeyRow) -> DkimRecord:
    is_revoked = row.state not in _PUBLISHED
    name = f"{row.selector}._domainkey.{row.domain}"
    return DkimRecord(
        name=name, text=record_of(row, is_revoked=is_revoked), selector=row.selector, is_revoked=is_revoked
    )


def _info(row: DkimKeyRow, seen: Shown | None = None) -> DkimInfo:
    record = _record(row)
    return DkimInfo(
        domain=row.domain,
        selector=row.selector,
        algorithm=row.algorithm,
        state=row.state.value,
        since_at_ms=row.changed_at_ms,
        dns="" if seen is None else seen.value,
        name=record.name,
        record=record.text,
    )
