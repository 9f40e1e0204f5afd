"""How long a test may be: short by hand, long in CI (SKRYTKA_LONG=1, set by REQUIRE_ALL=1)."""

import os
from typing import TypeVar

T = TypeVar("T")


def require_all() -> bool:
    """Whether a test that cannot run is a failure (``.ci/run``)."""
    return os.environ.get("REQUIRE_ALL") == "1"


def long() -> bool:
    """Whether the long sizes are wanted: 60 s of fuzzing a parser, 10,000 sessions, 100,000 messages."""
    return require_all() or os.environ.get("SKRYTKA_LONG") == "1"


def pick(short: T, long_size: T) -> T:
    """The size for this run: ``sessions = pick(200, 10_000)``."""
    return long_size if long() else short
