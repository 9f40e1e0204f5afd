"""Plays tests/transcripts/submission against the session of ports 465 and 587; a case is added by adding a file.

Alice may begin 3 messages and name 4 recipients an hour there, claim the priority 4, and hold as much as she likes.
"""

import asyncio
from pathlib import Path

import pytest

from tests.support.smtp_transcript import parse, play
from tests.support.submission import submission
from tests.unit.net.conftest import LOOPS
from tests.unit.net.harness import make_store

FOLDER = Path(__file__).parent / "submission"
FILES = sorted(FOLDER.glob("*.smtp"))


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_the_session_follows_the_transcript(path: Path, loop: str, tmp_path: Path) -> None:
    transcript = parse(path)

    async def main() -> None:
        async with submission(transcript.limits, make_store(tmp_path)) as served:
            await play(transcript, served)

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(main())


def test_there_are_transcripts() -> None:
    assert len(FILES) >= 15
