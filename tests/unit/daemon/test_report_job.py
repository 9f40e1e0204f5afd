"""What is told to other domains of a day, from the event log as the server writes it, once."""

import asyncio
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from skrytka.daemon import report_job
from skrytka.daemon.report_job import DAY_S, ReportJob, ReportJobDeps
from skrytka.daemon.report_posts import Posting, ReportPosts
from skrytka.inspect.check import reports_of
from skrytka.inspect.reports import reports
from skrytka.model.address import Address
from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import DailyReportSent, Event, OutboundTls, SenderChecked, StsPolicyFetched
from skrytka.model.settings import Reports, Settings
from skrytka.net.dns.zone import StaticZone
from skrytka.store.events.writer import EventWriter
from tests.unit.mail.support import CountingRandom

ZONE = """
_dmarc.a.example: [{TXT: 'v=DMARC1; p=none'}]
a.example._report._dmarc.collect.example: [{TXT: v=DMARC1}]
_smtp._tls.a.example: [{TXT: 'v=TLSRPTv1; rua=mailto:tls@a.example'}]
"""
NOON = 1_800_014_400_000  # 2027-01-15, twelve o'clock
CHECKED = SenderChecked(
    remote="192.0.2.1",
    helo="mail.a.example",
    reverse_path="x@a.example",
    recipient_domains=("example.test",),
    spf="pass",
    spf_scope="mfrom",
    spf_domain="a.example",
    header_from="a.example",
    dmarc="pass",
    dmarc_spf=True,
    policy_domain="a.example",
    p="reject",
    rua=("d@a.example", "x@collect.example", "y@victim.example"),
    disposition="pass",
)
SESSION = OutboundTls(domain="a.example", host="mx.a.example", address="192.0.2.9", policy_type="no-policy-found")


