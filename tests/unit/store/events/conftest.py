"""What the tests of the event log share."""

import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.events import MessageReceived
from skrytka.model.ids import TraceId
from skrytka.store.system import SystemRandom

TRACE = TraceId(bytes(range(16)))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(now_ms=1_795_343_105_123)  # 2026-11-22T10:25:05.123Z


@pytest.fixture
def random() -> SystemRandom:
    return SystemRandom()


def received(recipient: str = "alice@example.test", trace: TraceId | None = TRACE) -> MessageReceived:
    return MessageReceived(
        trace=trace,
        remote="192.0.2.7",
        helo="client.example",
        reverse_path="bob@example.net",
        recipients=(recipient,),
        size_bytes=1234,
    )
