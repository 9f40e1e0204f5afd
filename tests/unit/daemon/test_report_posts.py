"""Reports by HTTPS to a server on loopback: taken, refused, late, and where nobody may be."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from skrytka.daemon import report_posts
from skrytka.daemon.outside_https import outside_https
from skrytka.daemon.report_posts import FIRST_RETRY_S, GIVE_UP_S, Posting, ReportPosts
from skrytka.model.clock import FixedClock
from skrytka.model.events import DailyReportSent
from skrytka.model.settings import Outbound, Reports, Settings
from skrytka.net.client_tls import ClientTls
from skrytka.net.dns.zone import StaticZone
from skrytka.net.sweeper import Sweeper
from tests.support.https_server import HttpsServer, https_server, response
from tests.unit.mail.support import Recorder

ZONE = "report.test: [{A: 127.0.0.1}]\nother.test: [{A: 127.0.0.1}]"
POSTING = Posting("a.example", "2027-01-15", "1.tls.a.example@example.test", b"\x1f\x8b packed")


class World:
    def __init__(self, server: HttpsServer, **changes: object) -> None:
        self.clock = FixedClock()
        self.events = Recorder()
        self.server = server
        self.answer = response(b"thank you", "201 Created")
        self.settings = Settings(
            version=1,
            hostname="mx.example.test",
            reports=Reports(https_networks=("127.0.0.0/8",)),
            outbound=Outbound(ca_file=str(server.ca_file)),
        )
        sweeper = Sweeper(self.clock)
        self.posts = ReportPosts(
            lambda: outside_https(self.settings, StaticZone.parse(ZONE), ClientTls(), sweeper), self.events, self.clock
        )

    def url(self, host: str = "report.test") -> str:
        return f"https://{host}:{self.server.port}/v1?x"

    @property
    def told(self) -> list[tuple[tuple[str, ...], str]]:
        events = [event for event in self.events.events if isinstance(event, DailyReportSent)]
        assert {(each.report, each.domain, each.report_id) for each in events} <= {
            ("tls", POSTING.domain, POSTING.report_id)
        }
        return [(each.recipients, each.detail) for each in events]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made: list[World] = []
    async with https_server(tmp_path, lambda _request: made[0].answer, "report.test") as server:
        made.append(World(server))
        yield made[0]


async def test_a_report_is_posted_packed_and_told(world: World) -> None:
    world.posts.add(POSTING, [world.url()])
    assert await world.posts.run() == 1
    (request,) = world.server.asked
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1?x HTTP/1.1\r\nHost: report.test:")
    assert b"\r\nContent-Type: application/tlsrpt+gzip\r\n" in head
    assert body == POSTING.octets
    assert world.told == [((world.url(),), "")]
    assert await world.posts.run() == 0


@pytest.mark.parametrize("status", ["500 Trouble", "503 Later", "429 Too Many", "408 Slow"])
async def test_trouble_is_tried_again_with_longer_and_longer_pauses(world: World, status: str) -> None:
    world.answer = response(b"", status)
    world.posts.add(POSTING, [world.url()])
    assert [await world.posts.run() for _ in range(3)] == [0, 0, 0]
    assert (len(world.server.asked), world.told) == (1, [])
    world.clock.advance(FIRST_RETRY_S)
    await world.posts.run()
    world.clock.advance(FIRST_RETRY_S)
    await world.posts.run()
    assert len(world.server.asked) == 2
    world.answer = response(b"")
    world.clock.advance(FIRST_RETRY_S)
    assert await world.posts.run() == 1
    assert world.told == [((world.url(),), "")]


async def test_after_a_day_it_is_given_up(world: World) -> None:
    world.answer = response(b"", "503 Later")
    world.posts.add(POSTING, [world.url()])
    for _ in range(GIVE_UP_S // FIRST_RETRY_S):
        await world.posts.run()
        world.clock.advance(FIRST_RETRY_S)
    assert world.told == [((), f"{world.url()}: it answers 503")]
    assert 6 <= len(world.server.asked) <= 12


@pytest.mark.parametrize("status", ["404 Not Found", "301 Elsewhere", "400 What"])
async def test_a_refusal_is_the_end_and_no_redirect_is_followed(world: World, status: str) -> None:
    world.answer = response(b"", status, location=world.url())
    world.posts.add(POSTING, [world.url()])
    assert await world.posts.run() == 0
    assert world.told == [((), f"{world.url()}: it answers {status[:3]}")]
    assert len(world.server.asked) == 1


async def test_a_certificate_of_another_name_gets_nothing(world: World) -> None:
    world.posts.add(POSTING, [world.url("other.test")])
    assert await world.posts.run() == 0
    assert (world.server.asked, world.told) == ([], [])


async def test_without_the_setting_nothing_goes_to_loopback(world: World) -> None:
    world.settings = Settings(version=1, hostname="mx.example.test")
    world.posts.add(POSTING, [world.url()])
    assert await world.posts.run() == 0
    assert world.server.asked == []


async def test_a_large_answer_and_a_slow_one_hold_nobody_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.answer = response(b"x" * 100_000)
    world.posts.add(POSTING, [world.url()])
    assert await world.posts.run() == 0
    monkeypatch.setattr(report_posts, "ASK_S", 0.05)
    never = asyncio.Event()

    async def hang(_request: bytes) -> bytes:
        await never.wait()
        return response(b"")

    world.server._answer = hang
    world.clock.advance(FIRST_RETRY_S)
    assert await world.posts.run() == 0
    never.set()
    assert world.told == []


@pytest.mark.parametrize("url", ["https://a.test:99999/", "https://u@a.test/", "https://", "https://a.test/\x00"])
async def test_what_is_no_url_is_told_and_forgotten(world: World, url: str) -> None:
    world.posts.add(POSTING, [url])
    assert await world.posts.run() == 0
    ((recipients, detail),) = world.told
    assert (recipients, "is no https URL" in detail) == ((), True)


async def test_a_report_that_is_too_large_and_too_many_of_them_are_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_posts, "SIZE_MAX_BYTES", 3)
    world.posts.add(POSTING, [world.url()])
    monkeypatch.setattr(report_posts, "SIZE_MAX_BYTES", 100)
    monkeypatch.setattr(report_posts, "WAITING_MAX", 1)
    world.posts.add(POSTING, [world.url(), world.url()])
    assert [detail for _, detail in world.told] == [
        f"{world.url()}: too large",
        f"{world.url()}: too many reports wait",
    ]
