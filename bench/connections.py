"""What a connection costs, idle and busy: ``python -m bench.connections`` (docs/performance.md).

A child process serves lines over TLS; this one is the client, with the same TLS code. Memory is the child's private
anonymous pages per connection, with 1,000 connections open.
"""

import asyncio
import gc
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from skrytka.model.clock import FixedClock
from skrytka.model.events import Event
from skrytka.model.limits import ConnectionLimits
from skrytka.net.connection import Connection
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.net.listener import Listener, Service, Surroundings
from skrytka.net.sweeper import Sweeper
from skrytka.net.tls import CertificateFiles, TlsStore
from skrytka.net.tls_pipe import TlsPipe
from tests.support.certificates import write_certificate
from tests.support.processes import memory_kb, stat
from tests.unit.net.harness import Line, LineEngine, Zeros, client_context

COUNT = 1000
LITERAL = 50 * 1024 * 1024
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class Nowhere:
    def emit(self, event: Event) -> None:
        pass


async def serve_lines(conn: Connection) -> None:
    """Repeats lines; ``GET n`` gives n bytes."""
    engine = LineEngine()
    conn.deadline(3600.0)
    async for event in conn.events(engine):
        if isinstance(event, Line):
            conn.deadline(3600.0)
            if event.text.startswith(b"GET "):
                await conn.send(bytes(int(event.text[4:])))
            await conn.send(engine.send(event.text[-100:]))


def child(loop: str, certificate: str, key: str, kind: str) -> None:
    async def main() -> None:
        clock = FixedClock()
        around = Surroundings(
            sweeper=Sweeper(clock),
            random=Zeros(),
            events=Nowhere(),
            limits=LocalLimits(LimitTable(clock)),
            tls=TlsStore([CertificateFiles(Path(certificate), Path(key))]),
            caps=ConnectionLimits(per_address=0, per_network=0),
        )
        sock = socket.create_server(("127.0.0.1", 0), backlog=1024)
        listener = Listener(sock, Service(name="bench", session=serve_lines, is_implicit_tls=kind == "tls"), around)
        print(listener.port, flush=True)
        async with asyncio.TaskGroup() as group:
            group.create_task(listener.run())
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
            listener.stop(0.0)

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(main())


class Client:
    """A blocking client, so that its own cost is small and plain."""

    def __init__(self, port: int, context: ssl.SSLContext | None) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.pipe = TlsPipe(context, is_server=False) if context is not None else None
        while self.pipe is not None and not self.pipe.is_established:
            self.pipe.handshake(b"")
            self.sock.sendall(self.pipe.output())
            if not self.pipe.is_established:
                self.pipe.handshake(self.sock.recv(65536))
                self.sock.sendall(self.pipe.output())

    def ask(self, data: bytes, ends: int = 1) -> None:
        """Send, then read until as many lines have come back."""
        self.sock.sendall(self.pipe.encrypt(data) if self.pipe is not None else data)
        while ends > 0:
            received = self.sock.recv(1 << 18)
            if self.pipe is not None:
                received, _ = self.pipe.decrypt(received)
            ends -= received.count(b"\n")


def private_kib(pid: int) -> int:
    return memory_kb(pid, "Private_Dirty")


def cpu_s(pid: int) -> float:
    return stat(pid).cpu_s


def measure(loop: str, folder: Path, context: ssl.SSLContext | None) -> None:
    pair = write_certificate(folder, "localhost")
    kind = "tls" if context is not None else "clear"
    command = [sys.executable, "-m", "bench.connections", "child", loop, *map(str, pair), kind]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        port = int(process.stdout.readline())
        warm = Client(port, context)
        warm.ask(b"x\n")
        before, before_s = private_kib(process.pid), cpu_s(process.pid)
        clients = [Client(port, context) for _ in range(COUNT)]
        connect_s = cpu_s(process.pid) - before_s
        for client in clients:
            client.ask(b"x\n")
        idle = (private_kib(process.pid) - before) / COUNT
        for client in clients[: COUNT // 2]:
            client.ask(b"GET 100000\n")
            client.ask(b"y" * 100_000 + b"\n")
            client.ask(b"x\n")
        used = (private_kib(process.pid) - before) / COUNT
        busy_s = cpu_s(process.pid)
        for _ in range(20):
            for client in clients:
                client.ask(b"NOOP\n")
        turn_s = (cpu_s(process.pid) - busy_s) / 20 / COUNT
        busy_s = cpu_s(process.pid)
        for client in clients:
            client.ask(b"NOOP\n" * 20, 20)
        line_s = (cpu_s(process.pid) - busy_s) / 20 / COUNT
        busy_s, start = cpu_s(process.pid), time.perf_counter()
        warm.ask(b"GET %d\n" % LITERAL)
        big_s, wall_s = cpu_s(process.pid) - busy_s, time.perf_counter() - start
        print(
            f"{loop:8}{kind:6} idle {idle:5.1f} KiB, after 100 KB each way on half of them {used:5.1f} KiB; accept "
            f"{connect_s / COUNT * 1e6:5.0f} us, line {turn_s * 1e6:4.0f} us, pipelined {line_s * 1e6:4.1f} us; "
            f"50 MB {big_s * 1e3:4.0f} ms CPU, {wall_s * 1e3:4.0f} ms"
        )
        for client in clients:
            client.sock.close()
    finally:
        process.stdin.close()
        process.wait()


def main() -> None:
    gc.disable()
    with tempfile.TemporaryDirectory() as folder:
        for loop in LOOPS:
            for context in (client_context(), None):
                measure(loop, Path(folder), context)


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5])
    else:
        main()
