"""Exceptions of [[tls.legacy]]: a listener takes something old until a day, and each use of it is told."""

import datetime as dt
import ssl
from collections.abc import Sequence
from typing import Final

import msgspec

from skrytka.model.clock import Clock
from skrytka.model.events import Emitter, LegacyTlsEnding, LegacyTlsUsed
from skrytka.model.settings import LegacyTls
from skrytka.net.connection import Connection
from skrytka.net.listener import Service
from skrytka.net.tls import CertificateFiles, TlsStore, legacy_server_context
from skrytka.protocol.tlspolicy.usage import Grade, grade_of

TOLD_AT_DAYS: Final = (14, 7, 1, 0)
TOLD_MAX: Final = 1000  # clients of a day; who comes behind them is in the log of sessions all the same


class DatedTls:
    """A ``ServerTls``: the exception until its day has passed, and what all have from then on."""

    def __init__(self, old: TlsStore, new: TlsStore, until: dt.date, clock: Clock) -> None:
        self.old = old
        self._new = new
        self._until = until
        self._clock = clock

    def server_context(self) -> ssl.SSLContext:
        """Of now; asked for each new connection."""
        return (self.old if today(self._clock) <= self._until else self._new).server_context()


class Exceptions:
    """All of one process. They hold from its start, certificates from the last reload."""

    def __init__(
        self,
        wanted: Sequence[LegacyTls],
        files: Sequence[CertificateFiles],
        tls: TlsStore,
        events: Emitter,
        clock: Clock,
    ) -> None:
        """PermanentError(BAD_CONFIG) for certificates that do not load."""
        self._events = events
        self._clock = clock
        self._wanted: dict[str, LegacyTls] = {one.listener: one for one in wanted} if files else {}
        self._tls: dict[str, DatedTls] = {name: self._dated(one, files, tls) for name, one in self._wanted.items()}
        self._told: set[tuple[str, str, str]] = set()
        self._told_on: dt.date | None = None
        self._warned: set[tuple[str, int]] = set()

    def _dated(self, one: LegacyTls, files: Sequence[CertificateFiles], tls: TlsStore) -> DatedTls:
        old = TlsStore(files, lambda: legacy_server_context(one.version, one.suites))
        return DatedTls(old, tls, dt.date.fromisoformat(one.until), self._clock)

    def reload(self, files: Sequence[CertificateFiles]) -> None:
        """As :meth:`TlsStore.reload`."""
        for dated in self._tls.values():
            dated.old.reload(files)

    def applied(self, service: Service) -> Service:
        """The service as its exception has it, or as it is."""
        one = self._wanted.get(service.name)
        if one is None:
            return service
        inner = service.session

        async def session(conn: Connection) -> None:
            try:
                await inner(conn)
            finally:
                self._seen(one, conn)

        return msgspec.structs.replace(service, session=session, tls=self._tls[service.name])

    def _seen(self, one: LegacyTls, conn: Connection) -> None:
        tls = conn.tls
        if tls is None or grade_of(tls.version, tls.cipher) is not Grade.WEAK:
            return
        if self._told_on != (day := today(self._clock)):
            self._told.clear()
            self._told_on = day
        key = one.listener, conn.facts.remote, str(tls)
        if key in self._told or len(self._told) >= TOLD_MAX:
            return
        self._told.add(key)
        self._events.emit(
            LegacyTlsUsed(
                trace=conn.facts.trace,
                service=one.listener,
                remote=conn.facts.remote,
                tls=str(tls),
                owner=one.owner,
                until=one.until,
            )
        )

    async def warn(self) -> None:
        """Called by the hour in one process: what ends in two weeks, in one, tomorrow, and what has ended."""
        for one in self._wanted.values():
            left = max(0, (dt.date.fromisoformat(one.until) - today(self._clock)).days + 1)
            key = one.listener, left
            if left in TOLD_AT_DAYS and key not in self._warned:
                self._warned.add(key)
                self._events.emit(
                    LegacyTlsEnding(service=one.listener, owner=one.owner, until=one.until, days_left=left)
                )


def today(clock: Clock) -> dt.date:
    """In UTC."""
    return dt.datetime.fromtimestamp(clock.now_ms() / 1000, dt.UTC).date()
