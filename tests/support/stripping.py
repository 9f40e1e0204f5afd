"""Somebody on the way who takes STARTTLS out of what a server offers (RFC 3207 6), on an address of his own."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_OFFER = b"STARTTLS\r\n"


@contextmanager
def stripping(address: str, port: int, target: tuple[str, int]) -> Iterator[None]:
    """Passes all else on; his connections end with him."""
    listener = socket.create_server((address, port))
    open_: list[socket.socket] = [listener]
    threading.Thread(target=_accept, args=(listener, target, open_), daemon=True).start()
    try:
        yield
    finally:
        for each in open_:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def _accept(listener: socket.socket, target: tuple[str, int], open_: list[socket.socket]) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            server = socket.create_connection(target, timeout=60)
            open_ += [client, server]
            for source, sink, is_server in ((client, server, False), (server, client, True)):
                threading.Thread(target=_pass_on, args=(source, sink, is_server), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket, is_server: bool) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            if is_server:
                data = data.replace(b"250-" + _OFFER, b"").replace(b"250 " + _OFFER, b"250 8BITMIME\r\n")
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
