import hashlib
import io
import random
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skrytka.mail.identity import breach_import
from skrytka.mail.identity.breach import BreachList
from skrytka.mail.identity.breach_import import import_breaches
from skrytka.model.errors import PermanentError, Reason

WORDS = [f"word-{number}" for number in range(5000)]


def line(word: str, count: int = 3) -> bytes:
    return hashlib.sha1(word.encode()).hexdigest().upper().encode() + b":%d" % count


def listed(path: Path) -> set[str]:
    found = BreachList(path)
    try:
        return {word for word in WORDS if found.has(word.encode())}
    finally:
        found.close()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is large is small here: pieces, reads, how many are merged at a time."""
    monkeypatch.setattr(breach_import, "PIECE_HASHES", 50)
    monkeypatch.setattr(breach_import, "READ_BYTES", 777)
    monkeypatch.setattr(breach_import, "MERGE_MAX", 3)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("order", ["hash", "random", "reverse"])
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_a_list_in_any_order_is_taken(tmp_path: Path, order: str, end: bytes) -> None:
    lines = sorted(line(word) for word in WORDS[:1000])
    if order == "random":
        random.Random(1).shuffle(lines)
    if order == "reverse":
        lines.reverse()
    told: list[int] = []
    raw = end.join([*lines, *lines[:100]])
    assert import_breaches(io.BytesIO(raw), tmp_path / "list", told.append) == 1000
    assert listed(tmp_path / "list") == set(WORDS[:1000])
    assert told == sorted(told)
    assert told[-1] == len(raw)
    assert [path.name for path in tmp_path.iterdir()] == ["list"]
    assert (tmp_path / "list").stat().st_mode & 0o777 == 0o600


def test_small_letters_no_count_and_empty_lines_are_fine(tmp_path: Path) -> None:
    raw = b"\n\r\n" + line(WORDS[0]).lower() + b"\n\n" + line(WORDS[1])[:40] + b"\r\n\r\n"
    assert import_breaches(io.BytesIO(raw), tmp_path / "list") == 2
    assert listed(tmp_path / "list") == set(WORDS[:2])


GOOD = line("a")
BAD = [
    (b"", "no hashes"),
    (b"\n\n", "no hashes"),
    (GOOD + b"\nnonsense\n", "line 2 "),
    (GOOD + b"\n" + GOOD[:39] + b"\n", "line 2 "),
    (GOOD + b"\n" + GOOD[:32] + b":1\n" + GOOD, "line 2 "),  # NTLM
    (GOOD + b"\n\n" + GOOD + b"x", "line 3 "),
    (GOOD + b":" + b"\n", "line 1 "),
    (b"0x" + GOOD[2:], "line 1 "),
    (b" " + GOOD, "line 1 "),
    (GOOD + b"\n" + b"A" * 100_000, "line 2 "),
    (b"\x1f\x8b\x08\x00" + bytes(1000), "line 1 "),
    (GOOD.replace(b":", b"\x00"), "line 1 "),
]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("raw", "said"), BAD)
def test_what_is_no_list_is_refused_with_its_line_and_the_old_one_stays(tmp_path: Path, raw: bytes, said: str) -> None:
    import_breaches(io.BytesIO(line(WORDS[0])), tmp_path / "list")
    with pytest.raises(PermanentError) as caught:
        import_breaches(io.BytesIO(raw), tmp_path / "list")
    assert caught.value.reason is Reason.BAD_SYNTAX
    assert said in caught.value.detail
    assert listed(tmp_path / "list") == {WORDS[0]}
    assert [path.name for path in tmp_path.iterdir()] == ["list"]


class Breaking(io.BytesIO):
    """A source whose disk fails in the middle."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > 2000:
            raise OSError(5, "Input/output error")
        return super().read(size)


@pytest.mark.usefixtures("small")
def test_a_disk_that_fails_leaves_the_old_list_and_nothing_else(tmp_path: Path) -> None:
    import_breaches(io.BytesIO(line(WORDS[0])), tmp_path / "list")
    source: BinaryIO = Breaking(b"\n".join(line(word) for word in WORDS))
    with pytest.raises(OSError, match="Input/output"):
        import_breaches(source, tmp_path / "list")
    assert listed(tmp_path / "list") == {WORDS[0]}
    assert [path.name for path in tmp_path.iterdir()] == ["list"]


def test_what_a_killed_import_left_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "list.new").mkdir()
    (tmp_path / "list.new" / "000000").write_bytes(b"x")
    import_breaches(io.BytesIO(line(WORDS[0])), tmp_path / "list")
    assert [path.name for path in tmp_path.iterdir()] == ["list"]


@pytest.mark.usefixtures("small")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.one_of(st.binary(max_size=400), st.lists(st.sampled_from(WORDS)).map(lambda w: b"\n".join(map(line, w)))))
def test_any_source_is_a_list_or_bad_syntax(tmp_path: Path, raw: bytes) -> None:
    try:
        count = import_breaches(io.BytesIO(raw), tmp_path / "list")
    except PermanentError as exc:
        reason = exc.reason
    else:
        reason = Reason.BAD_SYNTAX
        assert (tmp_path / "list").stat().st_size == 16 + 8 * count
    assert reason is Reason.BAD_SYNTAX
