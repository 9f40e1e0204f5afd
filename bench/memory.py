"""Memory of an idle server and of what each further session adds: ``python -m bench.memory`` (docs/performance.md).

PSS (memory shared with other processes counted in parts) of every process of a demo that has nothing to do, then with
many IMAP sessions over TLS, logged in and in IDLE on an INBOX of 10,000 messages.
"""

import argparse
import asyncio
import contextlib
import socket
import ssl
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.results import Row, save
from skrytka.model.ids import AccountId
from tests.support.demo import Demo
from tests.support.faults.contents import opened
from tests.support.faults.filled import TOKEN, fill
from tests.support.processes import memory_kb

IDLE_GOAL_MB = 200.0
SESSION_GOAL_KB = 60.0
SETTLE_S = 3.0
FEW = 50  # what the first ones load stays, and is not theirs
USERS = ("alice", "bob", "carol")


def of_all(demo: Demo) -> dict[str, int]:
    """Name of each process -> PSS in KB."""
    return {name: memory_kb(pid) for name, pid in sorted(demo.pids().items())}


def show(what: str, sizes: dict[str, int]) -> int:
    """A line of the table; the sum in KB."""
    whole = sum(sizes.values())
    parts = ", ".join(f"{name} {size / 1024:.1f}" for name, size in sizes.items())
    print(f"{what:24}{whole / 1024:8.1f} MB: {parts}")
    return whole


class Session:
    """One IMAP client, with its TLS in memory buffers so that five hundred of them are cheap here too."""

    def __init__(self, demo: Demo, context: ssl.SSLContext, user: str) -> None:
        sock = socket.create_connection(("127.0.0.1", demo.port("imaps")), timeout=30)
        self.tls = context.wrap_socket(sock, server_hostname="localhost")
        self.read_until(b"* OK")
        self.command(f"LOGIN {user}@example.test {demo.password(user)}")
        self.command("SELECT INBOX")
        self.tls.sendall(b"i IDLE\r\n")
        self.read_until(b"+ ")

    def command(self, text: str) -> None:
        self.tls.sendall(f"a {text}\r\n".encode())
        self.read_until(b"a OK")

    def read_until(self, start: bytes) -> None:
        seen = b""
        while not any(line.startswith(start) for line in seen.splitlines()) or not seen.endswith(b"\r\n"):
            data = self.tls.recv(65536)
            if not data:
                raise RuntimeError(f"closed after {seen!r}")
            seen += data

    def close(self) -> None:
        self.tls.close()


@contextlib.contextmanager
def sessions(demo: Demo, count: int) -> Iterator[int]:
    """So many, logged in and idle."""
    context = demo.tls()
    with contextlib.ExitStack() as stack:
        for number in range(count):
            stack.callback(Session(demo, context, USERS[number % len(USERS)]).close)
        yield count


def fill_inboxes(demo: Demo, count: int) -> None:
    """So many messages for everybody, while the demo is stopped."""
    with opened(demo.root) as contents:
        for user in USERS:
            rows = contents.store.writer.db.execute(
                "SELECT account FROM account WHERE address = :name", {"name": f"{user}@example.test"}
            )
            ((account,),) = rows
            assert isinstance(account, int)
            mail = b"Subject: letter %b\r\n\r\nbody\r\n" % TOKEN
            asyncio.run(fill(contents, AccountId(account), [mail], count))


@contextlib.contextmanager
def running(messages: int) -> Iterator[Demo]:
    """A demo in which everybody has so many messages."""
    with tempfile.TemporaryDirectory() as folder:
        demo = Demo(Path(folder) / "demo")
        with demo:
            pass
        fill_inboxes(demo, messages)
        with demo:
            for user in USERS:
                demo.send(f"{user}@example.test", b"Subject: one\r\n\r\nbody\r\n")
            time.sleep(SETTLE_S)
            yield demo


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="bench.memory")
    parser.add_argument("--sessions", type=int, default=500)
    parser.add_argument("--messages", type=int, default=10_000, help="in each INBOX")
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    with running(options.messages) as demo:
        show(f"idle (goal {IDLE_GOAL_MB:.0f})", of_all(demo))
        with sessions(demo, FEW):
            pass
        time.sleep(SETTLE_S)
        idle = show("idle after logins", of_all(demo))
        with sessions(demo, FEW):
            before = show(f"{FEW} sessions", of_all(demo))
            with sessions(demo, options.sessions) as more:
                time.sleep(SETTLE_S)
                after = show(f"{FEW + more} sessions", of_all(demo))
    each = (after - before) / more
    found = [
        _row("all processes idle, after logins", idle / 1024, IDLE_GOAL_MB, "MB (limit)"),
        _row(f"a further IMAP/TLS session in IDLE, {options.messages:,} selected", each, SESSION_GOAL_KB, "KB (limit)"),
    ]
    for row in found:
        print(row.text())
    if not options.no_save:
        save(found)


def _row(name: str, value: float, limit: float, unit: str) -> Row:
    return Row(f"memory: {name}", round(value, 1), limit, round(limit / value, 2), 1.0, unit)


if __name__ == "__main__":
    main()
