"""Inspectors that crash, hang or eat memory, and a zygote that is killed: what else is under way goes on."""

import asyncio
import signal
import time

import pytest

from skrytka.inspect.client import InspectorPool, PoolLimits
from skrytka.inspect.errors import PoisonedMessageError
from skrytka.inspect.link import ChildLink
from skrytka.inspect.memory import MessageMemory
from skrytka.inspect.spawn import start_zygote, zygote_command
from skrytka.store.system import SystemClock
from tests.support import hostile_inspector
from tests.support.inspectors import Inspectors, Watcher, ended, inspectors, until, zygote

MESSAGE = b"From: a@example.org\r\nSubject: x\r\n\r\nHello.\r\n"
LIMITS = PoolLimits(job_s=1.0, wait_s=20.0, tick_s=0.02)


async def ordinary_work(found: Inspectors, count: int) -> int:
    """So many messages, one after the other; all have to be answered."""
    for number in range(count):
        message = MESSAGE + b"%d" % number
        assert (await found.pool.structure(message)).parts[0].body_end == len(message)
    return count


async def poisoned(found: Inspectors, job: str) -> None:
    with pytest.raises(PoisonedMessageError):
        await found.do(job, MESSAGE)


@pytest.mark.parametrize(
    ("job", "seconds"),
    [("segfault", 5.0), ("spin", 10.0), ("allocate 4 GB", 5.0), ("fork", 5.0)],
    ids=["crash", "hang", "memory bomb", "forbidden call"],
)
async def test_bad_messages_are_set_apart_and_others_go_on(job: str, seconds: float) -> None:
    with zygote() as owner:
        async with inspectors(owner, 3, LIMITS) as found:
            began = time.monotonic()
            results = await asyncio.gather(
                *(poisoned(found, job) for _ in range(3)), ordinary_work(found, 200), ordinary_work(found, 200)
            )
            assert results[-2:] == [200, 200]
            assert time.monotonic() - began < seconds
            assert len(found.watcher.deaths) == 6
            assert sum(death.is_second for death in found.watcher.deaths) == 3
            await until(lambda: len(found.pool._idle) == 3)  # as many as before
            await ordinary_work(found, 10)


async def one_at_work(found: Inspectors) -> ChildLink:
    """A child that is past its first job: one of these would be a message's second try."""
    used: list[ChildLink] = []
    while not used:
        await asyncio.sleep(0)
        used = [link for link in found.pool._links.values() if link.jobs > 1]
    return used[0]


async def test_a_child_that_is_killed_at_its_work_costs_no_message() -> None:
    """As the kernel does when memory is short."""
    with zygote() as owner:
        async with inspectors(owner, 2, LIMITS) as found:
            await found.do("echo")

            async def kill_now_and_then() -> None:
                for _ in range(5):
                    link = await one_at_work(found)
                    signal.pidfd_send_signal(link._pidfd, signal.SIGKILL)
                    await until(lambda link=link: not link.is_open)  # type: ignore[misc]

            await asyncio.gather(kill_now_and_then(), ordinary_work(found, 100))
            assert len(found.watcher.deaths) == 5
            assert not any(death.is_second for death in found.watcher.deaths)


class Owner(Watcher):
    """Starts another zygote when one is lost, as the supervisor does."""

    def __init__(self) -> None:
        super().__init__()
        self.pool: InspectorPool | None = None
        self.processes = [start_zygote(hostile_inspector.command)]

    def zygote_lost(self) -> None:
        super().zygote_lost()
        self.processes.append(start_zygote(hostile_inspector.command))
        assert self.pool is not None
        self.pool.attach(self.processes[-1][1])


async def test_a_killed_zygote_is_replaced_and_its_children_finish_their_work() -> None:
    owner = Owner()
    pool = owner.pool = InspectorPool(2, SystemClock(), owner, LIMITS)
    pool.attach(owner.processes[0][1])
    found = Inspectors(pool, owner)
    try:
        await ordinary_work(found, 10)
        owner.processes[0][0].kill()
        await ordinary_work(found, 100)  # by the children that are there
        await until(lambda: owner.zygotes_lost == 1)
        await poisoned(found, "segfault")
        await poisoned(found, "segfault")
        await ordinary_work(found, 10)  # by children of the new one
        assert owner.zygotes_lost == 1
    finally:
        pool.close()
        for process, _sock in owner.processes:
            with ended(process):
                pass


NESTED = b"Content-Type: message/rfc822\r\n\r\n"
MIXED = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
SIZE = 50_000_000
HOSTILE = {
    "fields inside a part": lambda: NESTED + b"a:\r\n" * (SIZE // 4),
    "parameters": lambda: MIXED + b"--b\r\nContent-Type: text/plain" + b";\r\n x=y" * (SIZE // 8),
    "addresses": lambda: NESTED + b"To: " + b"a@b," * (SIZE // 4) + b"\r\n\r\n",
    "comments": lambda: NESTED + b"To: " + b"(" * SIZE + b"\r\n\r\n",
    "parts": lambda: MIXED + b"--b\r\n\r\n" * (SIZE // 7),
    "lines that could be delimiters": lambda: MIXED + b"--\r\n" * (SIZE // 4),
    "tags": lambda: b"Content-Type: text/html\r\n\r\n" + b"<p><b " * (SIZE // 6),
    "padded base64": lambda: b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QQ==\r\n" * (SIZE // 6),
    "combining marks": lambda: b"Content-Type: text/plain; charset=utf-8\r\n\r\na" + b"\xcc\x81\xcc\x96" * (SIZE // 4),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_the_largest_message_is_done_in_time_and_memory_whatever_it_is_made_of(name: str) -> None:
    with zygote(zygote_command) as owner, MessageMemory() as memory:
        memory.write(HOSTILE[name]())
        memory.seal()
        async with inspectors(owner, limits=PoolLimits(job_s=15.0, wait_s=20.0, tick_s=0.05)) as found:
            await found.pool.structure(memory)
            assert not found.watcher.deaths
