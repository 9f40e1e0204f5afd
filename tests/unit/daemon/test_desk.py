from collections.abc import Iterator
from pathlib import Path

import pytest

from skrytka.daemon.desk import DAY_S, Desk, _read_known
from skrytka.daemon.messages import (
    Acquired,
    AnyMessage,
    CapAcquire,
    CapRelease,
    ChainHeads,
    Drain,
    Fault,
    Key,
    KeyRequest,
    LimitRefund,
    LimitTake,
    Taken,
)
from skrytka.daemon.prepare import prepare
from skrytka.model.clock import FixedClock
from skrytka.model.errors import Reason, RemoteProtocolError, TransientError
from skrytka.net.limits import Cap
from skrytka.store.system import SystemClock, SystemRandom
from tests.support import installations
from tests.support.logs import CountingLog
from tests.support.ports import free_block

CAPS = (Cap("total", "", 1),)
PORT = free_block()


@pytest.fixture
def log() -> CountingLog:
    return CountingLog()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def desk(tmp_path: Path, log: CountingLog, clock: FixedClock) -> Iterator[Desk]:
    ports = {"smtp": PORT, "imap": PORT + 1, "imaps": PORT + 2}
    layout = installations.make_confirmed(tmp_path / "s", ports=ports)
    prepared = prepare(layout.config, SystemClock(), SystemRandom())
    yield Desk(prepared, clock, SystemRandom(), log)
    prepared.close()


def test_each_question_has_its_answer(desk: Desk, log: CountingLog) -> None:
    assert isinstance(desk.answer("front-0", KeyRequest(call=1, subject="node:pepper")), Key)
    take = LimitTake(call=2, rule="r", key="k", cost=1, limit=1, window_s=60.0)
    assert desk.answer("front-0", take) == Taken(call=2, is_allowed=True)
    assert desk.answer("front-1", take) == Taken(call=2, is_allowed=False)
    assert desk.answer("front-1", LimitRefund(rule="r", key="k", cost=1)) is None
    assert desk.answer("store", Fault(fault="disk-full", detail="")) is None
    assert desk.answer("front-0", ChainHeads(heads={"front-0.A.mail": (1, "aa")})) is None
    assert log.counts == {"FaultRaised": 1}


def test_what_a_process_held_is_free_when_it_has_ended(desk: Desk) -> None:
    assert desk.answer("front-0", CapAcquire(call=1, caps=CAPS)) == Acquired(call=1)
    assert desk.answer("front-1", CapAcquire(call=2, caps=CAPS)) == Acquired(call=2, full=CAPS[0])
    desk.ended("front-0")
    assert desk.answer("front-1", CapAcquire(call=3, caps=CAPS)) == Acquired(call=3)
    desk.answer("front-1", CapRelease(caps=CAPS))
    assert desk.answer("front-0", CapAcquire(call=4, caps=CAPS)) == Acquired(call=4)


def test_old_versions_of_keys_expire_by_the_day(
    desk: Desk, log: CountingLog, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    days: list[float] = []
    monkeypatch.setattr(desk._ring, "expire", lambda _now_ms: days.append(clock.monotonic_s()))
    for _ in range(3):
        desk.tick()
        clock.advance(DAY_S / 2)
    assert len(days) == 2

    def fail(_now_ms: int) -> None:
        raise TransientError(Reason.DISK_FULL)

    monkeypatch.setattr(desk._ring, "expire", fail)
    clock.advance(DAY_S)
    desk.tick()
    assert log.counts["FaultRaised"] == 1


def test_the_time_that_is_known_is_kept_for_the_next_start(desk: Desk, clock: FixedClock) -> None:
    began_ms = clock.now_ms()
    desk.tick()
    clock.jump(365 * DAY_S)
    clock.advance(DAY_S)
    desk.tick()
    path = desk._known_time
    assert int(path.read_bytes()) == began_ms + 2 * int(DAY_S) * 1000
    path.write_bytes(b"no number")
    assert _read_known(path) is None


@pytest.mark.parametrize(
    ("name", "message"), [("store", KeyRequest(call=1, subject="account:1")), ("front-0", Drain(seconds=1.0))]
)
def test_what_a_child_must_not_ask_is_a_breach(desk: Desk, name: str, message: AnyMessage) -> None:
    with pytest.raises(RemoteProtocolError):
        desk.answer(name, message)
