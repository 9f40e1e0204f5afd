"""Messages of 50 MB: by SMTP and APPEND, fetched whole and in pieces by several at once, while others are served."""

import base64
import hashlib
import imaplib
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skrytka.model.limits import ImapLimits
from tests.support.demo import Demo
from tests.support.faults.imap import as_sent, events

MAX = ImapLimits().append_bytes
LINE = 76
MIB = 1024 * 1024
AT_ONCE = 4
GROWTH_KB = 48 * 1024  # of a front's peak
SERVED_S = 5.0
HEAD = (
    b"From: a@example.net\r\nSubject: large\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nneedle in a haystack\r\n"
    b"--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
)
TAIL = b"\r\n--b--\r\n"


def message(size: int) -> bytes:
    """A message of exactly so many octets whose second part is base64 of noise."""
    lines = (size - len(HEAD) - len(TAIL)) // (LINE + 2)
    noise = base64.b64encode(os.urandom(lines * LINE * 3 // 4))
    body = b"\r\n".join(noise[start : start + LINE] for start in range(0, len(noise), LINE))
    return (HEAD + body + TAIL).ljust(size - 2, b"x") + b"\r\n"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as running:
        yield running


@pytest.fixture(scope="module")
def at_start_kb(demo: Demo) -> dict[str, int]:
    return peaks_kb(demo)


@pytest.fixture(scope="module")
def sent(demo: Demo, at_start_kb: dict[str, int]) -> bytes:
    """A message at the limit in alice's Archive, by APPEND."""
    data = message(MAX)
    with demo.inbox("alice") as client:
        client.sock.settimeout(120)
        client.send(b"a APPEND Archive {%d}\r\n" % MAX)
        assert client.readline().startswith(b"+ ")
        client.send(data + b"\r\n")
        assert client.readline().startswith(b"a OK [APPENDUID")
    return data


def peaks_kb(demo: Demo) -> dict[str, int]:
    """The most that each front ever had in memory."""
    found = {}
    for name, pid in demo.pids().items():
        if name.startswith("front"):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            found[name] = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return found


class Beside:
    """Somebody whose session goes on: the longest that an answer took."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self.worst_s = 0.0
        self.answers = 0

    def __enter__(self) -> "Beside":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)

    def _live(self) -> None:
        with self._demo.inbox("bob") as client:
            while not self._stop.wait(0.02):
                began = time.monotonic()
                assert client.noop()[0] == "OK"
                self.worst_s = max(self.worst_s, time.monotonic() - began)
                self.answers += 1


def fetch(client: imaplib.IMAP4, what: str) -> bytes:
    _, data = client.fetch("1", what)
    assert isinstance(data[0], tuple)
    found: bytes = data[0][1]
    return found


def whole(client: imaplib.IMAP4, _size: int) -> bytes:
    return fetch(client, "(BODY.PEEK[])")


def in_pieces(client: imaplib.IMAP4, size: int) -> bytes:
    return b"".join(fetch(client, f"(BODY.PEEK[]<{start}.{MIB}>)") for start in range(0, size, MIB))


def from_the_end(client: imaplib.IMAP4, size: int) -> bytes:
    """Pieces that end nowhere near a segment, the last one first."""
    starts = range(0, size, MIB + 4711)
    pieces = [fetch(client, f"(BODY.PEEK[]<{start}.{MIB + 4711}>)") for start in reversed(starts)]
    return b"".join(reversed(pieces))


WAYS: dict[str, Callable[[imaplib.IMAP4, int], bytes]] = {
    "whole": whole,
    "in pieces": in_pieces,
    "from the end": from_the_end,
}


@pytest.mark.parametrize("way", WAYS)
def test_it_comes_back_as_it_was_to_several_at_once(demo: Demo, sent: bytes, way: str) -> None:
    def one(_number: int) -> str:
        with demo.inbox("alice") as client:
            client.sock.settimeout(120)
            client.select("Archive", readonly=True)
            return digest(WAYS[way](client, len(sent)))

    with Beside(demo) as beside, ThreadPoolExecutor(AT_ONCE) as pool:
        assert set(pool.map(one, range(AT_ONCE))) == {digest(sent)}
    assert beside.answers
    assert beside.worst_s < SERVED_S


def test_a_part_comes_decoded(demo: Demo, sent: bytes) -> None:
    with demo.inbox("alice") as client:
        client.sock.settimeout(120)
        client.select("Archive", readonly=True)
        decoded = fetch(client, "(BINARY.PEEK[2])")
        assert client.search(None, "BODY", "haystack")[1] == [b"1"]
    assert decoded == base64.b64decode(sent[len(HEAD) : sent.index(TAIL)])


def test_it_comes_by_smtp_and_beside_others(demo: Demo, sent: bytes) -> None:
    data = sent[:-MIB] + TAIL
    with Beside(demo) as beside, demo.smtp() as client:
        client.ehlo("a.example.net")
        client.mail("a@example.net")
        client.rcpt("carol@example.test")
        assert client.docmd("DATA")[0] == 354
        client.send(data + b".\r\n")
        assert client.getreply()[0] == 250
    assert beside.worst_s < SERVED_S
    (found,) = demo.messages("carol")
    assert digest(as_sent(found)) == digest(data)


def test_one_octet_more_is_refused_before_it_is_sent(demo: Demo, sent: bytes) -> None:
    with demo.inbox("alice") as client:
        client.send(b"big APPEND Archive {%d}\r\n" % (MAX + 1))
        assert b"[TOOBIG]" in client.readline()
        assert client.status("Archive", "(MESSAGES)")[1] == [b'"Archive" (MESSAGES 1)']


def test_no_front_ever_held_one_whole(demo: Demo, at_start_kb: dict[str, int]) -> None:
    growth_kb = {name: peak - at_start_kb[name] for name, peak in peaks_kb(demo).items()}
    assert max(growth_kb.values()) < GROWTH_KB, growth_kb


def test_nothing_of_it_was_a_bug_or_held_a_front(demo: Demo) -> None:
    assert not events(demo, "bug_caught")
    assert not [record for record in events(demo, "fault_raised") if record["e"]["fault"] == "F-loop-lag"]
