"""inspect/spawn.py: the product's own zygote."""

import os
import signal
import socket

import msgspec
import pytest

from skrytka.inspect.spawn import ENVIRONMENT, environment, join, start_zygote
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
        assert answer(front).number == 1
        owner.close()
        front.send(msgspec.msgpack.encode(Fork(2)))  # its owner crashed, it drains
        assert answer(front).number == 2
        front.close()
        assert process.wait(10) == 0


def test_only_where_to_import_from_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert environment() == ENVIRONMENT
    assert not {"PATH", "HOME"} & ENVIRONMENT.keys()
    monkeypatch.setenv("PYTHONPATH", f"lib{os.pathsep}/opt/lib")
    assert environment()["PYTHONPATH"] == f"{os.getcwd()}/lib{os.pathsep}/opt/lib"
