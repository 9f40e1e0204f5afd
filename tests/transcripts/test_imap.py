"""Plays tests/transcripts/imap against the IMAP session; a case is added by adding a file."""

import asyncio
from pathlib import Path

import pytest

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
