import pytest

from skrytka.model.engine import TimedOut, Woken
from skrytka.model.errors import LocalProtocolError
from skrytka.net.driver import Events
from tests.unit.net.harness import End, Line, LineEngine


class Script:
    """Input without a connection: bytes arrive, or a signal comes instead."""

    def __init__(self, *steps: bytes | Woken | TimedOut) -> None:
        self._steps = list(steps)

    async def wait_input(self) -> Woken | TimedOut | None:
        step = self._steps[0]
        if isinstance(step, bytes):
            return None
        self._steps.pop(0)
        return step

    def take_input(self) -> bytes:
        step = self._steps.pop(0)
        assert isinstance(step, bytes)
        return step


async def collect(*steps: bytes | Woken | TimedOut) -> list[object]:
    engine = LineEngine()
    seen: list[object] = []
    async for event in Events(Script(*steps), engine):
        seen.append(event)
        if isinstance(event, Line):
            engine.send(b"ok")
    return seen


async def test_events_come_in_order_and_end_after_the_end_of_file() -> None:
    assert await collect(b"a\nb", b"c\n", b"") == [Line(b"a"), Line(b"bc"), End()]


async def test_signals_come_between_and_lose_nothing() -> None:
    steps = (b"a", Woken(), b"b\n", TimedOut(), b"")
    assert await collect(*steps) == [Woken(), Line(b"ab"), TimedOut(), End()]


async def test_an_unanswered_event_is_a_bug_of_the_session() -> None:
    events = Events(Script(b"a\n"), LineEngine())
    assert await anext(events) == Line(b"a")
    with pytest.raises(LocalProtocolError):
        await anext(events)
