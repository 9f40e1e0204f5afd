r"""Transcripts of IMAP sessions on a real store: alice's account, new, with the folders that it was made with.

As in imap_transcript, but for two sessions at once, both logged in: ``C:`` and ``S:`` are of the first, ``C2:`` and
``S2:`` of the second; ``C+`` and ``C2+`` send what stands there. Behind each step stands all that either of them says.
A line ``#share MAILBOX RIGHTS`` makes the second session bob's, with whom alice shares that mailbox.
"""

import asyncio
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, cast

from skrytka.model.limits import ImapLimits
from skrytka.net.connection import Connection
from skrytka.servers.imap.deps import ImapDeps
from skrytka.servers.imap.session import serve_imap
from tests.support.imap import LOGIN
from tests.support.imap_grammar import check_session
from tests.support.imap_live import AnyoneIs, LiveConnection
from tests.support.imap_transcript import matches
from tests.support.memory import IN_MEMORY
from tests.support.sasl import NoSessions
from tests.support.smtp_transcript import unescape
from tests.unit.mail.world import ACTOR, World

SESSIONS = 2
SHARE = re.compile(r"^#share (.*)", re.MULTILINE)
_LINE = re.compile(r"([CS])(2?)([:+])(?: (.*))?\Z", re.DOTALL)


class Step(NamedTuple):
    session: int
    sent: bytes
    expected: list[list[str]]
    line: int


def parse(path: Path) -> list[Step]:
    steps: list[Step] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line or line.startswith("#"):
            continue
        match = _LINE.match(line)
        assert match, f"{path.name}:{number}: {line}"
        session, text = int(match[2] or 1) - 1, match[4] or ""
        if match[1] == "S":
            steps[-1].expected[session].append(text)
            continue
        data = text.encode() + b"\r\n" if match[3] == ":" else unescape(text)
        last = steps[-1] if steps else None
        if last is not None and last.session == session and not any(last.expected):
            steps[-1] = last._replace(sent=last.sent + data)
        else:
            steps.append(Step(session, data, [[] for _ in range(SESSIONS)], number))
    return steps


@asynccontextmanager
async def sessions(*shares: str) -> AsyncIterator[tuple[list[LiveConnection], list["asyncio.Future[None]"]]]:
    """Two sessions of alice, logged in; the second one of bob if she shares anything with him."""
    root = Path(tempfile.mkdtemp(dir=IN_MEMORY))
    world = World(root)
    tasks: list[asyncio.Future[None]] = []
    try:
        await world.ready()
        for share in shares:
            mailbox, rights = share.split()
            await world.admin.sharing.add("alice@example.test", "bob@example.test", mailbox, rights, ACTOR)
        alice = ImapDeps(
            sessions=NoSessions(),
            random=world.random,
            identity=AnyoneIs(await world.account("alice")),
            mailboxes=world.shared,
            appends=world.shared_appends,
            inspector=world.inspector,
            events=world.events,
            clock=world.clock,
            limits=ImapLimits(),
            hostname="mail.example.test",
            version="9.9",
        )
        other = replace(alice, identity=AnyoneIs(await world.account("bob"))) if shares else alice
        found = [LiveConnection() for _ in range(SESSIONS)]
        tasks = [
            asyncio.ensure_future(serve_imap(cast("Connection", conn), deps))
            for conn, deps in zip(found, (alice, other), strict=True)
        ]
        for conn in found:
            await exchange(found, conn, LOGIN, tasks)
        yield found, tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await world.close()
        shutil.rmtree(root, ignore_errors=True)


async def exchange(
    conns: list[LiveConnection], conn: LiveConnection, data: bytes, tasks: list["asyncio.Future[None]"]
) -> list[list[str]]:
    """What each session says until nobody has anything to do; lines without their ends."""
    conn.input.put_nowait(data)
    for each in (conn, *conns, conn):  # news of one wake the other
        await each.settled(tasks[conns.index(each)])
    said = [bytes(each.output).decode("utf-8", "replace").split("\r\n") for each in conns]
    for each, lines in zip(conns, said, strict=True):
        each.output.clear()
        assert lines.pop() == "", lines
    return said


async def play(path: Path) -> None:
    """Compare every line that is said."""
    shares = SHARE.findall(path.read_text(encoding="utf-8"))  # noqa: ASYNC240 - a small file of ours
    async with sessions(*shares) as (conns, tasks):
        for step in parse(path):
            said = await exchange(conns, conns[step.session], step.sent, tasks)
            shown = "\n".join(f"S{number}: {line}" for number, lines in enumerate(said, 1) for line in lines)
            for expected, lines in zip(step.expected, said, strict=True):
                assert len(lines) == len(expected), f"{path.name}:{step.line}: said\n{shown}"
                for pattern, line in zip(expected, lines, strict=True):
                    assert matches(pattern, line), (
                        f"{path.name}:{step.line}: {pattern!r} is not {line!r}; said\n{shown}"
                    )
        for conn in conns:
            check_session(bytes(conn.everything))
