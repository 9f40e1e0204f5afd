"""An attack on logins of a running demo: many names, one password each, from many addresses of loopback.

A connection of TLS makes as many tries as the server lets it, over IMAP and submission in turn. Beside it somebody logs
in again and again, each time on a connection of his own. ``python -m tests.support.attack``: the attacker alone, so
that what his side costs does not count as the user's wait.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import ssl
import sys
import time
from base64 import b64encode
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from skrytka.store.events.files import event_files, read_lines
from skrytka.store.events.line import header_fields
from tests.support.demo import Demo

AT_ONCE = 48
TRIES_EACH = 3  # of one connection: then either service hangs up
HOSTS = 10  # of each network
REPLY_S = 60.0
PASSWORD = "Summer2026!"
SPACES = "\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"


@dataclass
class Attack:
    """What came of it."""

    tries: int
    networks: int
    answers: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    user_s: list[float] = field(default_factory=list)  # how long each of his logins took
    hashed_s: list[float] = field(default_factory=list)  # the same of somebody whose password is hashed each time
    user_failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def percentile(self, share: float) -> float:
        """Of the user's logins."""
        return percentile(self.user_s, share)


def percentile(values: list[float], share: float) -> float:
    """The value that so many are below."""
    ordered = sorted(values)
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


async def spray(
    target: Target,
    attack: Attack,
    user: tuple[str, str],
    source: str,
    *,
    hashed: tuple[str, str] | None = None,
    is_apart: bool = False,
) -> Attack:
    """All tries, while the user logs in from ``source``. ``is_apart``: they come from another process.

    ``hashed``: somebody else, whose password has spaces: one that is typed with others is remembered by nobody.
    """
    began = time.monotonic()
    is_over = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_user(target, attack, attack.user_s, (user[0], itertools.repeat(user[1])), source, is_over))
        if hashed is not None:
            name, password = hashed
            tasks.create_task(_user(target, attack, attack.hashed_s, (name, spaced(password)), source, is_over))
        await (_apart(target, attack, TRIES_EACH) if is_apart else assault(target, attack))
        is_over.set()
    attack.seconds = time.monotonic() - began
    return attack


async def assault(target: Target, attack: Attack, each: int = TRIES_EACH) -> None:
    """The tries alone."""
    names = deque(f"user{n % 7919}@example.test" if n % 10 else "bob@example.test" for n in range(attack.tries))
    places = itertools.cycle(sources(attack.networks))
    async with asyncio.TaskGroup() as tasks:
        for number in range(AT_ONCE):
            tasks.create_task(_worker(target, attack, names, places, each, is_imap=bool(number % 2)))


async def _apart(target: Target, attack: Attack, each: int) -> None:
    words = ["--imaps", target.imaps, "--submissions", target.submissions]
    words += ["--tries", attack.tries, "--networks", attack.networks, "--each", each]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.attack", *map(str, words), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    told = json.loads(out)
    attack.answers.update(told["answers"])
    attack.connections = told["connections"]


async def login(target: Target, name: str, password: str, source: str, *, is_imap: bool) -> str:
    """The word of the reply: OK, NO, BYE; 235, 535, 454... "" for a closed connection."""
    answers = await _visit(target, [name], password, source, is_imap=is_imap)
    return answers[0] if answers else ""


async def _worker(
    target: Target, attack: Attack, names: deque[str], places: Iterator[str], each: int, *, is_imap: bool
) -> None:
    while names:
        mine = [names.popleft() for _ in range(min(each, len(names)))]
        answers = await _visit(target, mine, PASSWORD, next(places), is_imap=is_imap)
        attack.answers.update(answers)
        attack.connections += 1
        names.extend(mine[max(1, len(answers)) :])  # one that nobody answered was a try all the same


def spaced(password: str) -> Iterator[str]:
    """The same to the server (RFC 8265 4.2.2), each time with other spaces."""
    words = password.split(" ")
    for between in itertools.product(SPACES, repeat=len(words) - 1):
        yield "".join(itertools.chain.from_iterable(zip(words, (*between, ""), strict=True)))


async def _user(
    target: Target,
    attack: Attack,
    took_s: list[float],
    user: tuple[str, Iterator[str]],
    source: str,
    is_over: asyncio.Event,
) -> None:
    name, passwords = user
    while not is_over.is_set():
        password = next(passwords)
        began = time.monotonic()
        answer = await login(target, name, password, source, is_imap=password.isascii())
        if answer in {"OK", "235"}:
            took_s.append(time.monotonic() - began)
        else:
            attack.user_failures.append(answer)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(is_over.wait(), 0.05)


async def _visit(target: Target, names: list[str], password: str, source: str, *, is_imap: bool) -> list[str]:
    """One connection; a word for each try that was answered, or what became of the connection."""
    words: list[str] = []
    try:
        async with asyncio.timeout(REPLY_S):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1",
                target.imaps if is_imap else target.submissions,
                ssl=target.tls,
                server_hostname="localhost",
                local_addr=(source, 0),
            )
            try:
                await _reply(reader, b"* " if is_imap else b"")
                if not is_imap:
                    await _say(reader, writer, "EHLO client.example.net", b"")
                for name in names:
                    said = await _say(reader, writer, _line(name, password, is_imap=is_imap), b"a " if is_imap else b"")
                    if not said:
                        break
                    words.append(said.partition(" ")[0] if is_imap else said[:3])
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError) as exc:
        words = words or [type(exc).__name__]
    return words


def _line(name: str, password: str, *, is_imap: bool) -> str:
    if is_imap:
        return f'a LOGIN "{name}" "{password}"'
    return "AUTH PLAIN " + b64encode(f"\0{name}\0{password}".encode()).decode()


async def _say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: str, tag: bytes) -> str:
    writer.write(line.encode() + b"\r\n")
    return await _reply(reader, tag)


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


def main() -> None:
    """The attacker; what he was answered, as JSON."""
    parser = argparse.ArgumentParser(prog="tests.support.attack")
    for name in ("imaps", "submissions", "tries", "networks", "each"):
        parser.add_argument(f"--{name}", type=int, required=True)
    options = parser.parse_args()
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE  # he does not care whom he attacks
    attack = Attack(options.tries, options.networks)
    asyncio.run(assault(Target(options.imaps, options.submissions, tls), attack, options.each))
    print(json.dumps({"answers": attack.answers, "connections": attack.connections}))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
