"""Plays tests/transcripts/imap against the IMAP session; a case is added by adding a file."""

import asyncio
from pathlib import Path

import pytest

from tests.support.imap_grammar import check_session
from tests.support.imap_transcript import matches, play

FOLDER = Path(__file__).parent / "imap"
FILES = sorted(FOLDER.glob("*.imap"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_the_session_follows_the_transcript(path: Path) -> None:
    asyncio.run(play(path))


def test_there_are_transcripts() -> None:
    assert len(FILES) >= 20


def test_dots_stand_for_anything_and_nothing_else_does() -> None:
    assert matches("* OK [...] x", "* OK [UIDNEXT 4] x")
    assert matches("a...", "a")
    assert not matches("* 1 EXISTS", "* 11 EXISTS")
    assert not matches(".", "x")


def test_a_wrong_transcript_is_found(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.imap"
    wrong.write_text("# RFC 9051\n#! known\nC: 1 NOOP\nS: 1 OK wrong\n")
    with pytest.raises(AssertionError, match=r"wrong\.imap:3"):
        asyncio.run(play(wrong))
    wrong.write_text("# RFC 9051\n#! known\nC: 1 NOOP\n")
    with pytest.raises(AssertionError, match=r"S: 1 OK done"):
        asyncio.run(play(wrong))


@pytest.mark.parametrize(
    "said",
    [
        b"* OK ready",
        b"* 1 EXISTS x\r\n",
        b"* OK [FOO] x\r\n",
        b"* OK [UIDNEXT 0] x\r\n",
        b'* LIST () "/" a b\r\n',
        b'* LIST (Sent) "/" a\r\n',
        b"* 1 FETCH ()\r\n",
        b"* 1 FETCH (UID 0)\r\n",
        b'* 1 FETCH (INTERNALDATE "1-Feb-1994 00:00:00 +0000")\r\n',
        b"* 1 FETCH (ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL))\r\n",
        b"* 1 FETCH (ENVELOPE (NIL NIL () NIL NIL NIL NIL NIL NIL NIL))\r\n",
        b'* 1 FETCH (BODY ("text" "plain" NIL NIL NIL "7bit" 1))\r\n',
        b'* 1 FETCH (BODY ("image" "png" () NIL NIL "7bit" 1))\r\n',
        b'* 1 FETCH (BODY ("image" "png" NIL NIL NIL "7bit" 1 NIL NIL NIL NIL))\r\n',
        b'* 1 FETCH (BODYSTRUCTURE ("mixed" NIL NIL NIL NIL))\r\n',
        b"* 1 FETCH (BODY[] {3}\r\nab)\r\n",
        b"* 1 FETCH (BODY[] {1}\r\n\0)\r\n",
        b"* 1 FETCH (BODY[1.] NIL)\r\n",
        b"* SEARCH 1  2\r\n",
        b'* LIST () "/" "\xc5\x82"\r\n',
        b"* ESEARCH (TAG a) ALL 1\r\n",
        b"t+ OK done\r\n",
    ],
)
def test_the_grammar_is_strict(said: bytes) -> None:
    with pytest.raises(AssertionError):
        check_session(said)


def test_utf8_may_be_quoted_once_it_was_enabled() -> None:
    said = b'* ENABLED CONDSTORE UTF8=ACCEPT\r\na OK done\r\n* LIST () "/" "\xc5\x82"\r\n'
    check_session(b"* OK ready\r\n" + said)
    with pytest.raises(AssertionError):
        check_session(b"* OK ready\r\n" + said.replace(b" UTF8=ACCEPT", b""))
