"""Reports read from event files as the writer makes them."""

import datetime as dt
from pathlib import Path

from skrytka.daemon.report_log import dmarc_reports, lines_of, tls_reports
from skrytka.model.clock import FixedClock
from skrytka.model.events import DmarcReportReceived, ReportRefused, TlsReportReceived
from skrytka.protocol.reports.digest import Source, TlsFailure
from skrytka.store.events.writer import EventWriter
from tests.unit.mail.support import CountingRandom

DMARC = DmarcReportReceived(
    domain="example.org",
    organization="Big Mail",
    sender="big.example",
    is_proven=True,
    report_id="1",
    begin_s=1,
    end_s=2,
    policy="reject",
    sources=("192.0.2.1 3 fail pass none example.org dkim:list.example", "nonsense"),
    left_off=4,
)
TLS = TlsReportReceived(
    domain="example.org",
    organization="Big Mail",
    sender="big.example",
    is_proven=False,
    report_id="2",
    begin_s=1,
    end_s=2,
    policies=("sts 5 1",),
    failures=("certificate-expired 1 mx.example.org -",),
)
EPOCH = dt.date(1970, 1, 1)


async def written(tmp_path: Path) -> Path:
    writer = EventWriter(tmp_path, "front-0", FixedClock(), CountingRandom())
    for event in (ReportRefused(sender="x.example", reason="dmarc_report_received"), DMARC, TLS):
        writer.emit(event)
    await writer.flush()
    return tmp_path


async def test_reports_come_back_as_they_were_told(tmp_path: Path) -> None:
    folder = await written(tmp_path)
    (found,) = dmarc_reports(folder, EPOCH)
    assert (found.domain, found.organization, found.policy, found.left_off) == ("example.org", "Big Mail", "reject", 4)
    assert found.sources == (
        Source(
            address="192.0.2.1",
            count=3,
            is_dkim_aligned=False,
            is_spf_aligned=True,
            header_from="example.org",
            proven=("dkim:list.example",),
        ),
    )
    (tls,) = tls_reports(folder, EPOCH)
    assert (tls.policies, tls.is_proven) == ((("sts", 5, 1),), False)
    assert tls.failures == (TlsFailure(kind="certificate-expired", count=1, mx_host="mx.example.org"),)


async def test_another_domain_and_older_days_are_left_out(tmp_path: Path) -> None:
    folder = await written(tmp_path)
    assert list(dmarc_reports(folder, EPOCH, "example.net")) == []
    assert list(dmarc_reports(folder, dt.date(2999, 1, 1))) == []
    assert len(list(dmarc_reports(folder, EPOCH, "example.org"))) == 1


async def test_a_damaged_line_hides_no_other(tmp_path: Path) -> None:
    folder = await written(tmp_path)
    (path,) = folder.glob("*/mail.jsonl")
    good = path.read_bytes()
    mark = b'"kind":"dmarc_report_received"'
    path.write_bytes(b"{" + mark + b"}\n" + good + b'{"e":{' + mark + b',"at":"x"},"hash":""}\n' + mark)
    assert len(list(lines_of(path, "dmarc_report_received"))) == 3
    assert len(list(dmarc_reports(folder, EPOCH))) == 1
