"""IMAP sessions on made-up mail: whatever a client says, no bug, one answer per command, well-framed responses."""

import asyncio
import re
import time
from random import Random

import pytest

from skrytka.model.engine import Woken
from skrytka.model.events import BugCaught
from skrytka.model.limits import ImapLimits
from tests.support.imap import LOGIN, SELECT, Step, World
from tests.support.imap_grammar import check_session
from tests.support.sizes import pick
from tests.unit.servers.imap.messages import NESTED, PLAIN

SETS = ["1", "1:*", "*", "2,1", "9", "$", "3:2", "1:2,4:*", "4294967295", "7:*"]
SECTIONS = ["", "HEADER", "TEXT", "1", "2", "2.1", "2.MIME", "2.HEADER", "1.TEXT", "3", "9.9", "HEADER.FIELDS (To X)",
            "HEADER.FIELDS.NOT (Subject)", "2.HEADER.FIELDS (Subject)"]  # fmt: skip
ITEMS = ["FLAGS", "UID", "ENVELOPE", "BODY", "BODYSTRUCTURE", "RFC822", "RFC822.SIZE", "RFC822.TEXT", "INTERNALDATE",
         "EMAILID", "THREADID", "SAVEDATE", "BINARY[1]", "BINARY.SIZE[2.1]", "BINARY.PEEK[3]", "BINARY[]"]  # fmt: skip
KEYS = ["ALL", "SEEN", "UNSEEN", "DELETED", "KEYWORD $w", "UNKEYWORD $w", "FROM alice", "SUBJECT outer", "TEXT inner",
        "BODY hello", "LARGER 50", "SMALLER 50", "SINCE 1-Feb-1994", "SENTON 1-Feb-1994", "SAVEDON 1-Feb-2027",
        "HEADER X-Odd one", "UID 2:9", "1:2", "$", "EMAILID M1", "NEW"]  # fmt: skip
FLAGS = ["\\Seen", "\\Deleted", "$w", "\\Recent", "\\Draft other"]
OTHER = ["NOOP", "CHECK", "EXPUNGE", "UID EXPUNGE 1:3", "SELECT INBOX", "EXAMINE INBOX", "SELECT x", "CLOSE",
         "UNSELECT",
         "CAPABILITY", "ENABLE IMAP4rev2", 'LIST "" *', 'LIST (SUBSCRIBED RECURSIVEMATCH) "" %', 'LSUB "" *',
         'LIST "" (a b%) RETURN (STATUS (SIZE))', "NAMESPACE", "STATUS INBOX (SIZE DELETED MAILBOXID)", "ID NIL",
         "COPY 1 x", "APPEND x {2+}\r\nab", "CREATE x", "IDLE\r\nDONE", "LOGIN a b", "STARTTLS", "FOO"]  # fmt: skip


def command(random: Random) -> str:
    uid = random.choice(["", "UID "])
    match random.randrange(5):
        case 0:
            chosen = random.sample(ITEMS, random.randrange(1, 4))
            partial = random.choice(["", "", "<0.10>", "<7.3>", "<999999.1>"])
            chosen.append(f"BODY{random.choice(['', '.PEEK'])}[{random.choice(SECTIONS)}]{partial}")
            return f"{uid}FETCH {random.choice(SETS)} ({' '.join(chosen)})"
        case 1:
            return f"{uid}SEARCH {random.choice(['', '', 'RETURN (SAVE) ', 'RETURN (MIN COUNT) '])}{key(random, 0)}"
        case 2:
            mode = random.choice(["", "+", "-"])
            silent = random.choice(["", ".SILENT"])
            return f"{uid}STORE {random.choice(SETS)} {mode}FLAGS{silent} ({random.choice(FLAGS)})"
        case _:
            return random.choice(OTHER)


def key(random: Random, depth: int) -> str:
    if depth < 3 and random.random() < 0.4:
        left, right = key(random, depth + 1), key(random, depth + 1)
        return random.choice([f"OR {left} {right}", f"NOT {left}", f"({left} {right})"])
    return random.choice(KEYS)


def world(random: Random) -> World:
    found = World(ImapLimits(bad_commands=10_000))
    for _ in range(random.randrange(6)):
        found.inbox.deliver(random.choice([PLAIN, NESTED, b"\r\n", b""]), flags=random.choice([0, 1, 8, 25]))
    found.mailboxes.add("Sent", is_subscribed=True, special_use="\\Sent")
    found.mailboxes.add("a/b", is_subscribed=True)
    return found


def meanwhile(random: Random, found: World) -> Step:
    box = found.inbox
    uid = random.randrange(1, 8)

    def deliver() -> None:
        box.deliver(random.choice([PLAIN, NESTED]))

    happenings: list[Step] = [Woken(), deliver, lambda: box.remove(uid), lambda: box.flag(uid, random.choice([0, 24]))]
    return random.choice(happenings)


def framed(data: bytes) -> list[bytes]:
    """Responses without the octets of their literals; fails where a literal is cut or a line is not ended."""
    lines: list[bytes] = []
    position = 0
    start = b""
    while position < len(data):
        end = data.index(b"\r\n", position)
        line = start + data[position:end]
        position = end + 2
        literal = re.search(rb"~?\{(\d+)\}\Z", line)
        if literal:
            position += int(literal[1])
            assert position <= len(data)
            start = line
        else:
            lines.append(line)
            start = b""
    assert start == b""
    return lines


def check(seed: int) -> None:
    random = Random(seed)
    found = world(random)
    steps: list[Step] = [LOGIN, SELECT]
    tags = []
    for number in range(random.randrange(1, 25)):
        if random.random() < 0.3:
            steps.append(meanwhile(random, found))
        tags.append(f"t{number}".encode())
        steps.append(tags[-1] + b" " + command(random).encode() + b"\r\n")
    conn = asyncio.run(found.play(*steps))
    assert not [event for event in found.recorder.events if isinstance(event, BugCaught)]
    lines = framed(b"".join(conn.said))
    check_session(b"".join(conn.said))
    answered = [line.split()[0] for line in lines if re.match(rb"t\d+ (?:OK|NO|BAD) ", line)]
    assert answered == tags
    assert all(re.match(rb"(?:\* |\+ |[tls]\d* (?:OK|NO|BAD) )", line) for line in lines), lines


@pytest.mark.timeout(900)  # CPU seconds are counted, and there may be little of it
def test_random_sessions_for_a_while() -> None:
    """CPU seconds, not rounds: 2 by hand, 60 in CI."""
    until = time.process_time() + pick(2.0, 60.0)
    seeds = Random(time.time_ns())
    while time.process_time() < until:
        seed = seeds.randrange(2**32)
        try:
            check(seed)
        except Exception as exc:
            raise AssertionError(f"seed {seed}") from exc


def test_framing_is_judged() -> None:
    assert framed(b"* 1 FETCH (A {3}\r\nx\r\n)\r\nt OK\r\n") == [b"* 1 FETCH (A {3})", b"t OK"]
    for wrong in (b"* {5}\r\nabc\r\n", b"* OK"):
        with pytest.raises((AssertionError, ValueError)):
            framed(wrong)
