"""Small counters with bounds: buckets that leak, names that were seen within a time, tables that forget."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Annotated, Generic, TypeVar

import msgspec

V = TypeVar("V")

Seconds = Annotated[float, msgspec.Meta(ge=-1e12, le=1e12)]  # so no infinity and no NaN
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
KeptName = tuple[str, Seconds, Count]  # of Seen: a name, when it was seen last, how often


class Leak:
    """A bucket that loses ``rate`` of its content a second; :meth:`add` says how full it is then."""

    __slots__ = ("at_s", "level")

    def __init__(self) -> None:
        self.level = 0.0
        self.at_s = 0.0

    def add(self, now_s: float, *, capacity: int, window_s: float) -> float:
        """One more; a full bucket is empty again after ``window_s``."""
        self.level = max(0.0, self.level - (now_s - self.at_s) * capacity / window_s) + 1.0
        self.at_s = now_s
        return self.level

    def take_back(self, count: int) -> None:
        """These were no failures after all."""
        self.level = max(0.0, self.level - count)


class Seen:
    """Who was seen within the last time, and how often each; beyond ``most`` the longest unseen is forgotten."""

    __slots__ = ("_names", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self._names: dict[str, tuple[float, int]] = {}  # the longest unseen first; half of an OrderedDict

    def __len__(self) -> int:
        return len(self._names)

    def add(self, name: str, now_s: float, window_s: float) -> None:
        """Once more; what was seen longer ago than ``window_s`` goes."""
        while self._names:
            oldest, (at_s, _) = next(iter(self._names.items()))
            if now_s - at_s < window_s:
                break
            del self._names[oldest]
        _, count = self._names.pop(name, (0.0, 0))
        self._names[name] = (now_s, count + 1)
        while len(self._names) > self.most:
            del self._names[next(iter(self._names))]

    def discard(self, name: str) -> int:
        """It does not count any more; how often it did."""
        return self._names.pop(name, (0.0, 0))[1]

    def within(self, now_s: float, window_s: float) -> int:
        """How many were seen so lately."""
        return sum(1 for at_s, _ in reversed(self._names.values()) if now_s - at_s < window_s)

    def rare(self, times: int) -> int:
        """How many were seen so few times each."""
        return sum(1 for _, count in self._names.values() if count <= times)

    def clear(self) -> None:
        """Begin anew."""
        self._names.clear()

    def kept(self) -> tuple[KeptName, ...]:
        """All of it, the longest unseen first."""
        return tuple((name, at_s, count) for name, (at_s, count) in self._names.items())

    def restore(self, rows: Iterable[KeptName]) -> None:
        """As :meth:`kept` gave it; of more than ``most`` the last."""
        self._names = {name: (at_s, count) for name, at_s, count in list(rows)[-self.most :]}


class Bounded(Generic[V]):
    """Values by name, made when first asked for; beyond ``most`` the longest unused goes."""

    def __init__(self, make: Callable[[], V], most: int) -> None:
        self._make = make
        self._most = most
        self._values: OrderedDict[str, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def of(self, name: str) -> V:
        """The value of a name, and it is the newest."""
        value = self._values.get(name)
        if value is None:
            value = self._values[name] = self._make()
            if len(self._values) > self._most:
                self._values.popitem(last=False)
        else:
            self._values.move_to_end(name)
        return value

    def find(self, name: str) -> V | None:
        """The value if there is one."""
        return self._values.get(name)

    def newest(self, most: int) -> list[str]:
        """So many names that were used last, the newest last."""
        return list(islice(reversed(self._values), most))[::-1]

    def put(self, name: str, value: V) -> None:
        """It is the newest, with this value."""
        self._values.pop(name, None)
        self._values[name] = value
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def drop(self, name: str) -> None:
        """Forget it."""
        self._values.pop(name, None)
