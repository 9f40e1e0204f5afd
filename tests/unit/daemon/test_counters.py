"""What the supervisor counts is there after its end, and a file that is not ours is an event and nothing else."""

# ruff: noqa: ASYNC240 - small files of a test

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skrytka.daemon import counters as module
from skrytka.daemon.counters import Counters, Lasting
from skrytka.mail.identity.attacks.sightings import Sightings
from skrytka.mail.identity.attacks.words import Act, Guard, Outcome, Tried
from skrytka.model.clock import FixedClock
from skrytka.model.events import FaultRaised
from skrytka.model.secret import Secret
from skrytka.model.settings import Attacks
from skrytka.net.limits import LimitTable
from skrytka.store.seal.recovery import RecoveryKey
from skrytka.store.seal.ring import KeyRing
from skrytka.store.system import SystemRandom
from tests.unit.mail.support import Recorder

RANDOM = SystemRandom()


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyRing]:
    path = tmp_path_factory.mktemp("ring") / "ring.sqlite"
    made = KeyRing.initialise(path, Secret(b"m" * 32), RecoveryKey(Secret(b"r" * 32)).public, FixedClock(), RANDOM)
    yield made
    made.close()


class Run:
    """One life of the supervisor; ``clock`` is the machine's, whose monotonic time begins anew."""

    def __init__(self, path: Path, ring: KeyRing, clock: FixedClock) -> None:
        self.events = Recorder()
        self.lasting = Lasting(clock)
        self.table = LimitTable(self.lasting)
        self.sightings = Sightings(self.lasting, Attacks())
        self.counters = Counters(path, ring, self.lasting, RANDOM, self.table, self.sightings.counted, self.events)
        self.counters.load()

    def take(self) -> bool:
        return self.table.take("login-address", "192.0.2.1", limit=3, window_s=900.0)

    def fail(self) -> None:
        for number in range(5):
            self.sightings.note(Tried(f"?{number}", "192.0.2.1", "192.0.2.0/24", Outcome.WRONG))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "counters"


async def test_what_was_counted_and_decided_holds_after_a_restart(path: Path, ring: KeyRing) -> None:
    first = Run(path, ring, FixedClock(monotonic_s=50_000.0))
    assert [first.take() for _ in range(4)] == [True, True, True, False]
    first.fail()
    await first.counters.keep()
    later = FixedClock(monotonic_s=7.0)
    later.jump(60)
    second = Run(path, ring, later)
    assert second.events.events == []
    assert not second.take()
    assert second.sightings.standing() == (Guard(Act.REFUSE, "192.0.2.1", 540.0),)
    later.advance(1800)
    assert second.take()
    assert second.sightings.standing() == ()


async def test_what_has_ended_meanwhile_is_not_there(path: Path, ring: KeyRing) -> None:
    first = Run(path, ring, FixedClock())
    first.take()
    first.fail()
    await first.counters.keep()
    later = FixedClock()
    later.jump(3600)
    second = Run(path, ring, later)
    assert second.sightings.standing() == ()
    assert list(second.table.kept(9)) == []


async def test_a_clock_that_was_set_back_makes_nothing_younger(path: Path, ring: KeyRing) -> None:
    first = Run(path, ring, FixedClock())
    first.fail()
    await first.counters.keep()
    earlier = FixedClock(monotonic_s=1.0)
    earlier.jump(-86_400)
    assert Run(path, ring, earlier).sightings.standing() == (Guard(Act.REFUSE, "192.0.2.1", 600.0),)


async def test_nothing_is_written_while_nothing_changes_and_nothing_of_it_is_clear(path: Path, ring: KeyRing) -> None:
    run = Run(path, ring, FixedClock())
    await run.counters.keep()
    assert not path.exists()
    run.take()
    await run.counters.keep()
    written = path.read_bytes()
    await run.counters.keep()
    assert path.read_bytes() == written
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"192.0.2" not in written
    assert b"login" not in written


async def test_a_file_that_is_torn_changed_or_not_ours_is_an_event_and_counts_as_none(
    path: Path, ring: KeyRing
) -> None:
    run = Run(path, ring, FixedClock())
    run.take()
    run.fail()
    await run.counters.keep()
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(flipped) // 2] ^= 1
    for octets in (b"", b"SKRC", whole[:20], whole[:-1], whole + b"\0", bytes(flipped), b"x" * 1000, whole[::-1]):
        path.write_bytes(octets)
        again = Run(path, ring, FixedClock())
        assert [type(event) for event in again.events.events] == [FaultRaised]
        assert again.events.events[0].fault == "F-counters"  # type: ignore[attr-defined]
        assert again.sightings.standing() == ()
        assert list(again.table.kept(9)) == []
        again.take()
        await again.counters.keep()  # and the next one is whole
        assert Run(path, ring, FixedClock()).events.events == []


async def test_what_is_sealed_and_no_row_is_an_event_too(path: Path, ring: KeyRing) -> None:
    run = Run(path, ring, FixedClock())
    for plain in (b"", b"\x90", b"\x91\x91\xa4head", b"\xc1", b"\x91" * 100_000):
        run.counters._write(plain, run.counters._cipher())
        again = Run(path, ring, FixedClock())
        assert len(again.events.events) == 1
        assert again.lasting.monotonic_s() == FixedClock().monotonic_s()


async def test_a_file_that_is_too_long_or_no_file_is_not_read(
    path: Path, ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FILE_MAX_BYTES", 100)
    path.write_bytes(b"SKRC\x01" + b"x" * 100)
    assert len(Run(path, ring, FixedClock()).events.events) == 1
    path.unlink()
    path.mkdir()
    assert len(Run(path, ring, FixedClock()).events.events) == 1


async def test_a_disk_that_refuses_is_told_once_and_tried_again(path: Path, ring: KeyRing) -> None:
    run = Run(path, ring, FixedClock())
    path.mkdir()
    for _ in range(2):
        run.take()
        await run.counters.keep()
    assert len(run.events.events) == 1
    path.rmdir()
    await run.counters.keep()
    assert path.exists()
    path.unlink()
    path.mkdir()
    run.table.refund("login-address", "192.0.2.1")
    await run.counters.keep()
    assert len(run.events.events) == 2


async def test_a_long_file_is_written_in_pieces_and_in_a_thread(
    path: Path, ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLICE_BYTES", 100)
    threads: list[int] = []
    write = Counters._write

    def noted(self: Counters, plain: bytes, cipher: object) -> None:
        threads.append(threading.get_ident())
        write(self, plain, cipher)  # type: ignore[arg-type]

    monkeypatch.setattr(Counters, "_write", noted)
    run = Run(path, ring, FixedClock())
    for number in range(50):
        run.table.take("rule", f"{number}", limit=9, window_s=60.0)
    await run.counters.keep()
    assert threads[0] != threading.get_ident()
    assert len(list(Run(path, ring, FixedClock()).table.kept(99))) == 50


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(octets=st.binary(max_size=200))
def test_any_octets_are_read_or_told(tmp_path: Path, ring: KeyRing, octets: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(octets)
    assert len(Run(path, ring, FixedClock()).events.events) == 1
    os.unlink(path)


async def test_a_bug_in_keeping_ends_no_server(path: Path, ring: KeyRing, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(path, ring, FixedClock())
    run.take()

    def broken(_self: LimitTable, _most: int) -> Iterator[object]:
        raise RuntimeError

    monkeypatch.setattr(LimitTable, "kept", broken)
    await run.counters.keep()
    assert run.events.names() == ["BugCaught"]
