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


class FixedClock:
    """A clock that a test moves by hand."""

    def __init__(self, now_ms: int = 1_800_000_000_000, monotonic_s: float = 1000.0) -> None:
        self._now_ms = now_ms
        self._monotonic_s = monotonic_s

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def advance(self, seconds: float) -> None:
        """Move both times on."""
        self._now_ms += int(seconds * 1000)
        self._monotonic_s += seconds
