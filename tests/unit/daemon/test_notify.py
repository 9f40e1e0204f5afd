import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from skrytka.daemon.notify import VARIABLE, Notifier
from skrytka.model.clock import FixedClock


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(5)
        yield sock


def test_each_state_is_one_datagram(systemd: socket.socket) -> None:
    notifier = Notifier(systemd.getsockname(), FixedClock())
    notifier.ready()
    assert systemd.recv(1000) == b"READY=1"
    notifier.reloading()
    first, second = systemd.recv(1000).decode().splitlines()
    assert first == "RELOADING=1"
    assert second == f"MONOTONIC_USEC={int(FixedClock().monotonic_s() * 1_000_000)}"
    notifier.stopping("SIGTERM\nREADY=1")
    assert systemd.recv(1000) == b"STOPPING=1\nSTATUS=stopping: SIGTERM"


def test_an_abstract_socket_is_reached() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("")  # the kernel chooses an abstract name
        sock.settimeout(5)
        Notifier("@" + sock.getsockname()[1:].decode(), FixedClock()).ready()
        assert sock.recv(100) == b"READY=1"


def test_signs_of_life_are_given_three_times_as_often_as_systemd_asks(systemd: socket.socket) -> None:
    clock = FixedClock()
    notifier = Notifier.take({VARIABLE: systemd.getsockname(), "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, clock)
    for _ in range(41):
        notifier.alive()
        clock.advance(1)
    systemd.setblocking(False)
    assert [systemd.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    Notifier.take({VARIABLE: systemd.getsockname(), "WATCHDOG_USEC": "often"}, clock).alive()
    with pytest.raises(BlockingIOError):
        systemd.recv(100)


def test_no_child_inherits_it() -> None:
    environment = {VARIABLE: "/nowhere/at/all", "PATH": "/bin"}
    Notifier.take(environment, FixedClock()).ready()  # nobody listens: nothing happens
    assert environment == {"PATH": "/bin"}


@pytest.mark.parametrize("address", [None, "", "/x" * 200, "@\udc80"])
def test_without_systemd_it_is_silent(address: str | None) -> None:
    Notifier(address, FixedClock()).ready()
