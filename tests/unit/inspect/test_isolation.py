"""What an attacker who took over an inspector would try from inside: refused, or the end of that child only."""

import ast
import asyncio
import signal
import socket

import pytest

from skrytka.inspect.errors import PoisonedMessageError
from tests.support.inspectors import QUICK, Inspectors, inspectors, until

DENIED = b"PermissionError 1"
KILLED = -signal.SIGSYS


async def sibling_of(found: Inspectors) -> int:
    """The pid of a child that gets none of the next two jobs: it is used, and waits longest."""
    await until(lambda: len(found.pool._idle) == 2)
    await asyncio.gather(found.do("echo"), found.do("echo"))
    return found.pool._idle[0].pid


@pytest.mark.parametrize(
    ("job", "answer"),
    [
        ("open a file", DENIED),
        ("open /proc", DENIED),
        ("list a folder", DENIED),
        ("look at a file", DENIED),
        ("write to stderr", DENIED),
        ("write by libc", b"did it: -1"),
        ("late codec", b"LookupError "),
        ("late import", b"ModuleNotFoundError "),
        ("environment", b"did it: {}"),
    ],
)
async def test_it_is_refused_and_the_child_works_on(owner: socket.socket, job: str, answer: bytes) -> None:
    async with inspectors(owner) as found:
        assert await found.do(job) == answer
        assert await found.do("echo", b"still here") == b"still here"
        assert not found.watcher.deaths


@pytest.mark.parametrize(
    "job",
    ["a socket", "a unix socket", "send elsewhere", "fork", "64 threads", "exec", "executable memory"],
)
async def test_the_system_call_filter_kills_the_child_only(owner: socket.socket, job: str) -> None:
    async with inspectors(owner) as found:
        with pytest.raises(PoisonedMessageError):
            await found.do(job)
        assert await found.statuses(2) == [KILLED, KILLED]
        assert await found.do("echo", b"the next message") == b"the next message"


@pytest.mark.parametrize("job", ["signal a sibling", "ptrace a sibling", "read a sibling"])
async def test_a_sibling_is_out_of_reach(owner: socket.socket, job: str) -> None:
    async with inspectors(owner, 2) as found:
        sibling = await sibling_of(found)
        with pytest.raises(PoisonedMessageError):
            await found.do(job, b"%d" % sibling)
        killed = [pid for pid, status in found.watcher.exits.items() if status == KILLED]
        await until(lambda: len(found.watcher.exits) == 2)
        assert sibling not in killed
        assert sibling not in [pid for pid, status in found.watcher.exits.items() if status == -signal.SIGKILL]


async def test_allocating_4_gb_ends_the_job_and_its_child(owner: socket.socket) -> None:
    async with inspectors(owner) as found:
        with pytest.raises(PoisonedMessageError, match="MemoryError"):
            await found.do("allocate 4 GB")
        assert [death.how.split()[0] for death in found.watcher.deaths] == ["MemoryError", "MemoryError"]
        assert await found.do("echo", b"x") == b"x"


async def test_spinning_is_ended_by_the_processor_limit_when_nobody_watches(owner: socket.socket) -> None:
    """A front that is gone cannot kill what it started: the kernel does."""
    async with inspectors(owner) as found:  # the test zygote's limit is one second of processor time
        with pytest.raises(PoisonedMessageError):
            await found.do("spin")
        assert set(await found.statuses(2)) == {-signal.SIGKILL}


async def test_only_the_job_socket_and_the_null_device_are_open(owner: socket.socket) -> None:
    async with inspectors(owner) as found:
        answer = (await found.do("descriptors")).decode()
        descriptors = ast.literal_eval(answer.removeprefix("did it: "))
        assert descriptors[:3] == [0, 1, 2]
        assert len(descriptors) == 4


async def test_what_one_child_keeps_never_reaches_another(owner: socket.socket) -> None:
    """A child that was taken over can remember, as long as it lives: until its term is over, and nowhere else."""
    async with inspectors(owner, limits=QUICK) as found:
        assert [await found.do("keep", b"a"), await found.do("keep", b"b")] == [b"", b"a"]
        with pytest.raises(PoisonedMessageError):
            await found.do("segfault")
        assert await found.do("keep", b"c") == b""
    async with inspectors(owner) as other:
        assert await other.do("keep", b"d") == b""
