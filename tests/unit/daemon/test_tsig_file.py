from pathlib import Path

import pytest

from skrytka.daemon.tsig_file import key_of
from skrytka.model.errors import PermanentError, Reason

LINE = b"hmac-sha256:skrytka:HNi37V4Ieh0Sntxtd2Sf7OrsF12c+8UA/Rf760bob80=\n"


def written(path: Path, raw: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(raw)
    path.chmod(mode)
    return path


def test_a_key_of_ours_alone_is_read(tmp_path: Path) -> None:
    assert key_of(written(tmp_path / "key", LINE)).name == "skrytka"


@pytest.mark.parametrize(
    ("raw", "mode", "said"),
    [
        (LINE, 0o640, "chmod 600"),
        (LINE, 0o604, "chmod 600"),
        (b"", 0o600, "no TSIG key"),
        (b"\xff", 0o600, "no TSIG key"),
    ],
)
def test_what_is_no_key_is_told_with_its_file(tmp_path: Path, raw: bytes, mode: int, said: str) -> None:
    path = written(tmp_path / "key", raw, mode)
    with pytest.raises(PermanentError, match=said) as caught:
        key_of(path)
    assert caught.value.reason is Reason.BAD_CONFIG
    assert str(path) in caught.value.detail


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="No such file"):
        key_of(tmp_path / "gone")
