"""inspect/client.py: the pool with real children."""

import asyncio
import contextlib
import os
import select
import signal
import socket
from pathlib import Path

import msgspec
import pytest

from skrytka.inspect import wire
from skrytka.inspect.client import InspectorPool, PoolLimits
from skrytka.inspect.errors import HostileAnswerError, PoisonedMessageError
from skrytka.inspect.memory import MessageMemory
from skrytka.model.clock import FixedClock
from skrytka.model.errors import Reason, TransientError
from skrytka.protocol.mime import imap_text
from skrytka.protocol.mime.sections import sections
from tests.support.inspectors import QUICK, Watcher, inspectors, until
from tests.support.mime import envelope_of, read

MESSAGE = b"From: a@example.org\r\nSubject: =?utf-8?q?=C5=BC=C3=B3=C5=82w?=\r\n\r\nHello, world.\r\n"


async def test_a_message_has_a_structure(owner: socket.socket) -> None:
    async with inspectors(owner) as found:
        structure = await found.pool.structure(MESSAGE)
        assert structure.subject == "żółw"
        assert structure.preview == "Hello, world."
        assert structure.header_text.splitlines()[1] == b"subject: zolw"
        assert structure.bodystructure.startswith(b'("text" "plain"')


async def test_a_large_message_comes_as_memory(owner: socket.socket) -> None:
    message = MESSAGE + b"x" * 400_000
    async with inspectors(owner) as found:
        with pytest.raises(ValueError, match="MessageMemory"):
            await found.pool.structure(message)
        with MessageMemory() as memory:
            memory.write(message)
            structure = await found.pool.structure(memory.seal())
        assert structure.parts[0].body_end == len(message)


async def test_jobs_beyond_the_children_wait_their_turn(owner: socket.socket) -> None:
    async with inspectors(owner, 2) as found:
        answers = await asyncio.gather(*(found.do("echo", b"%d" % number) for number in range(50)))
        assert answers == [b"%d" % number for number in range(50)]
        assert len(found.pool._links) == 2


async def test_a_job_whose_child_dies_runs_again_in_a_fresh_one(owner: socket.socket) -> None:
    limits = PoolLimits(job_s=0.3, wait_s=10.0, tick_s=0.02)
    async with inspectors(owner, limits=limits) as found:
        await found.do("keep", b"x")  # from now on this child hangs over that job
        assert await found.do("hang once", b"message") == b"message"
        (death,) = found.watcher.deaths
        assert (death.kind, death.size_bytes, death.is_second) == ("hang once", 7, False)
        assert death.how == "no answer in time"


async def test_a_message_that_ends_two_children_is_poisoned(owner: socket.socket) -> None:
    async with inspectors(owner) as found:
        with pytest.raises(PoisonedMessageError) as caught:
            await found.do("segfault", b"message")
        assert caught.value.reason is Reason.POISONED
        assert [death.is_second for death in found.watcher.deaths] == [False, True]


async def test_a_message_is_not_blamed_for_children_that_were_dead_before_it_came(owner: socket.socket) -> None:
    async with inspectors(owner, 3) as found:
        await until(lambda: len(found.pool._idle) == 3)
        for link in found.pool._idle:  # all at once, as the kernel does when a group of processes has to go
            os.kill(link.pid, signal.SIGKILL)
            assert select.select([link._pidfd], [], [], 10.0)[0]
        assert await found.do("echo", b"innocent") == b"innocent"
        assert [death.kind for death in found.watcher.deaths] == [""] * 3


async def test_a_message_is_not_blamed_for_children_that_all_hang(owner: socket.socket) -> None:
    limits = PoolLimits(job_s=0.3, wait_s=10.0, tick_s=0.02)
    async with inspectors(owner, 2, limits=limits) as found:
        await until(lambda: len(found.pool._idle) == 2)
        pids = [link.pid for link in found.pool._links.values()]
        for pid in pids:  # no message has come to them yet
            os.kill(pid, signal.SIGSTOP)
        assert await found.do("echo", b"message") == b"message"
        assert len(found.watcher.deaths) == 1


async def test_what_a_child_says_of_its_failure_is_our_words_only(owner: socket.socket) -> None:
    async with inspectors(owner) as found:
        with pytest.raises(PoisonedMessageError) as caught:
            await found.do("raise", b"secret \n text")
        assert "ValueError" in caught.value.detail
        assert "secret" not in caught.value.detail


async def test_an_answer_that_fails_its_check_is_a_death(owner: socket.socket) -> None:
    def check(payload: bytes) -> None:
        raise HostileAnswerError("nonsense")

    async with inspectors(owner) as found:
        with pytest.raises(PoisonedMessageError, match="nonsense"):
            await found.pool.run("echo", b"x", check)
        assert await found.statuses(2) == [-9, -9]


async def test_an_answer_that_is_too_large_is_a_death(owner: socket.socket) -> None:
    async with inspectors(owner) as found:
        with pytest.raises(PoisonedMessageError, match="frame of"):
            await found.do("large", b"%d" % wire.ANSWER_MAX_BYTES)
        assert len(await found.do("large", b"1000000")) == 1_000_000


