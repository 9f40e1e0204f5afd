import os
import stat
from pathlib import Path

import pytest

from skrytka.daemon.files import write_private


def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o777)
    try:
        write_private(tmp_path / "a", b"x")
        write_private(tmp_path / "b", b"x", mode=0o644)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o644


def test_a_file_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / ".a.new").write_text("left by a crash")
    write_private(tmp_path / "a", b"old")
    write_private(tmp_path / "a", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("kept")
    (tmp_path / "a").symlink_to(tmp_path / "target")
    write_private(tmp_path / "a", b"x")
    assert (tmp_path / "target").read_text() == "kept"
    assert not (tmp_path / "a").is_symlink()


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_private(tmp_path / "no" / "a", b"x")
