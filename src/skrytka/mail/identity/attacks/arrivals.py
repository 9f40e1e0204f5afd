"""Logins that were right, looked at one after another behind the login: what is new is kept, what is odd is told.

A place is written when it is new or was not written for a day. When there is more to look at than memory for it, the
oldest goes unlooked at: its network is noted by the next login.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import msgspec

from skrytka.mail.identity.attacks.centroids import CENTROIDS
from skrytka.mail.identity.attacks.homes import Homes, Kind, place_mac
from skrytka.mail.identity.attacks.odd import DAY_MS, Limits, Oddity, Visit, oddities, score
from skrytka.mail.identity.attacks.watching import Arrival
from skrytka.mail.identity.watch import IDENTIFIED
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import ReasonedError
from skrytka.model.events import Emitter, LoginOdd
from skrytka.model.ids import new_unit
from skrytka.model.secret import Secret
from skrytka.model.settings import Attacks
from skrytka.net.bugs import bug_caught
from skrytka.store.api import Store
from skrytka.store.commands.places import NotePlaces, Place
from skrytka.store.sql import directory
from skrytka.store.sql import places as sql

WAITING_MAX: Final = 1000
LOOKED_AT_MAX: Final = 10_000
RENEW_MS: Final = DAY_MS
PROGRAMS: Final = {"imap": "imap", "imaps": "imap", "submission": "smtp", "submissions": "smtp"}


class OddLogin(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner is told of."""

    arrival: Arrival
    oddities: tuple[Oddity, ...]
    country: str
    at_ms: int


Alert = Callable[[OddLogin], Awaitable[None]]


class CountryOf(Protocol):
    """Where an address is (``net.geo``)."""

    async def of(self, remote: str) -> str:
        """The country; "" when it is not known."""
        ...


class Where(CountryOf, Protocol):
    """And whose it is."""

    def provider_of(self, remote: str) -> str:
        """Whose network it is in; "" when it is not known."""
        ...


class LookedAt:
    """``watching.Arrivals``; :meth:`run` looks for as long as the front runs."""

    def __init__(  # noqa: PLR0913 - what it reads, writes and tells
        self,
        store: Store,
        homes: Homes,
        where: Where,
        *,
        name_key: Secret,
        clock: Clock,
        random: Random,
        events: Emitter,
        settings: Attacks,
        alert: Alert | None = None,
    ) -> None:
        self._store = store
        self._homes = homes
        self._where = where
        self._key = name_key
        self._clock = clock
        self._random = random
        self._events = events
        self.settings = settings
        self.alert = alert
        self._waiting: deque[Arrival] = deque(maxlen=WAITING_MAX)
        self._some = asyncio.Event()
        self._fresh: OrderedDict[tuple[int, str, str], int] = OrderedDict()  # looked at, and when
        self._halves: OrderedDict[tuple[int, str, str], int] = OrderedDict()  # likewise, of passwords on the web

    def came(self, arrival: Arrival) -> None:
        """Memory alone for whoever comes again and again."""
        key = self._fresh_key(arrival)
        if not self._clock.now_ms() - self._fresh.get(key, -RENEW_MS) < RENEW_MS or not arrival.is_at_home:
            self._waiting.append(arrival)
            self._some.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            await self.drain()

    async def drain(self) -> None:
        """All that wait now; what the store cannot take is looked at again at its next login."""
        while self._waiting:
            arrival = self._waiting.popleft()
            try:
                await self._look(arrival)
            except ReasonedError:
                continue
            except Exception as exc:  # noqa: BLE001 - a bug with one login is none with the front (conventions C6)
                self._events.emit(bug_caught(exc))

    @staticmethod
    def _fresh_key(arrival: Arrival) -> tuple[int, str, str]:
        return arrival.account, arrival.facts.network, _device(arrival)

    async def _look(self, arrival: Arrival) -> None:
        now_ms, address = self._clock.now_ms(), arrival.address.key
        rows = await self._homes.rows(address)
        country, values = "", {Kind.DEVICE: _device(arrival)}
        if arrival.mechanism != IDENTIFIED:  # where it came from was looked at when it logged in
            country = await self._where.of(arrival.facts.remote)
            values[Kind.NETWORK] = arrival.facts.network
            values[Kind.PROVIDER] = self._where.provider_of(arrival.facts.remote)
            values[Kind.COUNTRY] = country
        macs = {kind: place_mac(self._key, address, kind, value) for kind, value in values.items() if value}
        known = {row.mac: row.last_at_ms for row in rows}
        if not all(now_ms - known.get(mac, -RENEW_MS) < RENEW_MS for mac in macs.values()):
            if not self._was_half(arrival, now_ms):
                await self._judge(arrival, await self._visit(arrival, macs, rows, country, now_ms))
            if arrival.is_half:  # the owner is told at once, and nothing becomes his home by a password alone
                self._remember(self._halves, arrival, now_ms)
                return
            places = tuple(Place(kind.value, mac) for kind, mac in macs.items())
            unit = new_unit(self._clock, self._random)
            await self._store.submit(NotePlaces(unit=unit, account=arrival.account, places=places))
        self._remember(self._fresh, arrival, now_ms)

    def _was_half(self, arrival: Arrival, now_ms: int) -> bool:
        """Whether the password of this very login was looked at already."""
        return now_ms - self._halves.get(self._fresh_key(arrival), -RENEW_MS) < RENEW_MS

    def _remember(self, where: OrderedDict[tuple[int, str, str], int], arrival: Arrival, now_ms: int) -> None:
        where[self._fresh_key(arrival)] = now_ms
        if len(where) > LOOKED_AT_MAX:
            where.popitem(last=False)

    async def _visit(
        self, arrival: Arrival, macs: dict[Kind, bytes], rows: list[sql.PlaceRow], country: str, now_ms: int
    ) -> Visit:
        address = arrival.address.key
        has_moved = any(row.kind == Kind.COUNTRY and row.mac != macs.get(Kind.COUNTRY) for row in rows)
        codes = CENTROIDS if country and has_moved else ()
        account = await self._store.read(directory.account_by_id(arrival.account))
        return Visit(
            at_ms=now_ms,
            macs=macs,
            rows=rows,
            country=country,
            countries={place_mac(self._key, address, Kind.COUNTRY, code): code for code in codes},
            failures=arrival.failures,
            is_under_attack=arrival.is_under_attack,
            created_at_ms=now_ms if account is None else account.created_at_ms,
            watched_since_ms=None if rows else await self._store.read(sql.watched_since_ms()),
        )

    async def _judge(self, arrival: Arrival, visit: Visit) -> None:
        settings = self.settings
        found = oddities(visit, Limits(settings.travel_km, settings.travel_hours, settings.dormant_days))
        if not found or (points := score(found)) < settings.odd_score:
            return
        self._events.emit(
            LoginOdd(
                account=arrival.account,
                account_name=str(arrival.address),
                remote=arrival.facts.remote,
                service=arrival.facts.service,
                mechanism=arrival.mechanism,
                country=visit.country,
                oddities=tuple(each.value for each in found),
                score=points,
            )
        )
        if self.alert is not None:
            odd = OddLogin(arrival=arrival, oddities=found, country=visit.country, at_ms=visit.at_ms)
            await self.alert(odd)  # while mail cannot be written the place is not noted: the next login is odd again


def _device(arrival: Arrival) -> str:
    """The program as it names itself, else its kind: all that is known of one that says nothing."""
    service, program = arrival.facts.service, arrival.facts.program
    return f"{PROGRAMS.get(service, service)} {program or arrival.mechanism}"
