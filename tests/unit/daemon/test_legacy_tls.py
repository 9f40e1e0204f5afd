import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from skrytka.daemon.legacy_tls import TOLD_MAX, Exceptions
from skrytka.model.clock import FixedClock
from skrytka.model.engine import TlsFacts
from skrytka.model.events import LegacyTlsEnding, LegacyTlsUsed
from skrytka.model.settings import LegacyTls
from skrytka.net.connection import Connection
from skrytka.net.listener import Service
from skrytka.net.tls import CertificateFiles, TlsStore
from tests.support.certificates import write_certificate
from tests.unit.mail.support import Recorder

OLD = TlsFacts(version="TLSv1.1", cipher="ECDHE-RSA-AES128-SHA")
NEW = TlsFacts(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384")
DAY_S = 86_400.0


class Site:
    """imap has an exception until ten days from now."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.events = FixedClock(), Recorder()
        self.today = dt.datetime.fromtimestamp(self.clock.now_ms() / 1000, dt.UTC).date()
        self.one = LegacyTls(
            listener="imap", owner="Ola", until=(self.today + dt.timedelta(days=10)).isoformat(), version="TLSv1"
        )
        self.files = [CertificateFiles(*write_certificate(folder, "mail.example.test"))]
        self.tls = TlsStore(self.files)
        self.exceptions = Exceptions([self.one], self.files, self.tls, self.events, self.clock)

    def service(self, name: str = "imap") -> Service:
        return self.exceptions.applied(Service(name=name, session=_nothing))

    async def session(self, remote: str, tls: TlsFacts | None) -> None:
        conn = SimpleNamespace(tls=tls, facts=SimpleNamespace(remote=remote, trace=None))
        await self.service().session(cast("Connection", conn))

    async def warned(self, day: int) -> list[int]:
        """Days left that are told of on that day from now."""
        self.clock.advance(day * DAY_S)
        before = len(self.events.events)
        await self.exceptions.warn()
        await self.exceptions.warn()
        self.clock.advance(-day * DAY_S)
        told = self.events.events[before:]
        return [event.days_left for event in told if isinstance(event, LegacyTlsEnding)]


async def _nothing(_conn: Connection) -> None:
    return


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_only_the_listener_that_is_named_has_it(site: Site) -> None:
    assert site.service("imaps").tls is None
    assert site.service("imap").tls is not None


def test_it_ends_with_its_day_without_a_restart(site: Site) -> None:
    tls = site.service().tls
    assert tls is not None
    assert tls.server_context() is not site.tls.server_context()
    site.clock.advance(10 * DAY_S)
    assert tls.server_context() is not site.tls.server_context()
    site.clock.advance(DAY_S)
    assert tls.server_context() is site.tls.server_context()


def test_a_reload_brings_new_certificates(site: Site, tmp_path: Path) -> None:
    tls = site.service().tls
    assert tls is not None
    before = tls.server_context()
    site.exceptions.reload([CertificateFiles(*write_certificate(tmp_path, "other.example.test", stem="other"))])
    assert tls.server_context() is not before


async def test_who_needs_it_is_told_once_a_day(site: Site) -> None:
    for tls in (OLD, OLD, NEW, None):
        await site.session("192.0.2.1", tls)
    await site.session("192.0.2.2", OLD)
    used = [event for event in site.events.events if isinstance(event, LegacyTlsUsed)]
    assert [(event.remote, event.service, event.owner) for event in used] == [
        ("192.0.2.1", "imap", "Ola"),
        ("192.0.2.2", "imap", "Ola"),
    ]
    assert used[0].tls == "TLSv1.1 ECDHE-RSA-AES128-SHA"
    site.clock.advance(DAY_S)
    await site.session("192.0.2.1", OLD)
    assert len(site.events.events) == 3


async def test_many_clients_are_no_flood(site: Site) -> None:
    for number in range(TOLD_MAX + 10):
        await site.session(f"2001:db8::{number:x}", OLD)
    assert len(site.events.events) == TOLD_MAX


async def test_a_session_that_breaks_is_told_too(site: Site) -> None:
    async def broken(_conn: Connection) -> None:
        raise RuntimeError

    service = site.exceptions.applied(Service(name="imap", session=broken))
    conn = SimpleNamespace(tls=OLD, facts=SimpleNamespace(remote="192.0.2.1", trace=None))
    with pytest.raises(RuntimeError):
        await service.session(cast("Connection", conn))
    assert site.events.names() == ["LegacyTlsUsed"]


async def test_its_end_is_told_before_it_comes_and_when_it_has(site: Site) -> None:
    told = [await site.warned(day) for day in range(-5, 14)]
    assert [(day, left) for day, lefts in zip(range(-5, 14), told, strict=True) for left in lefts] == [
        (-3, 14),
        (4, 7),
        (10, 1),
        (11, 0),
    ]


def test_without_certificates_there_is_no_exception(site: Site) -> None:
    bare = Exceptions([site.one], [], TlsStore(), site.events, site.clock)
    assert bare.applied(Service(name="imap", session=_nothing)).tls is None
