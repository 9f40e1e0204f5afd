"""What inspectors cost: processor time of the front and of a child for one message. ``python -m bench.inspectors``."""

import asyncio
import resource
import socket
import time
from collections.abc import Awaitable, Callable

import msgspec
import uvloop

from skrytka.inspect import check, jobs
from skrytka.inspect.client import Death, InspectorPool
from skrytka.inspect.memory import MessageMemory
from skrytka.inspect.spawn import start_zygote
from skrytka.inspect.wire import Ended, Fork, Forked, StructureAnswer
from skrytka.protocol.mime.scan import scan
from skrytka.store.system import SystemClock
from tests.support.processes import memory_kb

ROUNDS = 3
MESSAGES = 2_000
AT_ONCE = 8
HEADER = (
    b"".join(
        b"Received: from a%d.example.org (a.example.org [192.0.2.1])\r\n\tby mx.example.net with ESMTPS id 12%d;\r\n"
        b"\tSun, 22 Nov 2026 10:00:0%d +0000\r\n" % (hop, hop, hop)
        for hop in range(4)
    )
    + b"From: =?utf-8?q?Pawe=C5=82?= <p@example.org>\r\nTo: Anna <a@example.net>\r\n"
    b"Subject: =?iso-8859-2?q?za=BF=F3=B3=E6?=\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@x>\r\n"
    b"MIME-Version: 1.0\r\n"
)
PANGRAM = "Zażółć gęślą jaźń, i pchnij w tę łódź jeża lub osiem skrzyń fig.\r\n"
ENGLISH = "The quick brown fox jumps over the lazy dog and runs away again.\r\n"
CELL = "<tr><td style='a:b' class=\"x y\"><a href='http://x.example/z?q=1'>Hello &oacute; world&nbsp;</a></td></tr>\r\n"
LEAF = b"\r\n--b1\r\nContent-Type: text/plain\r\n\r\nx"


def plain(line: str) -> bytes:
    return HEADER + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + (line * 62).encode()


def html() -> bytes:
    text = "<html><head><style>" + "p{color:red} " * 60 + "</style></head><body><table>" + CELL * 80 + "</table></body>"
    return (
        HEADER
        + b"Content-Type: multipart/alternative; boundary=b1\r\n\r\n--b1\r\n"
        + b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
        + (PANGRAM * 20).encode()
        + b"\r\n--b1\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        + text.encode()
        + b"\r\n--b1--\r\n"
    )


def attachment(size: int) -> bytes:
    body = (b"A" * 76 + b"\r\n") * (size // 78)
    return (
        HEADER
        + b"Content-Type: multipart/mixed; boundary=b1\r\n\r\n--b1\r\nContent-Type: text/plain\r\n\r\nsee below\r\n"
        + b"--b1\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n"
        + b"Content-Disposition: attachment; filename=a.pdf\r\n\r\n"
        + body
        + b"--b1--\r\n"
    )


def many_parts() -> bytes:
    return HEADER + b"Content-Type: multipart/mixed; boundary=b1\r\n" + LEAF * 1_990 + b"\r\n--b1--\r\n"


class Nobody:
    def inspector_died(self, death: Death) -> None:
        raise AssertionError(death)

    def inspector_exited(self, pid: int, status: int) -> None: ...

    def zygote_lost(self) -> None: ...


def cpu_us(work: Callable[[], object], times: int) -> float:
    work()
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(times):
            work()
        best = min(best, time.process_time() - began)
    return best / times * 1e6


def show(what: str, value: float) -> None:
    print(f"{what:<58} {value:>10,.0f} µs", flush=True)


async def front_us(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Processor time of this process and wall time, a message."""

    async def some() -> None:
        for _ in range(MESSAGES // AT_ONCE):
            await work()

    best, best_wall = float("inf"), float("inf")
    for _ in range(ROUNDS):
        began, wall = time.process_time(), time.perf_counter()
        await asyncio.gather(*(some() for _ in range(AT_ONCE)))
        best = min(best, time.process_time() - began)
        best_wall = min(best_wall, time.perf_counter() - wall)
    return best / MESSAGES * 1e6, best_wall / MESSAGES * 1e6


async def through_the_pool() -> None:
    process, sock = start_zygote()
    pool = InspectorPool(2, SystemClock(), Nobody())
    pool.attach(sock)
    for what, message in (("plain 5 KB", plain(ENGLISH)), ("HTML 12 KB", html())):
        payload = jobs.structure(message)
        checked = cpu_us(lambda m=message, p=payload: check.structure_of(p, len(m)), 300)  # type: ignore[misc]
        raw, _ = await front_us(lambda m=message: pool.run("structure", m, bytes))  # type: ignore[misc]
        whole, wall = await front_us(lambda m=message: pool.structure(m))  # type: ignore[misc]
        show(f"front, {what}: to the child and back", raw)
        show(f"front, {what}: decode, check, write IMAP texts", checked)
        show(f"front, {what}: all of it", whole)
        show(f"  wall time with 2 children and {AT_ONCE} at once", wall)
    big = attachment(10_000_000)
    with MessageMemory() as memory:
        memory.write(big)
        memory.seal()
        began = time.perf_counter()
        await pool.structure(memory)
        show("10 MB in a memory file, wall time", (time.perf_counter() - began) * 1e6)
    pool.close()
    process.wait()


def fork_one(sock: socket.socket, number: int) -> None:
    """Its descriptors stay open until this process ends."""
    sock.send(msgspec.msgpack.encode(Fork(number)))
    while isinstance(msgspec.msgpack.decode(socket.recv_fds(sock, 4096, 2)[0], type=Forked | Ended), Ended):
        pass


def forks() -> None:
    began = time.perf_counter()
    process, sock = start_zygote()
    fork_one(sock, 1)
    show("zygote from exec to its first child, wall time", (time.perf_counter() - began) * 1e6)
    best = float("inf")
    for number in range(2, 12):
        began = time.perf_counter()
        fork_one(sock, number)
        best = min(best, time.perf_counter() - began)
    show("a further child, wall time", best * 1e6)
    print(", ".join(f"{name} {memory_kb(process.pid, name)} kB" for name in ("Rss", "Pss")))
    sock.close()
    process.wait()


def main() -> None:
    for what, message, times in (
        ("plain 5 KB, English", plain(ENGLISH), 300),
        ("plain 5 KB, Polish", plain(PANGRAM), 300),
        ("HTML 12 KB with a plain alternative", html(), 100),
        ("attachment of 100 KB", attachment(100_000), 100),
        ("attachment of 10 MB", attachment(10_000_000), 2),
        ("1,990 parts", many_parts(), 2),
    ):
        show(f"child, {what}", cpu_us(lambda m=message: jobs.structure(m), times))  # type: ignore[misc]
    message = many_parts()
    payload = jobs.structure(message)
    show("front, 1,990 parts: decode, check, write", cpu_us(lambda: check.structure_of(payload, len(message)), 2))
    message = plain(ENGLISH)
    show("  of plain 5 KB: scan", cpu_us(lambda: scan(message), 300))
    answer = jobs.structure(message)
    show(
        "  of plain 5 KB: decode the answer", cpu_us(lambda: msgspec.msgpack.decode(answer, type=StructureAnswer), 300)
    )
    forks()
    uvloop.run(through_the_pool())
    print(f"front, largest resident size: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
