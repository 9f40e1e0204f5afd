"""Very many IMAP sessions over TLS, logged in and in IDLE, from many addresses, and when each hears of new mail."""

import contextlib
import resource
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from tests.support.demo import Demo

THREADS: Final = 16  # handshakes under way at once
SETUP_S: Final = 60.0  # that one session may take to come to IDLE on a busy machine
PER_ADDRESS: Final = 50  # what ConnectionLimits allows
SPARE_DESCRIPTORS: Final = 500


@dataclass(frozen=True)
class Client:
    """Who comes from where."""

    name: str
    password: str
    address: str


class Idler:
    """One session. Its socket is blocking until it idles."""

    def __init__(self, demo_port: int, context: ssl.SSLContext, client: Client) -> None:
        self.client = client
        raw = socket.create_connection(("127.0.0.1", demo_port), SETUP_S, (client.address, 0))
        with contextlib.ExitStack() as stack:
            stack.callback(raw.close)
            self.tls = context.wrap_socket(raw, server_hostname="localhost")
            stack.callback(self.tls.close)
            self.tls.sendall(f"a LOGIN {client.name} {client.password}\r\nb SELECT INBOX\r\nc IDLE\r\n".encode())
            self._until(b"\r\n+ ")
            self.tls.setblocking(False)
            stack.pop_all()

    def _until(self, mark: bytes) -> None:
        seen = b""
        while mark not in seen:
            data = self.tls.recv(16384)
            seen += data
            assert data, f"{self.client} was sent away: {seen[-300:]!r}"
            assert b"\r\na NO" not in seen, seen[-300:]

    def heard(self) -> bytes:
        """All that has come; the socket does not block. Fails when the server has ended the session."""
        found = b""
        while True:
            try:
                data = self.tls.recv(16384)
            except ssl.SSLWantReadError:
                return found
            assert data, f"{self.client} was sent away: {found!r}"
            found += data


class Idlers:
    """All of them; ``selector`` knows which have something to read."""

    def __init__(self, sessions: Sequence[Idler]) -> None:
        self.sessions = sessions
        self._selector = selectors.DefaultSelector()
        for session in sessions:
            self._selector.register(session.tls, selectors.EVENT_READ, session)

    def hear(self, word: bytes, count: int, seconds: float) -> list[tuple[Idler, float]]:
        """The first ``count`` sessions that hear a line with ``word`` and when each did; fewer when time is up."""
        found: dict[int, tuple[Idler, float]] = {}
        end = time.monotonic() + seconds
        while len(found) < count and (left := end - time.monotonic()) > 0:
            for key, _events in self._selector.select(left):
                session: Idler = key.data
                if word in session.heard():
                    found.setdefault(id(session), (session, time.monotonic()))
        return list(found.values())

    def close(self) -> None:
        self._selector.close()
        for session in self.sessions:
            session.tls.close()


def allow_descriptors(count: int) -> None:
    """For this process and those it starts from now on; root may go beyond its hard limit."""
    wanted = count + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))


def addresses(number: int) -> list[str]:
    """Where the sessions of one account come from: a network of its own, so that no limit has to be lifted."""
    return [f"127.0.{number + 1}.{host}" for host in range(1, 5)]


@contextlib.contextmanager
def idlers(demo: Demo, clients: Sequence[Client]) -> Iterator[Idlers]:
    """All at once in IDLE; the first that fails fails the test."""
    context = demo.tls()
    port = demo.port("imaps")
    made: list[Idler] = []
    lock = threading.Lock()

    def begin(client: Client) -> None:
        session = Idler(port, context, client)
        with lock:
            made.append(session)

    try:
        with ThreadPoolExecutor(THREADS) as pool:
            for _ in pool.map(begin, clients):
                pass
        found = Idlers(made)
        yield found
        found.close()
    finally:
        for session in made:
            session.tls.close()
