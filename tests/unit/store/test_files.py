"""Spool files and blob files."""

import errno
import os
from pathlib import Path

import pytest

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.ids import BlobId
from skrytka.store.files import BlobFiles, StorePaths, disk_error, sweep_spool

ONE, TWO = BlobId(b"1" * 16), BlobId(b"2" * 16)


@pytest.fixture
def paths(tmp_path: Path) -> StorePaths:
    made = StorePaths(tmp_path / "store")
    made.make()
    return made


def spool(paths: StorePaths, name: str, data: bytes = b"sealed") -> None:
    (paths.spool / name).write_bytes(data)


def test_a_file_is_published_once(paths: StorePaths) -> None:
    files = BlobFiles(paths)
    spool(paths, "a")
    assert files.publish("a", ONE) is True
    assert files.publish("a", ONE) is False
    files.sync()
    assert paths.blob(ONE).read_bytes() == b"sealed"
    assert paths.blob_size(ONE) == 6
    assert paths.blob_size(TWO) is None


def test_publishing_syncs_every_folder_that_changed(paths: StorePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []

    def fsync(fd: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{fd}"))

    monkeypatch.setattr(os, "fsync", fsync)
    files = BlobFiles(paths)
    spool(paths, "a")
    files.publish("a", ONE)
    assert synced == []
    files.sync()
    assert set(synced) == {str(paths.spool), str(paths.blob(ONE).parent), str(paths.blobs)}
    files.sync()
    assert len(synced) == 3


def test_what_did_not_commit_goes_back(paths: StorePaths) -> None:
    files = BlobFiles(paths)
    spool(paths, "a")
    files.publish("a", ONE)
    files.take_back("a", ONE)
    assert (paths.spool / "a").read_bytes() == b"sealed"
    files.take_back("a", ONE)  # nothing there: nothing happens


def test_orphans_of_a_crash_return_to_the_spool_and_are_found_there(paths: StorePaths) -> None:
    files = BlobFiles(paths)
    for name, blob_id in (("a", ONE), ("b", TWO)):
        spool(paths, name)
        files.publish(name, blob_id)
    (paths.blob(ONE).parent / "stray").write_bytes(b"not ours")
    assert BlobFiles(paths).recover(lambda blob_id: blob_id == ONE) == 1
    assert paths.blob(ONE).exists()
    assert not paths.blob(TWO).exists()
    assert files.publish("b", TWO) is True


def test_a_removed_blob_is_gone_and_removing_it_again_is_nothing(paths: StorePaths) -> None:
    files = BlobFiles(paths)
    spool(paths, "a")
    files.publish("a", ONE)
    files.remove(ONE)
    files.remove(ONE)
    assert not paths.blob(ONE).exists()


def test_a_missing_spool_file_is_the_callers_fault_and_a_broken_disk_is_not(
    paths: StorePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = BlobFiles(paths)
    with pytest.raises(PermanentError) as permanent:
        files.publish("a", ONE)
    assert permanent.value.reason is Reason.NO_SUCH_OBJECT
    spool(paths, "a")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(TransientError) as transient:
        files.publish("a", ONE)
    assert transient.value.reason is Reason.DISK_FULL


def test_errors_of_the_disk_say_whether_it_is_full() -> None:
    assert disk_error(OSError(errno.EDQUOT, "quota")).reason is Reason.DISK_FULL
    assert disk_error(OSError(errno.EIO, "i/o")).reason is Reason.STORE_BUSY


def test_the_spool_is_swept_when_nobody_writes(paths: StorePaths) -> None:
    spool(paths, "a")
    spool(paths, "b")
    assert sweep_spool(paths.root) == 2
    assert not list(paths.spool.iterdir())


def test_blob_files_are_spread_by_the_random_end_of_the_id() -> None:
    blob_id = BlobId(bytes(15) + b"\xab")
    assert StorePaths(Path("store")).blob(blob_id) == Path("store/blobs/ab") / blob_id.hex()
