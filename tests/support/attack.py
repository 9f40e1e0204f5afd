"""An attack on logins of a running demo: many names, one password each, from many addresses of loopback.

Every try is a TLS session of its own, over IMAP and submission in turn. Beside it somebody logs in again and again.
"""

import asyncio
import contextlib
import itertools
import ssl
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from skrytka.store.events.files import event_files, read_lines
from skrytka.store.events.line import header_fields
from tests.support.demo import Demo

AT_ONCE = 24
HOSTS = 10  # of each network
REPLY_S = 60.0


@dataclass
class Attack:
    """What came of it."""

    tries: int
    networks: int
    answers: Counter[str] = field(default_factory=Counter)
    user_s: list[float] = field(default_factory=list)  # how long each of his logins took
    user_failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def percentile(self, share: float) -> float:
        """Of the user's logins."""
        ordered = sorted(self.user_s)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@dataclass(frozen=True)
class Target:
    """Where it goes."""

    imaps: int
    submissions: int
    tls: ssl.SSLContext

    @classmethod
    def of(cls, demo: Demo) -> "Target":
        return cls(demo.port("imaps"), demo.port("submissions"), demo.tls())


def sources(networks: int) -> list[str]:
    """Loopback addresses in so many /24, none of which is 127.0.0.1: that one is exempt in a demo."""
    return [f"127.10.{network}.{host}" for host in range(1, HOSTS + 1) for network in range(1, networks + 1)]


async def spray(target: Target, attack: Attack, user: tuple[str, str], source: str) -> Attack:
    """All tries, while the user logs in from ``source``."""
    began = time.monotonic()
    numbers = iter(range(attack.tries))
    places = itertools.cycle(sources(attack.networks))
    is_over = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        at_home = tasks.create_task(_user(target, attack, user, source, is_over))
        workers = [tasks.create_task(_worker(target, attack, numbers, places)) for _ in range(AT_ONCE)]
        await asyncio.gather(*workers)
        is_over.set()
        await at_home
    attack.seconds = time.monotonic() - began
    return attack


async def login(target: Target, name: str, password: str, source: str, *, is_imap: bool) -> str:
    """The word of the reply: OK, NO, BYE; 235, 535, 454... "" for a closed connection."""
    if is_imap:
        return await _imap(target, name, password, source)
    return await _submission(target, name, password, source)


async def _worker(target: Target, attack: Attack, numbers: Iterator[int], places: Iterator[str]) -> None:
    for number in numbers:
        source = next(places)
        name = f"user{number % 7919}@example.test" if number % 10 else "bob@example.test"
        attack.answers[await login(target, name, "Summer2026!", source, is_imap=bool(number % 2))] += 1


async def _user(target: Target, attack: Attack, user: tuple[str, str], source: str, is_over: asyncio.Event) -> None:
    while not is_over.is_set():
        began = time.monotonic()
        answer = await login(target, *user, source, is_imap=True)
        if answer == "OK":
            attack.user_s.append(time.monotonic() - began)
        else:
            attack.user_failures.append(answer)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(is_over.wait(), 0.05)


async def _imap(target: Target, name: str, password: str, source: str) -> str:
    lines = (f'a LOGIN "{name}" "{password}"',)
    return (await _talk(target.imaps, target.tls, source, lines, b"a ")).partition(" ")[0]


async def _submission(target: Target, name: str, password: str, source: str) -> str:
    secret = b64encode(f"\0{name}\0{password}".encode()).decode()
    lines = ("EHLO client.example.net", f"AUTH PLAIN {secret}")
    return (await _talk(target.submissions, target.tls, source, lines, b""))[:3]


async def _talk(port: int, tls: ssl.SSLContext, source: str, lines: tuple[str, ...], tag: bytes) -> str:
    """The last reply, without its tag."""
    try:
        async with asyncio.timeout(REPLY_S):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=tls, server_hostname="localhost", local_addr=(source, 0)
            )
            try:
                await _reply(reader, b"* " if tag else b"")
                said = ""
                for line in lines:
                    writer.write(line.encode() + b"\r\n")
                    said = await _reply(reader, tag)
                return said
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError) as exc:
        return type(exc).__name__


async def _reply(reader: asyncio.StreamReader, tag: bytes) -> str:
    """IMAP: the line with the tag; SMTP: the last line."""
    while line := await reader.readline():
        if line.startswith(tag) if tag else line[3:4] == b" ":
            return line[len(tag) :].decode().strip()
    return ""


def auth_events(root: Path) -> list[tuple[str, dict[str, object]]]:
    """Kind and header fields of the events about logins."""
    found: list[tuple[str, dict[str, object]]] = []
    for path in event_files(root / "events"):
        if path.name == "auth.jsonl":
            found += [
                (read.header.kind, dict(header_fields(read.line)))
                for read in read_lines(path)
                if read.line is not None and read.header is not None
            ]
    return found


def hashes(events: list[tuple[str, dict[str, object]]]) -> int:
    """Tries that came as far as a hash: every one that was not refused for its number."""
    return sum(kind == "login_failed" and fields.get("reason") != "rate_limited" for kind, fields in events)
