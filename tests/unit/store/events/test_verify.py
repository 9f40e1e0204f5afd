"""store/events/verify.py: whatever is changed, removed, added or moved is named."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from skrytka.model.clock import FixedClock
from skrytka.store.events.checkpoint import CheckpointSigner
from skrytka.store.events.line import erased
from skrytka.store.events.verify import verify
from skrytka.store.events.writer import EventWriter
from skrytka.store.system import SystemRandom
from tests.unit.store.events.conftest import received


@pytest.fixture
async def log(tmp_path: Path, clock: FixedClock, random: SystemRandom) -> Path:
    """Six events, a checkpoint after each third, then one event more."""
    writer = EventWriter(tmp_path, "front-1", clock, random)
    signer = CheckpointSigner(tmp_path, tmp_path / "events.key", clock)
    for number in range(1, 8):
        writer.emit(received(f"user{number}@example.test"))
        await writer.flush()
        if number % 3 == 0:
            signer.sign(writer.heads())
    return tmp_path


def mail(log: Path) -> Path:
    return log / "2026-11-22" / "mail.jsonl"


def rewrite(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))


def test_an_untouched_log_is_sound(log: Path) -> None:
    report = verify(log)
    assert report.is_sound
    assert (report.events, report.checkpoints, report.unsigned, report.torn) == (7, 2, 1, 0)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda rows: [*rows[:2], rows[2].replace(b'"size_bytes":1234', b'"size_bytes":9999'), *rows[3:]],
            "was changed",
        ),
        (lambda rows: [*rows[:2], rows[2].replace(b"user3@", b"userX@"), *rows[3:]], "personal part was changed"),
        (lambda rows: [*rows[:2], rows[2].replace(b'"kind":"', b'"kind":"\xff'), *rows[3:]], "goes from 2 to 4"),
        (lambda rows: [*rows[:2], *rows[3:]], "goes from 2 to 4"),
        (lambda rows: rows[1:], "begins with number 2"),
        (lambda rows: rows[:4], "was cut"),
        (lambda rows: [rows[1], rows[0], *rows[2:]], "goes from"),
        (lambda rows: [*rows, rows[-1]], "goes from 7 to 7"),
        (lambda _: [], "is missing"),
    ],
)
def test_tampering_with_events_is_named(log: Path, change: Callable[[list[bytes]], list[bytes]], problem: str) -> None:
    before = mail(log).read_bytes()
    rewrite(mail(log), change)
    assert mail(log).read_bytes() != before
    report = verify(log)
    assert any(problem in text for text in report.problems), report.problems


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows[1:],
        lambda rows: [rows[0], rows[1].replace(b'"number":2', b'"number":3')],
        lambda rows: [rows[0].replace(b'"signature":"', b'"signature":"00', 1), rows[1]],
        lambda rows: [rows[1], rows[0]],
        lambda rows: [b"garbage\n"],
        lambda rows: [rows[0].replace(b'"signature":"', b'"signature":"\xff', 1), rows[1]],
        lambda rows: [rows[0].replace(b'{"c":{', b'{"c":{"\xff":1,', 1), rows[1]],
    ],
)
def test_tampering_with_checkpoints_is_named(log: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    rewrite(log / "checkpoints.jsonl", change)
    assert verify(log).problems


def test_a_forged_chain_with_right_hashes_does_not_match_the_signed_heads(
    log: Path, clock: FixedClock, random: SystemRandom
) -> None:
    import hashlib

    rows = mail(log).read_bytes().splitlines()
    forged, prev = [], ""
    for raw in rows:
        line = json.loads(raw)
        line["e"]["size_bytes"] = 1
        line["e"]["prev"] = prev
        header = json.dumps(line["e"], separators=(",", ":"))
        prev = line["hash"] = hashlib.sha256(header.encode()).hexdigest()
        forged.append(json.dumps(line, separators=(",", ":")).encode() + b"\n")
    mail(log).write_bytes(b"".join(forged))
    problems = verify(log).problems
    assert problems
    assert all("is not what checkpoint" in text for text in problems)


def test_erased_personal_parts_are_counted_and_sound(log: Path) -> None:
    rewrite(mail(log), lambda rows: [erased(rows[0]), *rows[1:]])
    report = verify(log)
    assert (report.is_sound, report.erased) == (True, 1)


def test_a_torn_line_is_told_and_is_no_tampering(log: Path) -> None:
    rewrite(mail(log), lambda rows: [*rows[:-1], rows[-1][:40] + b"\n"])
    report = verify(log)
    assert (report.is_sound, report.torn) == (True, 1)
