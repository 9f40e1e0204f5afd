import os
import socket
from pathlib import Path
from typing import cast

import pytest

from skrytka.daemon import channel
from skrytka.daemon.messages import Alive, Drain, Fault, Ready, Reload, Start, StoreSocket
from skrytka.daemon.store_child import ALIVE_S, ChildControl, run_store_child
from skrytka.model.clock import FixedClock
from skrytka.model.settings import Settings
from skrytka.store.process import StoreLoop

SETTINGS = Settings(version=1, hostname="mail.example.test")


class Loop:
    """Takes clients."""

    def __init__(self) -> None:
        self.clients: list[socket.socket] = []

    def add_client(self, sock: socket.socket) -> None:
        self.clients.append(sock)


def test_new_fronts_come_in_and_drain_ends_it() -> None:
    near, far = channel.pair()
    loop = Loop()
    control = ChildControl(near, FixedClock())
    with near, far, socket.socket() as front:
        channel.send_blocking(far, StoreSocket(front=1), [front.fileno()])
        assert control.readable(cast("StoreLoop", loop))
        channel.send_blocking(far, Reload(settings=SETTINGS))
        assert control.readable(cast("StoreLoop", loop))
        channel.send_blocking(far, Drain(seconds=1.0))
        assert not control.readable(cast("StoreLoop", loop))
    (client,) = loop.clients
    assert not os.get_inheritable(client.fileno())
    client.close()


def test_the_end_of_the_supervisor_ends_it() -> None:
    near, far = channel.pair()
    far.close()
    with near:
        assert not ChildControl(near, FixedClock()).readable(cast("StoreLoop", Loop()))
        ChildControl(near, FixedClock()).fault("disk-full", "nobody hears it")


def test_it_says_now_and_then_that_it_lives_and_waits_for_no_listener() -> None:
    near, far = channel.pair()
    clock = FixedClock()
    with near, far:
        control = ChildControl(near, clock)
        for _ in range(4):
            clock.advance(ALIVE_S / 2)
            control.tick()
        far.setblocking(False)
        assert [channel.receive_blocking(far) for _ in range(2)] == [(Alive(), [])] * 2
        with pytest.raises(BlockingIOError):
            channel.receive_blocking(far)
        for _ in range(10_000):  # the supervisor is stopped
            clock.advance(ALIVE_S)
            control.tick()


def test_faults_and_readiness_are_told() -> None:
    near, far = channel.pair()
    with near, far:
        control = ChildControl(near, FixedClock()).start()
        control.fault("disk-full", "x")
        control.tick()
        assert channel.receive_blocking(far) == (Ready(), [])
        assert channel.receive_blocking(far) == (Fault(fault="disk-full", detail="x"), [])
        assert control.fileno() == near.fileno()


@pytest.mark.parametrize("message", [Drain(seconds=1.0), None])
def test_the_store_runs_until_it_is_drained(tmp_path: Path, message: Drain | None) -> None:
    near, far = channel.pair()
    if message is not None:
        channel.send_blocking(far, message)
    else:
        far.shutdown(socket.SHUT_WR)
    start = Start(kind="store", number=0, root=str(tmp_path), settings=SETTINGS)
    with near, far:
        assert run_store_child(start, near) == 0
        assert channel.receive_blocking(far) == (Ready(), [])
    assert (tmp_path / "store" / "mail.sqlite").exists()
