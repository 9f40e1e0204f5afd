"""The least that taking a submission costs in Python: ``python -m bench.least [--messages N] [--runs N]``.

A server that does nothing of what a submission is owed: TLS, fixed replies, no command parsed, nobody's password looked
at, nothing checked, sealed, told or queued; the octets of each message are appended to a file, and whoever waits for
the disk is answered after one fdatasync. Two processes of uvloop on one port, the same generator as ``bench.outbound``.
Postfix is measured beside it, so that its rate says what ratio a server could have that did nothing else.
"""

import argparse
import asyncio
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import uvloop

from bench.outbound import WARM_UP, submit
from bench.relay_peer import PostfixRelay
from bench.trees import cpu_s
from tests.support.certificates import write_certificate
from tests.support.ports import wait_until_listening

PORT = 39_111
PROCESSES = 2
REPLIES = {
    b"EHLO": b"250-least\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n",
    b"AUTH": b"235 ok\r\n",
    b"MAIL": b"250 ok\r\n250 ok\r\n354 go\r\n",  # the generator sends RCPT and DATA with it
    b"QUIT": b"221 bye\r\n",
}


class Disk:
    """One file; all that wait are written and synced together."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._waiting: list[tuple[bytes, Callable[[], None]]] = []
        self._has_work = asyncio.Event()

    def put(self, octets: bytes, done: Callable[[], None]) -> None:
        """``done`` is called when they are on disk."""
        self._waiting.append((octets, done))
        self._has_work.set()

    async def run(self) -> None:
        """Until cancelled."""
        while await self._has_work.wait():
            self._has_work.clear()
            batch, self._waiting = self._waiting, []
            os.write(self._file, b"".join(octets for octets, _ in batch))
            await asyncio.to_thread(os.fdatasync, self._file)
            for _, done in batch:
                done()


class Session(asyncio.Protocol):
    """Of a client that does as the generator does."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._message: list[bytes] | None = None  # its pieces, while it comes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._transport.write(b"220 least\r\n")

    def data_received(self, data: bytes) -> None:
        if self._message is not None:
            self._message.append(data)
            if data.endswith(b"\r\n.\r\n"):
                self._disk.put(b"".join(self._message), lambda: self._transport.write(b"250 ok\r\n"))
                self._message = None
            return
        verb = data[:4]
        self._transport.write(REPLIES[verb])
        if verb == b"MAIL":
            self._message = []
        elif verb == b"QUIT":
            self._transport.close()


async def serve(certificate: str, key: str, path: str) -> None:
    """One of the processes."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", PORT))
    listener.listen(1000)
    disk = Disk(Path(path))
    await asyncio.get_running_loop().create_server(lambda: Session(disk), sock=listener, ssl=context)
    await disk.run()


class Least:
    """The server as ``bench.outbound.submit`` takes one."""

    name = "least"
    port = PORT
    login = password = "nobody@example.test"

    def __init__(self, root: Path) -> None:
        certificate, key = write_certificate(root, "localhost")
        self.authority = str(certificate)
        command = [sys.executable, "-m", "bench.least", "serve", str(certificate), str(key)]
        self._processes = [subprocess.Popen([*command, str(root / f"{number}")]) for number in range(PROCESSES)]

    @property
    def pids(self) -> list[int]:
        """All of its processes."""
        return [process.pid for process in self._processes]

    def stop(self) -> None:
        """Killed: it has nothing to lose."""
        for process in self._processes:
            process.send_signal(signal.SIGKILL)
            process.wait()


@contextmanager
def least() -> Iterator[Least]:
    """Running."""
    with tempfile.TemporaryDirectory(prefix="skrytka-bench-") as folder:
        server = Least(Path(folder))
        try:
            wait_until_listening(PORT)
            yield server
        finally:
            server.stop()


def measure(server: Least | PostfixRelay, messages: int) -> None:
    """One run, a line."""
    submit(server, WARM_UP)
    began_s = cpu_s(*server.pids)
    load = submit(server, messages)
    used_us = (cpu_s(*server.pids) - began_s) / messages * 1e6
    print(f"  {server.name:10} {messages / load['seconds']:7.1f}/s at {used_us:5.0f} us of CPU", flush=True)


def main() -> None:
    """Both in turns."""
    parser = argparse.ArgumentParser(prog="bench.least", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="skrytka-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        with PostfixRelay(root / "peer", 39_465, 39_925) as peer:
            for _ in range(options.runs):
                with least() as server:
                    measure(server, options.messages)
                peer.start()
                measure(peer, options.messages)
                peer.stop()


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        uvloop.run(serve(*sys.argv[2:]))
    else:
        main()
