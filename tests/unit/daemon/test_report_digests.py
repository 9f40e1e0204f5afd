import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

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


async def test_whoever_asks_for_many_waits_for_himself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = report_reader(await written(tmp_path), FixedClock())
    at_once: list[int] = []
    most = 0

    async def to_thread(work: Callable[[], object]) -> object:
        nonlocal most
        at_once.append(1)
        most = max(most, len(at_once))
        await asyncio.sleep(0)
        at_once.pop()
        return work()

    monkeypatch.setattr(asyncio, "to_thread", to_thread)
    await asyncio.gather(reports.tls(None, 1), reports.dmarc(None, 3660), reports.failures(None, 1))
    assert most == 1
