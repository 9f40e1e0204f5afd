"""What clients see of a running demo, and how it compares with what they were told."""

import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from tests.support.demo import Demo
from tests.support.faults.load import RECIPIENTS, Attempt

Box = dict[int, bytes]  # UID -> SHA-256 of the message as it was sent
OWN_FIELDS: Final = re.compile(
    rb"\A(?:Return-Path|Delivered-To|Authentication-Results|Received):[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE
)
UNTIL_S: Final = 40.0


def until(is_so: Callable[[], bool], what: str, within_s: float = UNTIL_S) -> None:
    """Wait for it; what is not so in time fails."""
    end = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < end, f"not in time: {what}"
        time.sleep(0.01)


def as_sent(received: bytes) -> bytes:
    """Without the fields that delivery put before it."""
    while match := OWN_FIELDS.match(received):
        received = received[match.end() :]
    return received


def boxes(demo: Demo) -> dict[str, Box]:
    """What IMAP shows of every INBOX."""
    return {name: box(demo, name) for name in RECIPIENTS}


def box(demo: Demo, name: str) -> Box:
    with demo.inbox(name) as client:
        _status, data = client.uid("FETCH", "1:*", "(UID BODY.PEEK[])")
    found: Box = {}
    for part in data:
        if isinstance(part, tuple):
            match = re.search(rb"UID (\d+)", part[0])
            assert match is not None
            found[int(match[1])] = hashlib.sha256(as_sent(part[1])).digest()
    assert list(found) == sorted(found)
    return found


def problems(sent: list[Attempt], before: dict[str, Box], after: dict[str, Box]) -> list[str]:
    """What is lost, doubled, or has another UID than it had."""
    tried = Counter((name, attempt.sha256) for attempt in sent for name in attempt.recipients)
    accepted = Counter(
        (name, attempt.sha256) for attempt in sent if attempt.is_acknowledged for name in attempt.recipients
    )
    found = Counter((name, sha) for name, box in after.items() for sha in box.values())
    moved = [uid for name, box in before.items() for uid, sha in box.items() if after[name].get(uid) != sha]
    return [f"{name} lost one" for name, _ in accepted - found] + [
        *(f"{name} has one too often" for name, _ in found - tried),
        *(f"UID {uid} is another message now" for uid in moved),
    ]


def events(demo: Demo, kind: str) -> list[dict[str, Any]]:
    """Records of that kind in the event log, by process and day: ``{"e": {"kind": ...}, ...}``."""
    lines = [line for path in demo.root.glob("events/*/*.jsonl") for line in path.read_text().splitlines()]
    found = [json.loads(line) for line in lines if kind in line and line.endswith("}")]
    return [record for record in found if record["e"]["kind"] == kind]
