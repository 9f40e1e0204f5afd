"""Inspectors that die of what a reader asks for: he hears NO, once, and all else is served."""

import time

import pytest

from skrytka.inspect.client import PoolLimits
from skrytka.inspect.spawn import zygote_command
from tests.support.imap import World
from tests.support.inspectors import inspectors, zygote

LIMITS = PoolLimits(job_s=1.0, wait_s=20.0, tick_s=0.02)
HEAD = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"


@pytest.mark.parametrize("job", ["segfault", "spin", "allocate 4 GB"])
@pytest.mark.parametrize("size", [10, 1_000_000], ids=["small", "large"])
async def test_a_part_that_ends_its_inspectors_is_refused_and_the_others_are_sent(job: str, size: int) -> None:
    world = World()
    for text in (b"one", job.encode() + b"\r\n" + b"x" * size, b"three"):
        world.inbox.deliver(HEAD + text)
    with zygote() as owner:
        async with inspectors(owner, 2, LIMITS) as found:
            world.deps = world.with_inspector(found.pool)
            began = time.monotonic()
            conn = await world.selected(b"1 FETCH 1:* (UID BINARY.PEEK[1])\r\n2 FETCH 3 BINARY.SIZE[1]\r\n")
            assert time.monotonic() - began < 15.0
            deaths = found.watcher.deaths
    assert conn.said[0] == (
        b"* 1 FETCH (UID 1 BINARY[1] {3}\r\none)\r\n* 2 FETCH (UID 2)\r\n"
        b"* 3 FETCH (UID 3 BINARY[1] {5}\r\nthree)\r\n1 NO [UNKNOWN-CTE] a part cannot be decoded\r\n"
        b"* 3 FETCH (BINARY.SIZE[1] 5)\r\n2 OK done\r\n"
    )
    assert {death.kind for death in deaths} == {"undo"}
    assert sum(death.is_second for death in deaths) == (2 if size == 10 else 1)  # with others, then by itself


PIECE = 10_000_000
BOMBS = {
    "padded base64": (b"base64", b"QQ==" * (PIECE // 4)),
    "nothing but padding": (b"base64", b"=" * PIECE),
    "one line": (b"quoted-printable", b"=C5" * (PIECE // 3)),
    "a soft break that never ends": (b"quoted-printable", b"=\r" + b"x" * PIECE),
    "nothing but escapes": (b"quoted-printable", b"=" * PIECE),
}


@pytest.mark.parametrize("name", BOMBS)
async def test_whatever_a_part_is_made_of_it_is_decoded_in_time(name: str) -> None:
    encoding, body = BOMBS[name]
    world = World()
    world.inbox.deliver(b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + body)
    with zygote(zygote_command) as owner:
        async with inspectors(owner, 2, LIMITS) as found:
            world.deps = world.with_inspector(found.pool)
            conn = await world.selected(b"1 FETCH 1 BINARY.SIZE[1]\r\n")
            assert not found.watcher.deaths
    assert conn.said[0].endswith(b"1 OK done\r\n")
