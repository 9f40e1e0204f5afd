"""inspect/spawn.py: the product's own zygote."""

import signal
import socket

import msgspec

from skrytka.inspect.spawn import ENVIRONMENT, join, start_zygote
from skrytka.inspect.wire import Fork, Forked, FromZygote
from tests.support.inspectors import ended

decoder: msgspec.msgpack.Decoder[FromZygote] = msgspec.msgpack.Decoder(FromZygote)


def answer(sock: socket.socket) -> FromZygote:
    sock.settimeout(10)
    return decoder.decode(sock.recv(4096))


def test_the_products_zygote_starts_with_nothing_of_our_environment_and_ends_with_its_owner() -> None:
    process, owner = start_zygote()
    with ended(process):
        owner.send(msgspec.msgpack.encode(Fork(7)))
        assert isinstance(answer(owner), Forked)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            process.send_signal(number)
        front = join(owner)
        front.send(msgspec.msgpack.encode(Fork(1)))
        assert answer(front).number == 1
        assert not {"PATH", "HOME"} & ENVIRONMENT.keys()
        owner.close()
        assert process.wait(10) == 0
        assert front.recv(4096) != b"x"
        front.close()
