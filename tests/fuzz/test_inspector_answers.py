"""What an inspector that was taken over may answer: its front takes it or says HostileAnswerError, nothing else.

Whatever is taken can be sent by IMAP: CR, LF and NUL stand inside counted literals or nowhere. Offsets lie inside.
"""

import time
from copy import deepcopy
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.inspect.check import structure_of
from skrytka.inspect.errors import HostileAnswerError
from skrytka.inspect.jobs import structure
from tests.fuzz.test_mime import SEED
from tests.support import imap_values
from tests.support.sizes import pick

CPU_S = pick(1.0, 30.0)
VALUES: list[Any] = [
    None, True, 0, -1, 1, 7, len(SEED), len(SEED) + 1, 2**31, 2**63, 2**64 - 1, 1.5, b"", b"x", b"\r\n* BYE\r\n", b"\0",
    b'") NIL {3}\r\nabc', b"{9}\r\n", b"\xff", b"\\", b'"', b"x" * 2_000, "", "x", "\r\n", "\ud7ff", "ł" * 300, [], {},
    [[]], {b"a": b"\n"}, {"a": 1}, [b"multipart"], b"message", b"rfc822", b"attachment",
]  # fmt: skip


def check(raw: bytes) -> bool:
    """Whether it was taken."""
    try:
        found = structure_of(raw, len(SEED))
    except HostileAnswerError:
        return False
    for text in (found.envelope, found.body, found.bodystructure):
        assert isinstance(imap_values.read(text), list)
    for part in found.parts:
        assert 0 <= part.header_start <= part.body_start <= part.body_end <= len(SEED)
    for shown in (found.subject, found.preview, *found.attachment_names):
        assert not any(ord(char) < 32 for char in shown)
    assert b"\0" not in found.header_text + found.body_text
    return True


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in nested lists and maps: the container and the key."""
    keys = list(range(len(value))) if isinstance(value, list) else list(value) if isinstance(value, dict) else []
    return [(value, key) for key in keys] + [place for key in keys for place in places(value[key])]


def replaced(random: Random, answer: Any) -> bytes:
    """Some values are others."""
    for _ in range(random.randrange(1, 5)):
        container, key = random.choice(places(answer))
        container[key] = deepcopy(random.choice(VALUES))  # or a list of the table would come to hold itself
    return msgspec.msgpack.encode(answer)


def damaged(random: Random, raw: bytes) -> bytes:
    """Some octets are others, are gone or are there twice."""
    changed = bytearray(raw)
    for _ in range(random.randrange(1, 6)):
        at = random.randrange(len(changed))
        match random.randrange(3):
            case 0:
                changed[at] = random.randrange(256)
            case 1:
                del changed[at : at + random.randrange(1, 20)]
            case _:
                changed[at:at] = changed[at : at + random.randrange(1, 20)]
    return bytes(changed)


@given(st.binary(max_size=200))
def test_any_octets_are_an_answer_or_hostile(raw: bytes) -> None:
    check(raw)


@pytest.mark.timeout(900)  # CPU seconds are counted, and there may be little of it
def test_changed_answers_for_a_while() -> None:
    """CPU seconds: 1 by hand, 30 in CI."""
    random = Random(time.time_ns())
    seed = random.randrange(2**32)
    random.seed(seed)
    honest = structure(SEED)
    assert check(honest)
    until = time.process_time() + CPU_S
    taken = 0
    while time.process_time() < until:
        raw = replaced(random, msgspec.msgpack.decode(honest)) if random.random() < 0.7 else damaged(random, honest)
        try:
            taken += check(raw)
        except Exception as exc:
            raise AssertionError(f"seed {seed}: {raw!r}") from exc
    assert taken
