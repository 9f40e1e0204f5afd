"""The pool of inspectors of one front.

Jobs wait for an idle child, first come first served. A child that dies, hangs past the job's deadline, or answers
nonsense takes its job along: the job runs once more, at once, in a child that is forked for it; when that one goes too,
the message is poisoned. Losing the zygote ends no child; jobs wait until another is attached.
"""

import asyncio
import os
import socket
from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec

from skrytka.inspect import wire
from skrytka.inspect.errors import HostileAnswerError, PoisonedMessageError
from skrytka.inspect.inspector import Inspector, ResultT
from skrytka.inspect.link import ChildLink
from skrytka.inspect.memory import MessageMemory
from skrytka.inspect.wire import Ended, Fork, Forked, FromZygote, NotForked
from skrytka.model.clock import Clock
from skrytka.model.errors import Reason, TransientError

_PACKET_MAX_BYTES = 4 * 1024
_BACKOFF_FIRST_S = 0.05
_BACKOFF_MAX_S = 5.0
LATE = "no answer in time"
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[FromZygote] = msgspec.msgpack.Decoder(FromZygote)


class PoolLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of waiting. Two deadlines and the wait fit into the 60 s from the final dot (design section 5)."""

    job_s: float = 20.0
    job_s_per_megabyte: float = 0.1
    wait_s: float = 30.0  # for a child
    waiting: int = 1_000
    messages: int = wire.CHILD_MESSAGES_MAX
    life_s: float = wire.CHILD_LIFE_S
    tick_s: float = 0.25  # how late a deadline may be noticed


class Death(msgspec.Struct, frozen=True, kw_only=True):
    """A child ended that should not have; ``how`` says it in our words, never in the child's alone."""

    pid: int
    how: str
    kind: str  # the job's, "" when it had none
    size_bytes: int  # of its message
    is_second: bool


class Observer(Protocol):
    """Who is told; calls return at once."""

    def inspector_died(self, death: Death) -> None: ...

    def inspector_exited(self, pid: int, status: int) -> None:
        """Every child, as ``os.waitstatus_to_exitcode`` has it: -31 is the system call filter, -9 our own doing."""
        ...

    def zygote_lost(self) -> None:
        """Start another and ``attach`` it."""
        ...


