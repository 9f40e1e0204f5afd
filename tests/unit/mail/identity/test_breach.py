from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skrytka.mail.identity.breach import HEAD_BYTES, BreachList, head, prefix_of
from skrytka.model.errors import PermanentError, Reason


def written(path: Path, passwords: list[bytes]) -> Path:
    """As docs/formats.md has it, written out a second time."""
    prefixes = sorted({prefix_of(password) for password in passwords})
    path.write_bytes(b"SKP\x01\x00\x00\x00\x00" + len(prefixes).to_bytes(8, "big") + b"".join(prefixes))
    return path


def test_what_is_in_the_list_is_found_and_nothing_else(tmp_path: Path) -> None:
    passwords = [f"password {number}".encode() for number in range(1000)]
    found = BreachList(written(tmp_path / "list", passwords))
    assert len(found) == 1000
    assert all(found.has(password) for password in passwords)
    assert not any(found.has(password + b"x") for password in passwords)
    found.close()
    assert found.has(passwords[7])  # opens it again
    found.close()


def test_without_a_list_nothing_is_breached_and_one_that_comes_is_seen(tmp_path: Path) -> None:
    found = BreachList(tmp_path / "list")
    assert not found.has(b"correct horse")
    assert len(found) == 0
    written(tmp_path / "list", [b"correct horse"])
    assert found.has(b"correct horse")
    written(tmp_path / "next", [b"battery"]).replace(tmp_path / "list")
    assert (found.has(b"correct horse"), found.has(b"battery")) == (False, True)
    (tmp_path / "list").unlink()
    assert not found.has(b"battery")
    found.close()


def test_a_prefix_is_of_sha_1_as_the_published_lists_are() -> None:
    assert prefix_of(b"password").hex().upper() == "5BAA61E4C9B93F3F"  # ...0682250B6CF8331B7EE68FD8


@pytest.mark.parametrize(
    "raw",
    [b"", b"SKP", bytes(HEAD_BYTES), head(1), head(1) + bytes(7), head(1) + bytes(9), b"SKP\x02" + head(0)[4:]],
)
def test_a_damaged_list_says_so(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "list").write_bytes(raw)
    with pytest.raises(PermanentError) as caught:
        BreachList(tmp_path / "list").has(b"x")
    assert caught.value.reason is Reason.CORRUPT
    assert "breaches import" in caught.value.detail


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.binary(max_size=200))
def test_any_file_is_a_list_or_corrupt(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "list").write_bytes(raw)
    found, reason = BreachList(tmp_path / "list"), Reason.CORRUPT
    try:
        found.has(raw[:3])
    except PermanentError as exc:
        reason = exc.reason
    found.close()
    assert reason is Reason.CORRUPT
