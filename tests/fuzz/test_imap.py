"""IMAP engine: anything in, events or RemoteProtocolError out; whole input = byte by byte (conventions section 4)."""

import time
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.engine import NEED_DATA, PAUSED
from skrytka.model.errors import RemoteProtocolError
from skrytka.model.limits import ImapLimits
from skrytka.protocol.imap import actions as a
from skrytka.protocol.imap.commands.mailboxes import Append, Select
from skrytka.protocol.imap.commands.session import Authenticate, Enable, Idle, Login
from skrytka.protocol.imap.server import ImapServer
from tests.support.sizes import pick

LIMITS = ImapLimits(line_bytes=2000, literal_bytes=3000, append_bytes=9000)
WORDS = [
    *(
        b'a b 1 ( ) [ ] { } + - * % $ \\ " ~ : , . < > = & ; \r\n \r \n \x00 \xff \xc5\x82 {3} {3+} {0} '
        b"{4097+} {5000} {99999} ~{3+} {99999999999999999999} {999999999999999999999999} NOOP CAPABILITY "
        b"LOGOUT LOGIN AUTHENTICATE PLAIN AGEAYg== STARTTLS ID NIL ENABLE IMAP4rev2 SELECT EXAMINE LIST LSUB "
        b"STATUS MESSAGES APPEND CREATE FETCH UID SEARCH STORE FLAGS +FLAGS.SILENT \\Seen BODY BODY.PEEK[ "
        b"BODY[HEADER.FIELDS HEADER TEXT MIME BINARY[ <0.1> 1:* 4294967296 OR NOT ALL SINCE 1-Feb-1994 RETURN "
        b'SAVE CHARSET UTF-8 KEYWORD DONE IDLE CLOSE EXPUNGE COPY MOVE INBOX Wys&AUI-ane &a &- &-& "" "x" '
        b"RECURSIVEMATCH SUBSCRIBED RENAME NAMESPACE"
    ).split(b" "),
    *[b" "] * 30,
    *[b"\r\n"] * 8,
]


def drive(pieces: list[bytes], *, is_utf8: bool = False) -> list[object]:
    """All that the engine says, with every command answered OK."""
    engine = ImapServer(LIMITS)
    engine.is_utf8 = is_utf8
    said: list[object] = []
    message = bytearray()
    try:
        for piece in [*pieces, b""]:
            engine.receive(piece)
            while (event := engine.next_event()) is not NEED_DATA:
                assert event is not PAUSED
                if isinstance(event, a.AppendChunk):  # however cut
                    message += event.data
                    continue
                said.append(repr(event))
                if isinstance(event, a.Eof):
                    return said
                if isinstance(event, a.AppendEnd | a.Fault):
                    said.append(bytes(message).hex())
                    message.clear()
                said.append(answer(engine, event))
    except RemoteProtocolError as exc:
        said.append(str(exc))
    return said


def answer(engine: ImapServer, event: object) -> bytes:
    match event:
        case a.Request(command=Append(size_bytes=size)) if size % 7 == 0:
            return engine.send(a.Tagged(a.Status.NO, "no"))
        case a.Request(command=Append()):
            return engine.send(a.Continue())
        case a.LiteralWanted() | a.Request(command=Idle()) | a.Request(command=Authenticate(initial=None)):
            return engine.send(a.Continue())
        case a.Fault(text=text, code=code):
            return engine.send(a.Tagged(a.Status.BAD, text, code))
        case _:
            return engine.send(a.Tagged(a.Status.OK, "ok"))


def check(data: bytes, *, is_utf8: bool = False) -> None:
    whole = drive([data], is_utf8=is_utf8)
    single = drive([data[index : index + 1] for index in range(len(data))], is_utf8=is_utf8)
    assert whole == single
    for said in whole:
        if isinstance(said, bytes) and said:  # no input can add a line to our answers
            assert said.endswith(b"\r\n")
            assert said.count(b"\n") == 1


@given(st.lists(st.sampled_from(WORDS), max_size=60), st.booleans(), st.booleans())
def test_any_words_give_events_or_a_protocol_error(words: list[bytes], is_known: bool, is_utf8: bool) -> None:
    start = b"l LOGIN a b\r\ns SELECT INBOX\r\n" if is_known else b""
    check(start + b"".join(words), is_utf8=is_utf8)


@given(st.binary(max_size=300))
def test_any_bytes_give_events_or_a_protocol_error(data: bytes) -> None:
    check(data)


@pytest.mark.timeout(900)  # CPU seconds are counted, and there may be little of it
def test_random_dialogues_for_a_while() -> None:
    """CPU seconds, not rounds: 1 by hand, 60 in CI."""
    random = Random(time.time_ns())
    seed = random.randrange(2**32)
    random.seed(seed)
    until = time.process_time() + pick(1.0, 60.0)
    heads = [b"l LOGIN a b\r\n", b"l LOGIN a b\r\ns SELECT INBOX\r\n", b""]
    while time.process_time() < until:
        data = random.choice(heads) + b"".join(random.choices(WORDS, k=random.randrange(80)))
        try:
            check(data)
        except Exception as exc:
            raise AssertionError(f"seed {seed}: {data!r}") from exc


def test_the_harness_reaches_all_states() -> None:
    said = drive([b"l LOGIN a b\r\n1 ENABLE IMAP4rev2\r\n2 SELECT INBOX\r\n3 IDLE\r\nDONE\r\n"])
    for kind in (Login, Enable, Select, Idle):
        assert any(isinstance(line, str) and kind.__name__ in line for line in said)
    assert "IdleDone(is_clean=True)" in said