class Sender:
    """Takes what is sent; ``errors`` come first."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Address, tuple[Address, ...]]] = []
        self.errors: list[Exception] = []

    async def send(self, octets: bytes, from_: Address, to: tuple[Address, ...]) -> tuple[Address, ...]:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append((octets, from_, to))
        return to


class Domains:
    async def names(self) -> list[str]:
        return ["another.test", "example.test"]


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FixedClock(NOON)
        self.log = EventWriter(folder, "front-0", self.clock, CountingRandom())
        self.sender = Sender()
        self.settings = Settings(version=1, hostname="mx.example.test")
        self.job = self.restarted()

    def restarted(self, zone: str = ZONE, posts: ReportPosts | None = None) -> ReportJob:
        return ReportJob(
            ReportJobDeps(
                events_dir=self.folder,
                settings=lambda: self.settings,
                sender=self.sender,  # type: ignore[arg-type]
                domains=Domains(),
                resolver=StaticZone.parse(zone),
                posts=posts,
                events=self.log,
                clock=self.clock,
                random=CountingRandom(),
            )
        )

    async def happen(self, *events: Event) -> None:
        for event in events:
            self.log.emit(event)
        await self.log.flush()

    async def tomorrow(self) -> int:
        self.clock.advance(DAY_S)
        return await self.run()

    async def run(self) -> int:
        count = await self.job.run_once()
        await self.log.flush()
        return count

    def told(self) -> list[DailyReportSent]:
        lines = [line for path in sorted(self.folder.glob("*/mail.jsonl")) for line in path.read_bytes().splitlines()]
        whole: list[dict[str, Any]] = [msgspec.json.decode(line) for line in lines if b"daily_report_sent" in line]
        return [msgspec.convert({**each["e"], **each["p"], "trace": None}, DailyReportSent) for each in whole]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_job, "PAUSE_S", 0)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_a_day_is_told_to_who_asked_and_agreed(world: World) -> None:
    failed = msgspec.structs.replace(CHECKED, remote="192.0.2.66", dmarc="fail", dmarc_spf=False, disposition="reject")
    await world.happen(CHECKED, CHECKED, failed, SESSION)
    assert await world.tomorrow() == 2
    (dmarc, from_, to), (tls, _, tls_to) = world.sender.sent
    assert (str(from_), [str(each) for each in to]) == ("postmaster@example.test", ["d@a.example", "x@collect.example"])
    (report,) = reports_of(reports(dmarc)).dmarc
    assert [(row.source_ip, row.count, row.disposition) for row in report.rows] == [
        ("192.0.2.1", 2, "pass"),
        ("192.0.2.66", 1, "reject"),
    ]
    assert (report.policy.p, report.begin_s % DAY_S, report.end_s - report.begin_s) == ("reject", 0, DAY_S - 1)
    assert report.begin_s <= NOON // 1000 <= report.end_s
    assert [str(each) for each in tls_to] == ["tls@a.example"]
    (tls_report,) = reports_of(reports(tls)).tls
    assert (tls_report.policies[0].domain, tls_report.policies[0].successes) == ("a.example", 1)
    assert [(event.report, event.domain, event.day) for event in world.told()] == [
        ("dmarc", "a.example", "2027-01-15"),
        ("tls", "a.example", "2027-01-15"),
    ]


async def test_a_policy_that_could_not_be_fetched_is_a_failure_of_tls(world: World) -> None:
    """RFC 8461 6, RFC 8460 4.3.2.2."""
    failed = StsPolicyFetched(
        domain="a.example", id="1", result="sts-webpki-invalid", detail="self-signed", is_kept=True
    )
    await world.happen(failed, failed, StsPolicyFetched(domain="a.example", id="2", mode="enforce"))
    assert await world.tomorrow() == 1
    ((raw, _, _),) = world.sender.sent
    (report,) = reports_of(reports(raw)).tls
    (policy,) = report.policies
    assert (policy.kind, policy.domain, policy.successes, policy.failures) == ("sts", "a.example", 0, 2)
    assert [(each.result, each.count, each.reason) for each in policy.details] == [
        ("sts-webpki-invalid", 2, "self-signed")
    ]


class Posts:
    """Takes what is to be posted."""

    def __init__(self) -> None:
        self.added: list[tuple[Posting, tuple[str, ...]]] = []

    def add(self, posting: Posting, urls: tuple[str, ...]) -> None:
        self.added.append((posting, urls))


@pytest.mark.parametrize(("rua", "mails"), [("https://a.example/t", 0), ("mailto:t@a.example,https://a.example/t", 1)])
async def test_a_domain_that_wants_tls_reports_by_https_gets_them_so(world: World, rua: str, mails: int) -> None:
    zone = f"_smtp._tls.a.example: [{{TXT: 'v=TLSRPTv1; rua={rua}'}}]"
    posts = Posts()
    world.job = world.restarted(zone, posts)  # type: ignore[arg-type]
    failed = msgspec.structs.replace(SESSION, result="certificate-expired", local="198.51.100.7")
    await world.happen(SESSION, failed)
    assert await world.tomorrow() == mails
    ((posting, urls),) = posts.added
    assert (urls, posting.domain, posting.day) == (("https://a.example/t",), "a.example", "2027-01-15")
    (report,) = reports_of(reports(posting.octets)).tls
    assert report.report_id == posting.report_id
    (detail,) = report.policies[0].details
    assert (detail.sending_ip, detail.receiving_ip) == ("198.51.100.7", "192.0.2.9")
    assert [each.domain for each in world.told() if each.report == "tls"] == ["a.example"] * mails


async def test_nothing_goes_twice_not_even_after_a_restart(world: World) -> None:
    await world.happen(CHECKED, SESSION)
    assert await world.tomorrow() == 2
    assert await world.run() == 0
    world.job = world.restarted()
    assert await world.run() == 0
    assert len(world.sender.sent) == 2


async def test_a_store_that_fails_amid_the_day_is_tried_again_where_it_stopped(world: World) -> None:
    await world.happen(CHECKED, msgspec.structs.replace(CHECKED, policy_domain="a.a.example"), SESSION)
    world.sender.errors = [TransientError(Reason.STORE_DOWN)]
    world.clock.advance(DAY_S)
    with pytest.raises(TransientError):
        await world.job.run_once()
    await world.log.flush()
    assert await world.run() == 3
    assert [(event.report, event.domain) for event in world.told()] == [
        ("dmarc", "a.a.example"),
        ("dmarc", "a.example"),
        ("tls", "a.example"),
    ]


async def test_one_domain_that_cannot_be_told_holds_up_no_other(world: World) -> None:
    await world.happen(CHECKED, SESSION)
    world.sender.errors = [PermanentError(Reason.BAD_SYNTAX, "no")]
    assert await world.tomorrow() == 1
    assert [event.detail for event in world.told()] == ["no", ""]


async def test_who_did_not_agree_is_told_nothing_and_not_asked_again(world: World) -> None:
    await world.happen(msgspec.structs.replace(CHECKED, rua=("y@victim.example",)))
    assert await world.tomorrow() == 0
    (event,) = world.told()
    assert (event.recipients, event.detail) == ((), "nobody to tell")
    world.job = world.restarted()
    assert await world.run() == 0
    assert len(world.told()) == 1


async def test_it_is_not_done_at_midnight_sharp(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.happen(CHECKED)
    world.clock.advance(12 * 3600 + 1)
    monkeypatch.setattr(report_job, "DELAY_MAX_S", 1)
    assert await world.run() == 1
    world.job = world.restarted()
    monkeypatch.setattr(report_job, "DELAY_MAX_S", 10**9)
    assert await world.run() == 0


@pytest.mark.parametrize(
    ("settings", "kinds"),
    [
        ({"reports": Reports(is_dmarc_sent=False)}, ["tls"]),
        ({"reports": Reports(is_tls_sent=False)}, ["dmarc"]),
        ({"reports": Reports(is_dmarc_sent=False, is_tls_sent=False)}, []),
        ({"is_demo": True}, []),
        ({"reports": Reports(sender="x@elsewhere.test")}, []),
        ({"reports": Reports(sender="nonsense")}, []),
    ],
)
async def test_settings_say_what_is_sent(world: World, settings: dict[str, Any], kinds: list[str]) -> None:
    world.settings = msgspec.structs.replace(world.settings, **settings)
    await world.happen(CHECKED, SESSION)
    await world.tomorrow()
    assert [event.report for event in world.told()] == kinds


async def test_the_sender_and_the_name_may_be_chosen(world: World) -> None:
    world.settings = msgspec.structs.replace(
        world.settings, reports=Reports(sender="dmarc@another.test", organization="Us & Co")
    )
    await world.happen(CHECKED)
    assert await world.tomorrow() == 1
    ((raw, from_, _),) = world.sender.sent
    (report,) = reports_of(reports(raw)).dmarc
    assert (str(from_), report.email, report.org_name) == ("dmarc@another.test", "dmarc@another.test", "Us & Co")
    assert report.report_id.endswith("@another.test")


async def test_what_is_too_large_is_not_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_job, "SIZE_MAX_BYTES", 100)
    await world.happen(CHECKED)
    assert await world.tomorrow() == 0
    assert world.told()[0].detail == "too large"


async def test_a_day_with_damaged_lines_and_a_day_without_any_are_told(world: World) -> None:
    assert await world.tomorrow() == 0
    await world.happen(CHECKED)
    day = world.folder / "2027-01-16" / "mail.jsonl"
    mark = b'"kind":"sender_checked"'
    day.write_bytes(b"{" + mark + b"\n" + day.read_bytes() + b'{"e":{' + mark + b"}}\n\xff" + mark)
    assert await world.tomorrow() == 1


async def test_a_large_day_holds_nobody_up(world: World) -> None:
    for number in range(3000):
        world.log.emit(msgspec.structs.replace(CHECKED, remote=f"10.0.{number // 250}.{number % 250}"))
    await world.log.flush()
    world.clock.advance(DAY_S)
    steps: list[float] = []

    async def watch() -> None:
        while not world.sender.sent:
            before = time.thread_time()
            await asyncio.sleep(0)
            steps.append(time.thread_time() - before)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch())
        assert await world.job.run_once() == 1
    assert len(steps) > 150  # so often others had their turn
    (report,) = reports_of(reports(world.sender.sent[0][0])).dmarc
    assert report.left_off + len(report.rows) == 2000
    assert report.error == "1000 further messages are not in this report"