async def test_a_childs_term_ends_after_so_many_messages(owner: socket.socket) -> None:
    limits = PoolLimits(messages=3, tick_s=0.02)
    async with inspectors(owner, limits=limits) as found:
        kept = [await found.do("keep", b"%d" % number) for number in range(7)]
        assert kept == [b"", b"0", b"0,1", b"", b"3", b"3,4", b""]
        assert not found.watcher.deaths


async def test_a_child_ends_its_term_by_itself_too(owner: socket.socket) -> None:
    limits = PoolLimits(messages=10**9, tick_s=0.02)
    async with inspectors(owner, limits=limits) as found:
        for _ in range(wire.CHILD_MESSAGES_MAX):
            await found.do("echo", b"x")
        assert await found.do("echo", b"y") == b"y"
        assert len(await found.statuses(1)) == 1
        assert not found.watcher.deaths


async def test_a_childs_term_ends_with_its_time(owner: socket.socket) -> None:
    limits = PoolLimits(life_s=0.05, tick_s=0.02)
    async with inspectors(owner, limits=limits) as found:
        await found.do("keep", b"x")
        await until(lambda: len(found.watcher.exits) >= 1)
        assert await found.do("keep", b"y") == b""
        assert not found.watcher.deaths


async def test_without_a_zygote_jobs_wait_and_then_fail_for_now() -> None:
    clock = FixedClock()
    pool = InspectorPool(1, clock, Watcher(), PoolLimits(wait_s=30.0, tick_s=0.01))
    waiting = asyncio.gather(pool.structure(MESSAGE), return_exceptions=True)
    await asyncio.sleep(0)
    clock.advance(31)
    (error,) = await waiting
    assert isinstance(error, TransientError)
    assert error.reason is Reason.INSPECTOR_DOWN
    pool.close()


async def test_only_so_many_may_wait() -> None:
    pool = InspectorPool(1, FixedClock(), Watcher(), PoolLimits(waiting=2))
    waiting = asyncio.gather(pool.structure(MESSAGE), pool.structure(MESSAGE), return_exceptions=True)
    await asyncio.sleep(0)
    with pytest.raises(TransientError, match="too many"):
        await pool.structure(MESSAGE)
    pool.close()
    assert [str(error) for error in await waiting] == ["shutting_down: inspectors"] * 2
    with pytest.raises(TransientError, match="shutting_down"):
        await pool.structure(MESSAGE)


async def test_who_stops_waiting_costs_nobody_else(owner: socket.socket) -> None:
    async with inspectors(owner) as found:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.001):
                await asyncio.gather(*(found.do("echo", b"gone") for _ in range(20)))
        assert await found.do("echo", b"here") == b"here"
        assert not found.watcher.deaths


async def test_a_zygote_that_is_lost_is_reported_and_another_taken(owner: socket.socket) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    async with inspectors(owner) as found:
        await found.do("echo")
        found.pool.attach(ours)
        theirs.close()
        await until(lambda: found.watcher.zygotes_lost == 1)
        assert await found.do("echo", b"the children live on") == b"the children live on"


async def test_a_zygote_that_cannot_fork_is_asked_again_later(owner: socket.socket) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pool = InspectorPool(1, FixedClock(), Watcher(), QUICK)
    pool.attach(ours)
    loop = asyncio.get_running_loop()
    theirs.setblocking(False)
    for number in (1, 2):
        assert msgspec.msgpack.decode(await loop.sock_recv(theirs, 100)) == ["Fork", number]
        theirs.send(msgspec.msgpack.encode(["NotForked", number]))
    pool.close()
    theirs.close()


@pytest.mark.needs_vectors("mime")
async def test_real_and_odd_mail_needs_nothing_that_the_sandbox_refuses(owner: socket.socket, vectors: Path) -> None:
    """Late imports, files, calls: whatever a handler might still want would end a child here."""
    messages = [path.read_bytes() for path in sorted((vectors / "mime").rglob("*.eml"))]
    assert len(messages) > 50
    async with inspectors(owner, 2) as found:
        for message in messages:
            structure = await found.pool.structure(message)
            root = read(message)
            assert structure.parts == tuple(sections(root))
            assert structure.bodystructure == imap_text.bodies(root).bodystructure
            assert structure.envelope == envelope_of(message)
        assert not found.watcher.deaths


async def test_charsets_are_all_there_inside_the_sandbox(owner: socket.socket) -> None:
    text = "zażółć"
    async with inspectors(owner) as found:
        for charset in ("utf-8", "iso-8859-2", "windows-1250", "cp852", "utf-16", "utf-7", "mac-latin2", "utf-32"):
            message = b"Content-Type: text/plain; charset=" + charset.encode() + b"\r\n\r\n" + text.encode(charset)
            assert (await found.pool.structure(message)).preview == text, charset
        for charset in ("iso-2022-jp", "gb18030", "euc-kr", "shift_jis", "big5", "koi8-r", "x-nobody-knows"):
            await found.pool.structure(b"Content-Type: text/plain; charset=" + charset.encode() + b"\r\n\r\n\x1b$B\xff")
        assert not found.watcher.deaths
