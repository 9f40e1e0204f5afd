"""inspect/spawn.py: the product's own zygote."""

import os
import select
import signal
import socket

import msgspec
import pytest

from skrytka.inspect.spawn import ENVIRONMENT, ask_alive, environment, join, start_zygote
from skrytka.inspect.wire import Fork, Forked, FromZygote
from tests.support.inspectors import ended

decoder: msgspec.msgpack.Decoder[FromZygote] = msgspec.msgpack.Decoder(FromZygote)


def answer(sock: socket.socket) -> FromZygote:
    sock.settimeout(10)
    return decoder.decode(sock.recv(4096))


def test_the_products_zygote_starts_with_nothing_of_our_environment_and_ends_after_the_last_front() -> None:
    process, owner = start_zygote()
    with ended(process):
        owner.send(msgspec.msgpack.encode(Fork(7)))
        assert isinstance(answer(owner), Forked)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            process.send_signal(number)
        front = join(owner)
        front.send(msgspec.msgpack.encode(Fork(1)))
        assert isinstance(answer(front), Forked)
        owner.close()
        front.send(msgspec.msgpack.encode(Fork(2)))  # its owner crashed, it drains
        assert isinstance(answer(front), Forked)
        front.close()
        assert process.wait(10) == 0


def test_a_zygote_that_is_asked_says_that_it_lives_and_nobody_waits_for_it() -> None:
    process, owner = start_zygote()
    with ended(process), owner:
        assert not ask_alive(owner)
        assert select.select([owner], [], [], 10)[0]
        assert ask_alive(owner)
        process.send_signal(signal.SIGSTOP)
        for _ in range(5000):
            ask_alive(owner)
        process.send_signal(signal.SIGCONT)


def test_only_where_to_import_from_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert environment() == ENVIRONMENT
    assert not {"PATH", "HOME"} & ENVIRONMENT.keys()
    monkeypatch.setenv("PYTHONPATH", f"lib{os.pathsep}/opt/lib")
    assert environment()["PYTHONPATH"] == f"{os.getcwd()}/lib{os.pathsep}/opt/lib"
