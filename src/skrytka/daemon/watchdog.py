"""Watches that the loop of a front turns: a callback that holds it holds every session of the process."""

import asyncio

from skrytka.model.clock import Clock
from skrytka.model.events import Emitter, FaultRaised

STEP_S = 0.5
LAG_S = 0.5  # ten times what a command may take
QUIET_S = 60.0  # one event a minute tells it


class LoopWatch:
    """Measures how late a timer comes."""

    def __init__(self, clock: Clock, events: Emitter) -> None:
        self._clock = clock
        self._events = events
        self._told_s = float("-inf")
        self.worst_s = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            before_s = self._clock.monotonic_s()
            await asyncio.sleep(STEP_S)
            self.measured(self._clock.monotonic_s() - before_s - STEP_S)

    def measured(self, lag_s: float) -> None:
        """The loop came so much later than it was asked to."""
        self.worst_s = max(self.worst_s, lag_s)
        now_s = self._clock.monotonic_s()
        if lag_s >= LAG_S and now_s - self._told_s >= QUIET_S:
            self._told_s = now_s
            self._events.emit(FaultRaised(fault="F-loop-lag", detail=f"{lag_s * 1000:.0f} ms"))
