"""store/events/index.py."""

import fcntl
import hashlib
from pathlib import Path

import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.events import LoginFailed, MessageDelivered
from skrytka.model.ids import TraceId, id_text
from skrytka.store.events.files import event_files
from skrytka.store.events.index import EventIndex
from skrytka.store.events.writer import EventWriter
from skrytka.store.system import SystemRandom
from tests.unit.store.events.conftest import TRACE, received

OTHER = TraceId(bytes(16))


def mac(data: bytes) -> bytes:
    return hashlib.blake2b(data, key=b"test", digest_size=16).digest()


async def filled(folder: Path, clock: FixedClock, random: SystemRandom) -> EventWriter:
    writer = EventWriter(folder, "front-1", clock, random)
    writer.emit(received("Alice@Example.test"))
    writer.emit(received("carol@example.test", trace=OTHER))
    clock.advance(1)
    writer.emit(MessageDelivered(trace=TRACE, recipient="alice@example.test", account=1, mailbox=1, uid=1, emailid="x"))
    writer.emit(
        LoginFailed(name="alice@example.test", remote="192.0.2.1", service="imap", mechanism="PLAIN", reason="bad")
    )
    await writer.flush()
    return writer


async def test_an_address_finds_its_events_and_all_that_share_their_trace(
    tmp_path: Path, clock: FixedClock, random: SystemRandom
) -> None:
    await filled(tmp_path, clock, random)
    index = EventIndex(tmp_path, mac)
    assert index.update() == 4
    found = index.by_address("ALICE@example.TEST")
    assert [event.kind for event in found] == ["message_received", "message_delivered", "login_failed"]
    assert found[0].fields["recipients"] == ["Alice@Example.test"]
    assert index.by_address("nobody@example.test") == []
    index.close()


async def test_a_trace_id_finds_its_events_and_updates_read_only_what_is_new(
    tmp_path: Path, clock: FixedClock, random: SystemRandom
) -> None:
    writer = await filled(tmp_path, clock, random)
    index = EventIndex(tmp_path, mac)
    index.update()
    assert index.update() == 0
    writer.emit(received(trace=OTHER))
    await writer.flush()
    assert index.update() == 1
    assert len(index.by_trace(id_text(OTHER).lower())) == 2
    index.close()


async def test_the_index_tells_no_address_without_the_key(
    tmp_path: Path, clock: FixedClock, random: SystemRandom
) -> None:
    await filled(tmp_path, clock, random)
    index = EventIndex(tmp_path, mac)
    index.update()
    index.close()
    assert b"example" not in (tmp_path / "index.sqlite").read_bytes()


async def test_a_broken_index_is_made_anew(tmp_path: Path, clock: FixedClock, random: SystemRandom) -> None:
    await filled(tmp_path, clock, random)
    (tmp_path / "index.sqlite").write_bytes(b"not a database" * 1000)
    index = EventIndex(tmp_path, mac)
    assert index.update() == 4
    index.close()


async def test_what_was_in_a_file_that_is_gone_is_forgotten(
    tmp_path: Path, clock: FixedClock, random: SystemRandom
) -> None:
    await filled(tmp_path, clock, random)
    index = EventIndex(tmp_path, mac)
    index.update()
    (tmp_path / "2026-11-22" / "mail.jsonl").unlink()
    assert index.by_trace(id_text(TRACE)) == []
    index.update()
    assert index._database.rows("SELECT count(*) FROM by_trace") == [(0,)]
    assert [event.kind for event in index.by_address("alice@example.test")] == ["login_failed"]
    index.close()


async def test_a_line_that_was_damaged_since_hides_no_other(
    tmp_path: Path, clock: FixedClock, random: SystemRandom
) -> None:
    await filled(tmp_path, clock, random)
    index = EventIndex(tmp_path, mac)
    index.update()
    [path] = [path for path in event_files(tmp_path) if b"message_received" in path.read_bytes().splitlines()[0]]
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"\xff" * (len(lines[0]) - 1) + b"\n" + b"".join(lines[1:]))
    assert [event.kind for event in index.by_address("alice@example.test")] == ["message_delivered", "login_failed"]
    index.close()


async def test_an_index_that_could_not_be_opened_keeps_nobody_waiting(tmp_path: Path) -> None:
    (tmp_path / "index.sqlite").mkdir()  # neither opened nor made anew
    with pytest.raises(OSError, match="index"):
        EventIndex(tmp_path, mac)
    with (tmp_path / "index.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