class _Job:
    """One message for one handler; ``settle`` checks a payload and finishes the future."""

    def __init__(self, kind: str, message: bytes | MessageMemory, settle: Callable[[bytes], None]) -> None:
        self.kind = kind
        self.message = message
        self.size = len(message) if isinstance(message, bytes) else message.size
        self.settle = settle
        self.deadline_s = 0.0  # of the wait, then of the work
        self.deaths = 0
        self.after = 0  # tried again in a child that was forked behind that number
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class InspectorPool(Inspector):
    """Keeps ``size`` children; all methods are called on the loop it was made on."""

    def __init__(self, size: int, clock: Clock, observer: Observer, limits: PoolLimits | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._size = size
        self._clock = clock
        self._observer = observer
        self._limits = limits or PoolLimits()
        self._zygote: socket.socket | None = None
        self._links: dict[int, ChildLink] = {}
        self._idle: deque[ChildLink] = deque()
        self._busy: dict[int, _Job] = {}
        self._waiting: deque[_Job] = deque()
        self._again: deque[_Job] = deque()  # for a fresh child only
        self._pids: dict[int, int] = {}  # number -> pid, until reaped
        self._forking: set[int] = set()
        self._last_number = 0
        self._backoff_s = 0.0
        self._ticker: asyncio.TimerHandle | None = None
        self._is_closed = False
        self._filled = asyncio.Event()

    # -- for the front ------------------------------------------------------------------------------------------

    def attach(self, zygote: socket.socket) -> None:
        """Children come from this zygote from now on; the pool closes the socket."""
        self._detach()
        zygote.setblocking(False)  # noqa: FBT003 - the stdlib names it so
        self._zygote = zygote
        self._backoff_s = 0.0
        self._loop.add_reader(zygote.fileno(), self._hear_zygote)
        self._fill()

    async def run(self, kind: str, message: bytes | MessageMemory, check: Callable[[bytes], ResultT]) -> ResultT:
        """As ``Inspector.run``; ValueError for more than 256 KiB that is no MessageMemory."""
        results: list[ResultT] = []
        job = _Job(kind, message, lambda payload: results.append(check(payload)))
        if self._is_closed:
            raise TransientError(Reason.SHUTTING_DOWN, "inspectors")
        if len(self._waiting) >= self._limits.waiting:
            raise TransientError(Reason.INSPECTOR_DOWN, "too many messages wait")
        if isinstance(message, bytes) and len(message) > wire.INLINE_MAX_BYTES:
            raise ValueError("a message of this size comes as MessageMemory")
        job.deadline_s = self._clock.monotonic_s() + self._limits.wait_s
        self._waiting.append(job)
        self._pump()
        await job.future
        return results[0]

    async def filled(self, within_s: float) -> bool:
        """Wait until all children are there for the first time; False when that takes longer."""
        try:
            async with asyncio.timeout(within_s):
                await self._filled.wait()
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """End all children; what waits fails with TransientError(SHUTTING_DOWN)."""
        self._is_closed = True
        self._detach()
        if self._ticker is not None:
            self._ticker.cancel()
        for link in list(self._links.values()):
            link.kill()
        for job in (*self._waiting, *self._again, *self._busy.values()):
            job.fail(TransientError(Reason.SHUTTING_DOWN, "inspectors"))
        for jobs in (self._links, self._idle, self._busy, self._waiting, self._again):
            jobs.clear()

    # -- children ---------------------------------------------------------------------------------------------

    def answered(self, link: ChildLink, status: bytes, payload: bytes) -> None:
        """LinkOwner."""
        job = self._busy.pop(link.number, None)
        if job is None:
            self._reject(link, None, "answered without a question")
            return
        if status not in {wire.OK, wire.OK_AND_LAST}:
            self._reject(link, job, _words(payload))
            return
        try:
            job.settle(payload)
        except HostileAnswerError as exc:
            self._reject(link, job, str(exc))
            return
        self._backoff_s = 0.0
        if not job.future.done():
            job.future.set_result(None)
        if status == wire.OK_AND_LAST or link.jobs >= self._limits.messages:
            self._retire(link)
        else:
            self._idle.append(link)
        self._pump()

    def lost(self, link: ChildLink, why: str) -> None:
        """LinkOwner."""
        self._forget(link)
        self._died(link, self._busy.pop(link.number, None), why or "ended")

    def _reject(self, link: ChildLink, job: _Job | None, why: str) -> None:
        link.kill()
        self._forget(link)
        self._died(link, job, why)

    def _died(self, link: ChildLink, job: _Job | None, how: str) -> None:
        if job is not None:
            job.deaths += 1
        is_second = job is not None and job.deaths > 1
        self._observer.inspector_died(
            Death(
                pid=link.pid,
                how=how,
                kind=job.kind if job else "",
                size_bytes=job.size if job else 0,
                is_second=is_second,
            )
        )
        if not link.jobs:  # it did not come as far as to take a job: more of them would not either
            self._backoff_s = min(max(2 * self._backoff_s, _BACKOFF_FIRST_S), _BACKOFF_MAX_S)
        if job is not None and is_second:
            job.fail(PoisonedMessageError(f"{job.kind}, {job.size} octets: {how}"))
        elif job is not None:
            job.deadline_s = self._clock.monotonic_s() + self._limits.wait_s
            job.after = self._last_number
            self._again.append(job)
        self._refill()
        self._pump()

    def _retire(self, link: ChildLink) -> None:
        """Its term is over; it ends when its socket closes, and is killed so that it cannot choose not to."""
        link.kill()
        self._forget(link)
        self._refill()

    def _forget(self, link: ChildLink) -> None:
        self._links.pop(link.number, None)
        if link in self._idle:
            self._idle.remove(link)

    def _expire(self, link: ChildLink) -> None:
        if link in self._idle:
            self._retire(link)
        elif link.is_open:
            link.jobs = self._limits.messages  # its present job is its last

    # -- jobs -------------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Hand jobs to idle children, those that are tried again first."""
        if self._idle:
            self._hand_over(self._again, is_fresh=True)
            self._hand_over(self._waiting, is_fresh=False)
        if self._ticker is None and (self._busy or self._waiting or self._again):
            self._ticker = self._loop.call_later(self._limits.tick_s, self._tick)

    def _hand_over(self, jobs: deque[_Job], *, is_fresh: bool) -> None:
        while jobs and self._idle:
            link = self._take_fresh(jobs[0].after) if is_fresh else self._idle.pop()
            if link is None:
                return
            job = jobs.popleft()
            if job.future.done():  # who asked is gone
                self._idle.append(link)
                continue
            if not link.send(job.kind, job.message):
                jobs.appendleft(job)
                continue
            self._busy[link.number] = job
            allowed_s = self._limits.job_s + self._limits.job_s_per_megabyte * job.size / 1_000_000
            job.deadline_s = self._clock.monotonic_s() + allowed_s

    def _take_fresh(self, after: int) -> ChildLink | None:
        """One that was not there at the first death: whatever stopped or damaged them all, it is not blamed on mail."""
        for link in self._idle:
            if not link.jobs and link.number > after:
                self._idle.remove(link)
                return link
        return None

    def _tick(self) -> None:
        """The one timer: ends what is late."""
        self._ticker = None
        now_s = self._clock.monotonic_s()
        for number, job in list(self._busy.items()):
            if now_s >= job.deadline_s and number in self._busy:
                self._reject(self._links[number], self._busy.pop(number), LATE)
        for jobs in (self._waiting, self._again):
            for job in [job for job in jobs if now_s >= job.deadline_s or job.future.done()]:
                jobs.remove(job)
                job.fail(TransientError(Reason.INSPECTOR_DOWN, "no inspector in time"))
        self._pump()

    # -- the zygote -------------------------------------------------------------------------------------------

    def _refill(self) -> None:
        if self._backoff_s:
            self._loop.call_later(self._backoff_s, self._fill)
        else:
            self._fill()

    def _fill(self) -> None:
        """Ask for as many children as are missing."""
        while self._zygote is not None and len(self._links) + len(self._forking) < self._size:
            self._last_number += 1
            try:
                self._zygote.send(_encoder.encode(Fork(self._last_number)))
            except BlockingIOError:
                self._loop.call_later(_BACKOFF_FIRST_S, self._fill)
                return
            except OSError:
                self._lose_zygote()
                return
            self._forking.add(self._last_number)

    def _hear_zygote(self) -> None:
        zygote = self._zygote
        while zygote is not None and zygote is self._zygote:
            try:
                raw, fds, _flags, _address = socket.recv_fds(zygote, _PACKET_MAX_BYTES, 2)
            except BlockingIOError:
                return
            except OSError:
                raw, fds = b"", []
            if not raw:
                self._lose_zygote()
                return
            self._heard(_decoder.decode(raw), fds)

    def _heard(self, message: FromZygote, fds: list[int]) -> None:
        match message:
            case Forked(number, pid) if len(fds) == 2:
                self._born(number, pid, fds)
                return
            case Ended(number, status):
                self._observer.inspector_exited(self._pids.pop(number, 0), status)
            case NotForked(number) | Forked(number, _):
                self._forking.discard(number)
                self._backoff_s = min(max(2 * self._backoff_s, _BACKOFF_FIRST_S), _BACKOFF_MAX_S)
                self._refill()
            case _:
                pass  # a Pong is the owner's to hear
        for fd in fds:
            os.close(fd)

    def _born(self, number: int, pid: int, fds: list[int]) -> None:
        self._forking.discard(number)
        self._pids[number] = pid
        for fd in fds:
            os.set_inheritable(fd, False)  # noqa: FBT003 - the stdlib names it so
        link = ChildLink(socket.socket(fileno=fds[0]), fds[1], number, pid, self)
        self._links[number] = link
        self._idle.appendleft(link)
        if len(self._links) >= self._size:
            self._filled.set()
        self._loop.call_later(self._limits.life_s, self._expire, link)
        self._pump()

    def _lose_zygote(self) -> None:
        self._detach()
        self._observer.zygote_lost()

    def _detach(self) -> None:
        if self._zygote is not None:
            self._loop.remove_reader(self._zygote.fileno())
            self._zygote.close()
            self._zygote = None
        self._forking.clear()
        self._pids.clear()


def _words(payload: bytes) -> str:
    """What a child says of its own failure, kept to letters that harm no log."""
    text = payload[: wire.DETAIL_MAX].decode("ascii", "replace")
    return "".join(char if char.isprintable() and char.isascii() else "?" for char in text)
