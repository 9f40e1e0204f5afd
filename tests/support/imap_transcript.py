r"""Transcripts of IMAP sessions: files that read as the dialogues of an RFC, played against sessions on made-up mail.

    # what it shows                          RFC 9051 6.3.2     (heading: says the RFC; settings, one a line)
    #! clear | known | selected              no TLS yet; begins behind LOGIN; begins behind LOGIN and SELECT INBOX
    #! limits logins=1
    C: a1 SELECT INBOX                       sent with CRLF; lines until the next S: or N: leave in one write
    C+ a1 NOOP\r\na2 NO                      sent as it stands, with \r \n \0 \t \\ \xHH decoded, no CRLF added
    S: * 3 EXISTS                            one line of the answer; ... stands for anything
    N: deliver | remove 2 | flag 1 5 | drain | silence     what happens beside it; the session hears of it at once

A file without ``known`` or ``selected`` begins with the greeting. INBOX has PLAIN, NESTED and a message without text
of tests/unit/servers/imap/messages.py; there are Sent (\Sent, subscribed) and Work/Old besides.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, cast

from skrytka.model.engine import TimedOut, Woken
from skrytka.model.limits import ImapLimits
from skrytka.net.connection import Connection
from skrytka.servers.imap.session import serve_imap
from tests.support.imap import LOGIN, SELECT, FakeConnection, World
from tests.support.imap import Step as Played
from tests.support.imap_grammar import check_session
from tests.support.smtp_transcript import unescape
from tests.unit.servers.imap.messages import NESTED, PLAIN

_LINE = re.compile(r"(C:|C\+|S:|N:)(?: (.*))?\Z", re.DOTALL)
EMPTY = b"\r\n"


class Step(NamedTuple):
    sent: bytes
    news: str
    expected: list[str]
    line: int


class Transcript(NamedTuple):
    settings: frozenset[str]
    limits: ImapLimits
    steps: list[Step]


def parse(path: Path) -> Transcript:
    settings: set[str] = set()
    limits: dict[str, int] = {}
    steps = [Step(b"", "", [], 0)]
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if line.startswith("#! limits "):
            limits |= {name: int(value) for name, value in (pair.split("=") for pair in line[10:].split())}
        elif line.startswith("#! "):
            settings.add(line[3:].strip())
        elif line and not line.startswith("#"):
            match = _LINE.match(line)
            assert match, f"{path.name}:{number}: {line}"
            _add(steps, match[1], match[2] or "", number)
    assert settings <= {"clear", "known", "selected"}, settings
    return Transcript(frozenset(settings), ImapLimits(**limits), steps)


def _add(steps: list[Step], kind: str, text: str, number: int) -> None:
    if kind == "S:":
        steps[-1].expected.append(text)
        return
    if kind == "N:":
        steps.append(Step(b"", text, [], number))
        return
    data = text.encode() + b"\r\n" if kind == "C:" else unescape(text)
    last = steps[-1]
    if last.sent and not last.expected:
        steps[-1] = last._replace(sent=last.sent + data)
    else:
        steps.append(Step(data, "", [], number))


def matches(expected: str, said: str) -> bool:
    pattern = ".*".join(re.escape(piece) for piece in expected.split("..."))
    return re.fullmatch(pattern, said, re.DOTALL) is not None


def world(limits: ImapLimits) -> World:
    found = World(limits)
    for raw in (PLAIN, NESTED, EMPTY):
        found.inbox.deliver(raw)
    found.mailboxes.add("Sent", is_subscribed=True, special_use="\\Sent")
    found.mailboxes.add("Work/Old")
    return found


def _news(found: World, conn: FakeConnection, text: str) -> list[Played]:
    word, *numbers = text.split()
    wake: list[Played] = [Woken()]
    inbox = found.inbox

    def drain() -> None:
        conn.is_draining = True

    def deliver() -> None:
        inbox.deliver(PLAIN)

    happenings: dict[str, Callable[[], None]] = {
        "deliver": deliver,
        "remove": lambda: inbox.remove(*map(int, numbers)),
        "flag": lambda: inbox.flag(*map(int, numbers)),
        "drain": drain,
    }
    return [TimedOut()] if word == "silence" else [happenings[word], *wake]


async def play(path: Path) -> None:
    """Serve the session and compare every line that it says."""
    transcript = parse(path)
    found = world(transcript.limits)
    is_clear = "clear" in transcript.settings
    conn = FakeConnection([], is_tls=not is_clear, can_start_tls=is_clear)
    prelude: list[Played] = []
    if transcript.settings & {"known", "selected"}:
        prelude.append(LOGIN)
    if "selected" in transcript.settings:
        prelude.append(SELECT)
    steps = prelude[:]
    places = [0]  # of each step of the transcript in what was said
    for step in transcript.steps[1:]:
        steps += [step.sent] if step.sent else _news(found, conn, step.news)
        places.append(len(steps))
    conn.steps = steps
    await serve_imap(cast("Connection", conn), found.deps)
    check_session(b"".join(conn.said))
    for step, place in zip(transcript.steps, places, strict=True):
        if not place and prelude:
            continue
        said = conn.said[place].decode("utf-8", "replace") if place < len(conn.said) else ""
        lines = said.split("\r\n")
        assert lines.pop() == "", f"{path.name}:{step.line}: the answer does not end with CRLF"
        shown = "\n".join(f"S: {line}" for line in lines)
        assert len(lines) == len(step.expected), f"{path.name}:{step.line}: said\n{shown}"
        for expected, line in zip(step.expected, lines, strict=True):
            assert matches(expected, line), f"{path.name}:{step.line}: {expected!r} is not {line!r}; said\n{shown}"
