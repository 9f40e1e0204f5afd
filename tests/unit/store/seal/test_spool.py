import errno
import os
from pathlib import Path

import pytest

from skrytka.model.errors import Reason, TransientError
from skrytka.store.seal.spool import SpoolFile, spool_error


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, Reason.DISK_FULL),
        (errno.EDQUOT, Reason.DISK_FULL),
        (errno.EIO, Reason.STORE_DOWN),
        (errno.EROFS, Reason.STORE_DOWN),
        (errno.EMFILE, Reason.STORE_DOWN),
    ],
)
def test_an_error_of_the_disk_is_transient_and_says_why(number: int, reason: Reason) -> None:
    error = spool_error(OSError(number, os.strerror(number)))
    assert error.reason is reason
    assert os.strerror(number) in error.detail


def test_a_spool_file_is_for_the_owner_only_and_made_exclusively(tmp_path: Path) -> None:
    path = tmp_path / "one"
    file = SpoolFile(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(TransientError):
        SpoolFile(path)
    assert path.exists()
    file.remove()
    assert not path.exists()


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(TransientError):
        SpoolFile(tmp_path / "link")
    assert not (tmp_path / "target").exists()


def test_short_writes_are_carried_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:3]))
    file = SpoolFile(tmp_path / "one")
    file.append(b"0123456789")
    file.sync()
    assert (tmp_path / "one").read_bytes() == b"0123456789"
    assert file.size == 10


@pytest.mark.parametrize("call", ["write", "fdatasync"])
def test_a_full_disk_removes_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def full(*args: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = SpoolFile(tmp_path / "one")
    monkeypatch.setattr(os, call, full)
    with pytest.raises(TransientError) as caught:  # noqa: PT012 - either may be the one that fails
        file.append(b"data")
        file.sync()
    assert caught.value.reason is Reason.DISK_FULL
    assert os.listdir(tmp_path) == []


def test_sync_comes_before_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    real_sync, real_close = os.fdatasync, os.close

    def sync(fd: int) -> None:
        calls.append("fdatasync")
        real_sync(fd)

    def close(fd: int) -> None:
        calls.append("close")
        real_close(fd)

    monkeypatch.setattr(os, "fdatasync", sync)
    monkeypatch.setattr(os, "close", close)
    file = SpoolFile(tmp_path / "one")
    file.append(b"data")
    file.sync()
    assert calls == ["fdatasync", "close"]


def test_removing_twice_or_after_the_store_took_it_is_nothing(tmp_path: Path) -> None:
    file = SpoolFile(tmp_path / "one")
    file.append(b"data")
    file.sync()
    (tmp_path / "one").rename(tmp_path / "taken")
    file.remove()
    file.remove()
    assert (tmp_path / "taken").read_bytes() == b"data"
