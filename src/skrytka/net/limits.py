"""How much one address, network or account may do: counting only, in memory, by the clock handed in.

The supervisor keeps the one table that all fronts share (design section 4); a front asks it through
:class:`SharedLimits`. What windows count outlives the supervisor
(``daemon.counters``); caps do not, for what they count ends with it. A table is bounded: beyond ``WINDOWS_MAX`` keys
the longest unused window is forgotten, so somebody with a million addresses can make it forget, not make it grow; a
cap counts things that exist (connections) and is never forgotten.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, Protocol

import msgspec

from skrytka.model.clock import Clock

WINDOWS_MAX = 200_000  # about 60 MB at worst


Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Cap(msgspec.Struct, frozen=True):
    """At most ``limit`` of something at a time, of which ``count`` are meant; 0 lifts the bound."""

    rule: str
    key: str
    limit: int
    count: int = 1


class SharedLimits(Protocol):
    """What a front sees. Each call may raise TransientError(SHUTTING_DOWN) when the supervisor is gone."""

    async def take(self, rule: str, key: str, *, cost: int = 1, limit: int, window_s: float) -> bool:
        """Count ``cost`` if at most ``limit`` are counted within the sliding window then; False: it is too much."""
        ...

    async def spend(self, rule: str, key: str, *, limit: int, window_s: float, lease: int) -> bool:
        """As :meth:`take` of one; a front may take ``lease`` at once and ask no more until it has spent them.

        For what is counted often: each front may keep up to ``lease`` that others miss, or that a later window gets.
        """
        ...

    async def refund(self, rule: str, key: str, *, cost: int = 1) -> None:
        """Take back what the latest :meth:`take` counted (the password was right after all)."""
        ...

    async def acquire(self, caps: tuple[Cap, ...]) -> Cap | None:
        """All of the caps or none; the first that is full is returned."""
        ...

    async def release(self, caps: tuple[Cap, ...]) -> None:
        """Give back what :meth:`acquire` took."""
        ...


class KeptWindow(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="window"):
    """One window of a table, for the table of the next process."""

    rule: str
    key: str
    window_s: Annotated[float, msgspec.Meta(gt=0)]
    number: Count
    current: Count
    before: Count


class _Window:
    """Counts of this window and of the one before."""

    __slots__ = ("before", "current", "number", "window_s")

    def __init__(self, number: int, window_s: float) -> None:
        self.number = number
        self.window_s = window_s
        self.current = 0
        self.before = 0


class LimitTable:
    """Sliding windows and caps. ``holder`` names the process that took a cap, so that its death gives all back."""

    def __init__(self, clock: Clock, windows_max: int = WINDOWS_MAX) -> None:
        self._clock = clock
        self._windows_max = windows_max
        self._windows: OrderedDict[tuple[str, str], _Window] = OrderedDict()
        self._caps: dict[tuple[str, str], int] = {}
        self._held: dict[str, dict[tuple[str, str], int]] = {}
        self.changes = 0  # of windows

    def __len__(self) -> int:
        return len(self._windows) + len(self._caps)

    def take(self, rule: str, key: str, *, cost: int = 1, limit: int, window_s: float) -> bool:
        """As :meth:`SharedLimits.take`; what is refused is not counted; limit 0 lifts the bound.

        The window slides: the last whole window counts by the share of it that is still within ``window_s``, which is
        exact for an even flow and never lets through more than twice the limit within one window.
        """
        if limit <= 0:
            return True
        position = self._clock.monotonic_s() / window_s
        window = self._window((rule, key), int(position), window_s)
        still = window.before * (1.0 - position % 1.0)
        if window.current + still + cost > limit:
            return False
        window.current += cost
        self.changes += 1
        return True

    def refund(self, rule: str, key: str, *, cost: int = 1) -> None:
        """As :meth:`SharedLimits.refund`; never below nothing."""
        if (window := self._windows.get((rule, key))) is not None:
            window.current = max(0, window.current - cost)
            self.changes += 1

    def acquire(self, caps: Iterable[Cap], holder: str = "") -> Cap | None:
        """As :meth:`SharedLimits.acquire`."""
        wanted = tuple(caps)
        for cap in wanted:
            if 0 < cap.limit < self._caps.get((cap.rule, cap.key), 0) + cap.count:
                return cap
        held = self._held.setdefault(holder, {})
        for cap in wanted:
            name = (cap.rule, cap.key)
            self._caps[name] = self._caps.get(name, 0) + cap.count
            held[name] = held.get(name, 0) + cap.count
        return None

    def release(self, caps: Iterable[Cap], holder: str = "") -> None:
        """As :meth:`SharedLimits.release`; what the holder does not hold is ignored."""
        held = self._held.get(holder, {})
        for cap in caps:
            name = (cap.rule, cap.key)
            if (count := min(held.get(name, 0), cap.count)) > 0:
                _lower(held, name, count)
                _lower(self._caps, name, count)

    def release_holder(self, holder: str) -> None:
        """Its process has ended: all that it held is free."""
        for name, count in self._held.pop(holder, {}).items():
            _lower(self._caps, name, count)

    def in_use(self, rule: str, key: str) -> int:
        """How many of a cap are taken."""
        return self._caps.get((rule, key), 0)

    def kept(self, most: int) -> Iterator[KeptWindow]:
        """Windows that count still, of the ``most`` used last, the newest last; the table may change between two."""
        for name in list(islice(reversed(self._windows), most))[::-1]:
            window = self._windows.get(name)
            if window is None or self._clock.monotonic_s() / window.window_s >= window.number + 2:
                continue
            yield KeptWindow(*name, window.window_s, window.number, window.current, window.before)

    def restore(self, kept: KeptWindow) -> None:
        """One of them, in the same order, by a clock that goes on where the other stopped."""
        window = self._windows[kept.rule, kept.key] = _Window(kept.number, kept.window_s)
        window.current, window.before = kept.current, kept.before

    def _window(self, name: tuple[str, str], number: int, window_s: float) -> _Window:
        window = self._windows.get(name)
        if window is None:
            window = self._windows[name] = _Window(number, window_s)
            if len(self._windows) > self._windows_max:
                self._windows.popitem(last=False)
            return window
        self._windows.move_to_end(name)
        if number != window.number:
            window.before = window.current if number == window.number + 1 else 0
            window.current = 0
            window.number, window.window_s = number, window_s
        return window


class LocalLimits:
    """:class:`SharedLimits` over a table of this process: for tests, tools, and while the supervisor is away."""

    def __init__(self, table: LimitTable) -> None:
        self._table = table

    async def take(self, rule: str, key: str, *, cost: int = 1, limit: int, window_s: float) -> bool:
        return self._table.take(rule, key, cost=cost, limit=limit, window_s=window_s)

    async def spend(self, rule: str, key: str, *, limit: int, window_s: float, lease: int) -> bool:
        return self._table.take(rule, key, limit=limit, window_s=window_s)

    async def refund(self, rule: str, key: str, *, cost: int = 1) -> None:
        self._table.refund(rule, key, cost=cost)

    async def acquire(self, caps: tuple[Cap, ...]) -> Cap | None:
        return self._table.acquire(caps)

    async def release(self, caps: tuple[Cap, ...]) -> None:
        self._table.release(caps)


def _lower(counts: dict[tuple[str, str], int], name: tuple[str, str], by: int) -> None:
    left = counts[name] - by
    if left > 0:
        counts[name] = left
    else:
        del counts[name]
