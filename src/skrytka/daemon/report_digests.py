"""``mail.admin.commands.reports.Reports`` out of the event log, whose files are read in a thread, one after another.

Ten years of a log are a long read, and threads are few: who asks for many of them waits for himself.
"""

import asyncio
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from skrytka.daemon.report_log import dmarc_reports, failure_reports, tls_reports
from skrytka.mail.admin.commands.reports import Reports
from skrytka.model.clock import Clock
from skrytka.protocol.reports.digest import Digest, TlsDigest, digest, tls_digest
from skrytka.protocol.reports.failure_digest import FailureDigest, failure_digest

T = TypeVar("T")


def report_reader(folder: Path, clock: Clock) -> Reports:
    """Of the days up to now."""
    turn = asyncio.Lock()

    async def read(work: Callable[[], T]) -> T:
        async with turn:
            return await asyncio.to_thread(work)

    def first_day(days: int) -> dt.date:
        return dt.datetime.fromtimestamp(clock.now_ms() / 1000, dt.UTC).date() - dt.timedelta(days=days - 1)

    async def dmarc(domain: str | None, days: int) -> list[Digest]:
        now_s = clock.now_ms() // 1000
        return await read(lambda: digest(dmarc_reports(folder, first_day(days), domain), now_s))

    async def failures(domain: str | None, days: int) -> list[FailureDigest]:
        return await read(lambda: failure_digest(failure_reports(folder, first_day(days), domain)))

    async def tls(domain: str | None, days: int) -> list[TlsDigest]:
        return await read(lambda: tls_digest(tls_reports(folder, first_day(days), domain)))

    return Reports(dmarc=dmarc, failures=failures, tls=tls)
