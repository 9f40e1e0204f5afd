r"""Transcripts of SMTP sessions: files that read as the dialogues of an RFC.

    # what it shows                          RFC 5321 4.1.4       (heading: says the RFC; settings, one a line)
    #! limits recipients=2
    #! tls
    #! exempt                                the client is in exempt_networks
    #! begin login                           submission: begins behind STARTTLS, EHLO and the login of alice
    C: MAIL FROM:<a@example.org>             sent with CRLF; lines until the next S: leave in one write
    C+ BDAT 3\r\nabc                         sent as it stands, with \r \n \0 \t \\ \xHH decoded, no CRLF added
    S: 250 2.1.0 *                           one line of a reply; * stands for anything
    S: <closed>                              the server ends the connection
    TLS                                      the client's handshake
    D: a@example.org -> bob@example.test: Subject: x\r\n\r\n     what was delivered next; all of it must be told

A file whose first line is not S: begins behind the greeting and EHLO client.example.org; "#! begin tls" and "#! begin
login" say that it begins further behind.
"""

import re
from pathlib import Path
from typing import NamedTuple

from skrytka.model.limits import SmtpLimits
from tests.support.mx import Mx, Peer

_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_NAMED = {b"r": b"\r", b"n": b"\n", b"0": b"\0", b"t": b"\t", b"\\": b"\\"}
LOGIN = "AGFsaWNlQGV4YW1wbGUudGVzdABzZWNyZXQ="  # alice@example.test, secret
_STEP = re.compile(r"(C:|C\+|S:|D:|TLS)(?: (.*))?\Z", re.DOTALL)


class Step(NamedTuple):
    kind: str
    text: str
    line: int


class Transcript(NamedTuple):
    limits: SmtpLimits
    is_tls: bool
    steps: list[Step]
    begin: str = ""
    is_exempt: bool = False


def parse(path: Path) -> Transcript:
    limits: dict[str, int] = {}
    is_tls = False
    begin = ""
    is_exempt = False
    steps: list[Step] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if line.startswith("#! limits "):
            limits |= {name: int(value) for name, value in (pair.split("=") for pair in line[10:].split())}
        elif line.startswith("#! tls"):
            is_tls = True
        elif line.startswith("#! exempt"):
            is_exempt = True
        elif line.startswith("#! begin "):
            begin = line[9:]
        elif line and not line.startswith("#"):
            match = _STEP.match(line)
            assert match, f"{path.name}:{number}: {line}"
            steps.append(Step(match[1], match[2] or "", number))
    return Transcript(SmtpLimits(**limits), is_tls, steps, begin, is_exempt)


def unescape(text: str) -> bytes:
    def one(match: re.Match[bytes]) -> bytes:
        return bytes([int(match[1], 16)]) if match[1] else _NAMED[match[2]]

    return _ESCAPE.sub(one, text.encode())


def matches(pattern: str, line: str) -> bool:
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), line) is not None


async def play(transcript: Transcript, mx: Mx) -> None:
    """Hold the dialogue; the first difference fails with its line."""
    peer = await mx.connect()
    await _begin(transcript, peer)
    unsent = b""
    told = 0
    for step in transcript.steps:
        if step.kind == "C:":
            unsent += step.text.encode() + b"\r\n"
            continue
        if step.kind == "C+":
            unsent += unescape(step.text)
            continue
        await _say(peer, unsent)
        unsent = b""
        if step.kind == "S:":
            await _expect(step, peer)
        elif step.kind == "TLS":
            await peer.start_tls()
        else:
            assert told < len(mx.delivery.delivered), f"line {step.line}: nothing was delivered"
            assert _told(mx, told) == unescape(step.text), f"line {step.line}"
            told += 1
    await _say(peer, unsent)
    assert told == len(mx.delivery.delivered), "more was delivered than the transcript says"


async def _begin(transcript: Transcript, peer: Peer) -> None:
    """What a file need not tell."""
    if transcript.steps[0].kind == "S:":
        return
    assert (await peer.reply()).startswith("220 ")
    assert (await peer.ask("EHLO client.example.org")).startswith("250 ")
    if transcript.begin:
        assert (await peer.ask("STARTTLS")).startswith("220 ")
        await peer.start_tls()
        assert (await peer.ask("EHLO client.example.org")).startswith("250 ")
    if transcript.begin == "login":
        assert (await peer.ask(f"AUTH PLAIN {LOGIN}")).startswith("235 ")


async def _say(peer: Peer, octets: bytes) -> None:
    if octets:  # a stream that the other side has closed takes not even nothing
        await peer.say(octets)


async def _expect(step: Step, peer: Peer) -> None:
    line = await peer.hear()
    expected = "" if step.text == "<closed>" else step.text
    assert matches(expected, line), f"line {step.line}: expected {expected!r}, got {line!r}"


def _told(mx: Mx, number: int) -> bytes:
    facts, names, octets = mx.delivery.delivered[number]
    return f"{facts.reverse_path} -> {', '.join(names)}: ".encode() + octets
