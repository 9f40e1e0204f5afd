"""TLS reports that a domain wants by HTTPS (RFC 8460 5.4): posted, and posted again for a day when that fails.

What waits is in memory. A domain of whose report nothing was taken yet is not told of in the log, so after a restart
its day is told again, with the same Report-ID.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from skrytka.model.clock import Clock
from skrytka.model.errors import PermanentError, TransientError
from skrytka.model.events import DailyReportSent, Emitter
from skrytka.net.https import Https, Url

ASK_S: Final = 60.0  # all of one request
ANSWER_MAX: Final = 64 * 1024  # octets of an answer; nobody reads it
SIZE_MAX_BYTES: Final = 5_000_000  # of a packed report
WAITING_MAX: Final = 500
TOGETHER: Final = 5
FIRST_RETRY_S: Final = 600
RETRY_MAX_S: Final = 4 * 3600
GIVE_UP_S: Final = 24 * 3600  # RFC 8460 5.5
_FIELDS: Final = (("Content-Type", "application/tlsrpt+gzip"), ("User-Agent", "Skrytka"))
_PASSING: Final = frozenset({408, 425, 429})  # RFC 9110 15.5, RFC 6585 4: worth another try, as all of 5xx


class Posting(msgspec.Struct, frozen=True):
    """One report."""

    domain: str
    day: str
    report_id: str
    octets: bytes  # JSON, packed


class _Waiting(msgspec.Struct):
    posting: Posting
    url: Url
    since_s: float
    due_s: float
    tries: int = 0


class ReportPosts:
    """One per node; ``https`` is asked for anew whenever something is due."""

    def __init__(self, https: Callable[[], Https], events: Emitter, clock: Clock) -> None:
        self._https = https
        self._events = events
        self._clock = clock
        self._waiting: list[_Waiting] = []

    def add(self, posting: Posting, urls: Sequence[str]) -> None:
        """Due at once. What cannot be posted is told, and that is the end of it."""
        now_s = self._clock.monotonic_s()
        for text in urls:
            try:
                url = Url.parse(text)
            except PermanentError as exc:
                self._tell(posting, text[:100], detail=exc.detail)
                continue
            if len(posting.octets) > SIZE_MAX_BYTES:
                self._tell(posting, str(url), detail="too large")
            elif len(self._waiting) >= WAITING_MAX:
                self._tell(posting, str(url), detail="too many reports wait")
            else:
                self._waiting.append(_Waiting(posting, url, now_s, now_s))

    async def run(self) -> int:
        """Post what is due; how many were taken."""
        now_s = self._clock.monotonic_s()
        due = [each for each in self._waiting if each.due_s <= now_s]
        if not due:
            return 0
        https, gate, taken = self._https(), asyncio.Semaphore(TOGETHER), 0
        async with asyncio.TaskGroup() as tasks:
            tried = [tasks.create_task(self._try(https, each, gate)) for each in due]
        for each, task in zip(due, tried, strict=True):
            is_over, is_taken = task.result()
            taken += is_taken
            if is_over:
                self._waiting.remove(each)
        return taken

    async def _try(self, https: Https, waiting: _Waiting, gate: asyncio.Semaphore) -> tuple[bool, bool]:
        """Whether it is over, and whether it was taken. Never raises for what the other side does."""
        async with gate:
            status, said = await self._post(https, waiting)
        url = str(waiting.url)
        if 200 <= status < 300:
            self._tell(waiting.posting, url, is_taken=True)
            return True, True
        waiting.tries += 1
        is_passing = not status or status >= 500 or status in _PASSING
        pause_s = min(FIRST_RETRY_S * 2 ** (waiting.tries - 1), RETRY_MAX_S)
        waiting.due_s = self._clock.monotonic_s() + pause_s
        if is_passing and waiting.due_s - waiting.since_s <= GIVE_UP_S:
            return False, False
        self._tell(waiting.posting, url, detail=said)
        return True, False

    async def _post(self, https: Https, waiting: _Waiting) -> tuple[int, str]:
        """The status, 0 without one, and what happened. No redirect is followed: it is a stranger's word where to."""
        try:
            async with asyncio.timeout(ASK_S):
                answer = await https.ask(
                    waiting.url,
                    method="POST",
                    fields=_FIELDS,
                    body=waiting.posting.octets,
                    seconds=ASK_S,
                    body_max=ANSWER_MAX,
                )
        except (TransientError, PermanentError) as exc:
            return 0, exc.detail or exc.reason.value
        except TimeoutError:
            return 0, f"no answer within {ASK_S:.0f} s"
        return answer.status, f"it answers {answer.status}"

    def _tell(self, posting: Posting, url: str, *, is_taken: bool = False, detail: str = "") -> None:
        self._events.emit(
            DailyReportSent(
                report="tls",
                domain=posting.domain,
                day=posting.day,
                report_id=posting.report_id,
                recipients=(url,) if is_taken else (),
                size_bytes=len(posting.octets),
                detail="" if is_taken else f"{url}: {detail}"[:300],
            )
        )
