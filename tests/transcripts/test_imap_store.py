"""Plays tests/transcripts/imap_store: two IMAP sessions on a real store; a case is added by adding a file."""

import asyncio
from pathlib import Path

import pytest

from tests.support.imap_store_transcript import parse, play

FOLDER = Path(__file__).parent / "imap_store"
FILES = sorted(FOLDER.glob("*.imap"))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_the_sessions_follow_the_transcript(path: Path) -> None:
    asyncio.run(play(path))


def test_there_are_transcripts() -> None:
    assert len(FILES) >= 8


def test_a_wrong_transcript_is_found(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.imap"
    wrong.write_text("# RFC 9051\nC: 1 NOOP\nS: 1 OK wrong\n")
    with pytest.raises(AssertionError, match=r"wrong\.imap:2"):
        asyncio.run(play(wrong))
    wrong.write_text("# RFC 9051\nC: 1 NOOP\nS2: 1 OK done\n")
    with pytest.raises(AssertionError, match=r"S1: 1 OK done"):
        asyncio.run(play(wrong))


def test_lines_of_one_session_leave_together() -> None:
    (step,) = parse(FOLDER / "sample.imap")[:1]
    assert step.session == 0
    assert step.sent.startswith(b"x APPEND INBOX")
    assert step.sent.endswith(b"Minutes.\r\n\r\n")
    assert step.expected == [["x OK [APPENDUID ... 1] appended"], []]
