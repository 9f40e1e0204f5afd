"""Slow-loris on SMTP and IMAP, in clear and within TLS: each is ended in its time, all others are served meanwhile."""

import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.demo import Demo
from tests.support.faults.imap import events, until
from tests.support.faults.people import make
from tests.support.faults.settings import change
from tests.support.faults.trickle import Ended, Line, hello, singly, trickle
from tests.support.sizes import pick

EACH = pick(3, 40)  # of every kind
LIMIT_S = 3.0  # of our settings; a handshake on connecting has 30 s (net/connection.py)
HANDSHAKE_S = 30.0
SLACK_S = 25.0  # grace to say goodbye, lingering, the sweeper's second, and a loaded machine
SERVED_S = 10.0
LETTER = b"Subject: ordinary\r\n\r\nmail\r\n"

Kind = Callable[[Demo, str], Line]


def connected(demo: Demo, service: str, address: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", demo.port(service)), 30, (address, 0))


def in_tls(demo: Demo, service: str, address: str) -> ssl.SSLSocket:
    return demo.tls().wrap_socket(connected(demo, service, address), server_hostname="localhost")


def say(sock: socket.socket, text: bytes) -> bytes:
    """Send and read one answer."""
    sock.sendall(text)
    return sock.recv(4096)


def in_clear(service: str, *first: bytes, drip: bytes) -> Kind:
    def begin(demo: Demo, address: str) -> Line:
        sock = connected(demo, service, address)
        sock.recv(4096)  # the greeting
        for line in first:
            say(sock, line)
        return Line(sock, singly(b"", drip))

    return begin


def within_tls(service: str, *first: bytes, drip: bytes) -> Kind:
    def begin(demo: Demo, address: str) -> Line:
        sock = in_tls(demo, service, address)
        sock.recv(4096)
        for line in first:
            say(sock, line)
        return Line(sock, singly(b"", drip))

    return begin


def half_a_handshake(service: str, *first: bytes) -> Kind:
    """All but the last byte of the client's hello, slowly; then nothing."""

    def begin(demo: Demo, address: str) -> Line:
        sock = connected(demo, service, address)
        if first:
            sock.recv(4096)
        for line in first:
            say(sock, line)
        return Line(sock, singly(hello()[:-1]), hides=True)

    return begin


def half_a_record(service: str) -> Kind:
    """TLS is there; then the head of a record of 16 KiB and its octets one by one: nothing ever comes out."""

    def begin(demo: Demo, address: str) -> Line:
        tls = in_tls(demo, service, address)
        tls.recv(4096)
        raw = socket.socket(fileno=tls.detach())
        return Line(raw, singly(b"\x17\x03\x03\x40\x00", b"x"), hides=True)

    return begin


KINDS: dict[str, tuple[float, Kind]] = {
    "smtp: a command": (LIMIT_S, in_clear("smtp", drip=b"E")),
    "smtp: many commands": (LIMIT_S, in_clear("smtp", b"EHLO a.example\r\n", drip=b"X\r\n")),
    "smtp: a message": (
        LIMIT_S,
        in_clear(
            "smtp",
            b"EHLO a.example\r\n",
            b"MAIL FROM:<a@example.net>\r\n",
            b"RCPT TO:<alice@example.test>\r\n",
            b"DATA\r\n",
            drip=b"x",
        ),
    ),
    "smtp: half a BDAT": (
        LIMIT_S,
        in_clear(
            "smtp",
            b"EHLO a.example\r\n",
            b"MAIL FROM:<a@example.net>\r\nRCPT TO:<alice@example.test>\r\nBDAT 100000\r\n",
            drip=b"x",
        ),
    ),
    "smtp: half a handshake": (LIMIT_S, half_a_handshake("smtp", b"EHLO a.example\r\n", b"STARTTLS\r\n")),
    "submissions: half a handshake": (HANDSHAKE_S, half_a_handshake("submissions")),
    "submissions: a command": (LIMIT_S, within_tls("submissions", drip=b"E")),
    "submissions: half an answer": (
        LIMIT_S,
        within_tls("submissions", b"EHLO a.example\r\n", b"AUTH LOGIN\r\n", drip=b"Y"),
    ),
    "submissions: half a record": (LIMIT_S, half_a_record("submissions")),
    "imap: a command": (LIMIT_S, in_clear("imap", drip=b"a")),
    "imap: many commands": (LIMIT_S, in_clear("imap", drip=b"a NOOP\r\n")),
    "imap: half a literal": (LIMIT_S, in_clear("imap", b"a LOGIN {1000}\r\n", drip=b"x")),
    "imap: half a handshake": (LIMIT_S, half_a_handshake("imap", b"a STARTTLS\r\n")),
    "imaps: half a handshake": (HANDSHAKE_S, half_a_handshake("imaps")),
    "imaps: a command": (LIMIT_S, within_tls("imaps", drip=b"a")),
    "imaps: half a literal": (LIMIT_S, within_tls("imaps", b"a LOGIN {1000}\r\n", drip=b"x")),
    "imaps: half a record": (LIMIT_S, half_a_record("imaps")),
}


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    root = tmp_path / "demo"
    make(root, [])
    change(
        root,
        imap={"before_login_s": LIMIT_S},
        smtp={"command_s": LIMIT_S, "data_s": LIMIT_S, "session_s": LIMIT_S},
    )
    with Demo(root) as running:
        yield running


def address(kind: int, number: int) -> str:
    """A network of its own for each kind: no limit stops one of them."""
    return f"127.0.{kind + 1}.{number + 1}"


def sockets(demo: Demo) -> int:
    """How many sockets the fronts hold."""
    fronts = [pid for name, pid in demo.pids().items() if name.startswith("front")]
    links = [path for pid in fronts for path in Path(f"/proc/{pid}/fd").iterdir()]
    return sum(path.readlink().name.startswith("socket:") for path in links if path.is_symlink())


class Ordinary:
    """Somebody who sends a letter and reads it, again and again, while the others drip."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self.times_s: list[float] = []
        self.error: Exception | None = None

    def __enter__(self) -> "Ordinary":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)

    def _live(self) -> None:
        try:
            while not self._stop.is_set():
                began = time.monotonic()
                self._demo.send("alice@example.test", LETTER)
                with self._demo.inbox("alice") as client:
                    assert client.search(None, "ALL")[1][0].split()[-1] == b"%d" % (len(self.times_s) + 1)
                self.times_s.append(time.monotonic() - began)
                self._stop.wait(0.5)
        except Exception as exc:  # noqa: BLE001 - the test raises it
            self.error = exc


def test_who_drips_is_sent_away_in_his_time_and_others_are_served(demo: Demo) -> None:
    demo.send("bob@example.test", LETTER)
    before = sockets(demo)
    lines = [
        (kind, begin(demo, address(place, number)))
        for place, (kind, (_, begin)) in enumerate(KINDS.items())
        for number in range(EACH)
    ]
    with Ordinary(demo) as ordinary:
        ended = trickle(lines, HANDSHAKE_S + SLACK_S)
    assert ordinary.error is None
    assert len(ordinary.times_s) >= 3
    assert max(ordinary.times_s) < SERVED_S
    assert Counter(one.kind for one in ended) == dict.fromkeys(KINDS, EACH)
    assert not [one for one in ended if not is_in_time(one) or not is_told(one)]
    until(lambda: sockets(demo) <= before, "every socket is given back")  # the first letter may not have ended then
    assert not events(demo, "bug_caught")
    assert {record["e"]["cause"] for record in events(demo, "session_closed")} >= {"timeout"}
    assert len(demo.messages("alice")) == len(ordinary.times_s)  # and nothing of theirs


def is_in_time(one: Ended) -> bool:
    limit_s = KINDS[one.kind][0]
    return one.after_s is not None and limit_s / 2 < one.after_s < limit_s + SLACK_S


def is_told(one: Ended) -> bool:
    """Where it can be heard, the server says why it ends."""
    words = {"smtp": b"421 ", "submissions": b"421 ", "imap": b"* BYE ", "imaps": b"* BYE "}[one.kind.partition(":")[0]]
    return "half a handshake" in one.kind or "half a record" in one.kind or words in one.last_words
