"""Time and randomness are handed in, so that no test sleeps and no layer reads the machine's clock by itself."""

from typing import Protocol


class Clock(Protocol):
    """Wall time for records, monotonic time for deadlines."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC; may step backwards."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never go backwards; comparable within one process only."""
        ...


class Random(Protocol):
    """A source of cryptographically strong bytes."""

    def token(self, length: int) -> bytes:
        """``length`` unpredictable bytes."""
        ...


class AgeClock:
    """Time for whatever is deleted or given up for its age: a wrong clock of the machine does not carry it away.

    It goes on from the time that was known last, never faster than twice the time that really goes by, and is never
    ahead of the wall clock. So a clock that jumps forward makes nothing old, and after a time switched off things are
    kept up to as much longer.
    """

    RATE = 2

    def __init__(self, clock: Clock, known_ms: int | None) -> None:
        """``known_ms`` is :attr:`known_ms` of the last run; None trusts the wall clock once."""
        self._clock = clock
        self._seen_s = clock.monotonic_s()
        self.known_ms = clock.now_ms() if known_ms is None else known_ms

    def now_ms(self) -> int:
        wall_ms, seen_s = self._clock.now_ms(), self._clock.monotonic_s()
        passed_ms = int((seen_s - self._seen_s) * 1000)
        self._seen_s += passed_ms / 1000
        if wall_ms > self.known_ms:
            self.known_ms = min(wall_ms, self.known_ms + self.RATE * passed_ms)
        return min(wall_ms, self.known_ms)

    def monotonic_s(self) -> float:
        return self._clock.monotonic_s()


class FixedClock:
    """A clock that a test moves by hand."""

    def __init__(self, now_ms: int = 1_800_000_000_000, monotonic_s: float = 1000.0) -> None:
        self._now_ms = now_ms
        self._monotonic_s = monotonic_s

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def jump(self, seconds: float) -> None:
        """Move the wall clock alone, as somebody who sets it does."""
        self._now_ms += int(seconds * 1000)

    def advance(self, seconds: float) -> None:
        """Move both times on."""
        self._now_ms += int(seconds * 1000)
        self._monotonic_s += seconds
