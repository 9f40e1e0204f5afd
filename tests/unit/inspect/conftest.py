"""One zygote for all tests of a process; each test is a front of its own."""

import socket
from collections.abc import Iterator

import pytest

from tests.support.inspectors import zygote


@pytest.fixture(scope="session")
def owner() -> Iterator[socket.socket]:
    """The owner's end of a zygote with the hostile jobs."""
    with zygote() as sock:
        yield sock
