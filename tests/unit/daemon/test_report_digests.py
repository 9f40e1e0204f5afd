from pathlib import Path

from skrytka.daemon.report_digests import report_reader
from skrytka.model.clock import FixedClock
from tests.unit.daemon.test_report_log import written


async def test_reports_are_read_by_domain_and_days(tmp_path: Path) -> None:
    clock = FixedClock()
    reports = report_reader(await written(tmp_path), clock)
    (dmarc,) = await reports.dmarc(None, 1)
    (tls,) = await reports.tls("example.org", 1)
    assert (dmarc.domain, dmarc.policy, tls.domain, tls.unproven) == ("example.org", "reject", "example.org", 1)
    assert await reports.failures(None, 1) == []
    assert await reports.dmarc("example.net", 1) == []
    clock.advance(2 * 86400)
    assert await reports.tls(None, 1) == []
