import hashlib
from pathlib import Path

import pytest

from skrytka.daemon import breaches
from skrytka.daemon.layout import Layout
from skrytka.model.errors import PermanentError, Reason

LIST = hashlib.sha1(b"password").hexdigest().encode() + b":9\n"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "s")
    made.store.mkdir(parents=True)
    made.config.write_text('version = 1\nhostname = "mx.example.org"\n')
    return made


def test_a_list_is_taken_in_and_told_about(layout: Layout, tmp_path: Path) -> None:
    assert breaches.facts(layout).hashes == 0
    assert breaches.facts(layout).imported_at_ms is None
    (tmp_path / "hibp.txt").write_bytes(LIST)
    read: list[int] = []
    found = breaches.take_in(layout, tmp_path / "hibp.txt", read.append)
    assert (found.file, found.hashes, read) == (str(layout.breaches), 1, [len(LIST)])
    assert found.imported_at_ms
    assert breaches.facts(layout) == found


def test_without_an_installation_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "hibp.txt").write_bytes(LIST)
    with pytest.raises(PermanentError) as caught:
        breaches.take_in(Layout(tmp_path / "none"), tmp_path / "hibp.txt", lambda _: None)
    assert caught.value.reason is Reason.BAD_CONFIG
    assert not (tmp_path / "none").exists()
