"""Plays tests/transcripts/mx against the session of port 25; a case is added by adding a file."""

import asyncio
from pathlib import Path

import pytest

from tests.support.mx import mx
from tests.support.smtp_transcript import matches, parse, play, unescape
from tests.unit.net.conftest import LOOPS
from tests.unit.net.harness import make_store

FOLDER = Path(__file__).parent / "mx"
FILES = sorted(FOLDER.glob("*.smtp"))


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_the_session_follows_the_transcript(path: Path, loop: str, tmp_path: Path) -> None:
    transcript = parse(path)

    async def main() -> None:
        tls = make_store(tmp_path) if transcript.is_tls else None
        exempt = ("127.0.0.0/8",) if transcript.is_exempt else ()
        async with mx(transcript.limits, tls=tls, exempt=exempt) as served:
            await play(transcript, served)

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(main())


def test_there_are_transcripts() -> None:
    assert len(FILES) >= 25


def test_a_star_stands_for_anything_and_nothing_else_does() -> None:
    assert matches("250 2.1.0 *", "250 2.1.0 Sender OK")
    assert not matches("250 2.1.0 *", "250 2.1.5 Sender OK")
    assert not matches("250 2.1.0", "250 2.1.0 Sender OK")
    assert not matches("250 .*", "250 2")


def test_escapes_are_octets() -> None:
    assert unescape(r"a\r\n\0\x41\\r") == b"a\r\n\x00A\\r"
