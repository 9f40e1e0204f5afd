"""Signed messages of others with their keys: mail-auth's suite (../shared/vectors/dkim).

The head of each file has ``name record`` lines; the message behind it is kept with LF.
"""

import pytest

from skrytka.protocol.mailauth.dkim.results import Result
from tests.support.dkim import answers, check
from tests.support.needs import vectors_dir

FOLDER = vectors_dir() / "dkim"
NAMES = [path.stem for path in sorted(FOLDER.glob("*.txt"))] or ["none"]
NOW_S = 1_667_870_000  # they were all signed before, and the one with x= ends later

pytestmark = pytest.mark.needs_vectors("dkim")


def load(name: str) -> tuple[bytes, dict[str, str | None]]:
    head, _, message = (FOLDER / f"{name}.txt").read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")
    records = dict(line.split(" ", 1) for line in head.decode().splitlines())
    return message.replace(b"\n", b"\r\n"), {**records}


@pytest.mark.parametrize("name", NAMES)
def test_all_signatures_pass(name: str) -> None:
    message, records = load(name)
    found = check(message, answers(records), now_s=NOW_S)
    assert found
    assert {one.result for one in found} == {Result.PASS}
    assert all(one.is_every_from_signed for one in found)


@pytest.mark.parametrize("name", NAMES)
def test_none_passes_when_the_body_or_the_subject_changes(name: str) -> None:
    message, records = load(name)
    for changed in (message + b"x", message.replace(b"ubject: ", b"ubject: Re: ", 1)):
        found = check(changed, answers(records), now_s=NOW_S)
        assert {one.result for one in found} == {Result.FAIL}
