"""One folder, one server, one format: whatever would be two is refused, and nothing in the folder changes."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import apsw
import pytest

from tests.support.demo import Demo
from tests.support.faults.imap import boxes
from tests.support.faults.load import LARGE_BYTES, message

REFUSED_S = 20


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    with Demo(tmp_path_factory.mktemp("one") / "demo") as demo:
        demo.send("alice@example.test", b"Subject: kept\r\n\r\nkept\r\n")
    return demo


def databases(root: Path) -> list[str]:
    """Digests of the store and the key ring."""
    paths = (root / "store" / "mail.sqlite", root / "ring" / "ring.sqlite")
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def test_a_second_server_on_the_folder_is_refused_and_the_first_goes_on(stopped: Demo) -> None:
    with Demo(stopped.root) as demo:
        pids = demo.pids()
        for command in (["serve", "--config", str(demo.root / "skrytka.toml")], ["demo", "--dir", str(demo.root)]):
            second = demo.run(*command)
            assert second.returncode == 4, second
            assert f"{demo.root} is in use by process {pids['supervisor']}; stop it first" in second.stderr
            assert "Traceback" not in second.stderr
        assert demo.pids() == pids
        demo.send("alice@example.test", b"Subject: goes on\r\n\r\ngoes on\r\n")
        assert len(demo.messages("alice")) >= 2


def newer_store(root: Path) -> None:
    db = apsw.Connection(str(root / "store" / "mail.sqlite"))
    db.execute("INSERT INTO migration (number, checksum, applied_at_ms) VALUES (99, 'of a later version', 0)")
    db.close()


def changed_store(root: Path) -> None:
    db = apsw.Connection(str(root / "store" / "mail.sqlite"))
    db.execute("UPDATE migration SET checksum = 'changed' WHERE number = 1")
    db.close()


def newer_ring(root: Path) -> None:
    db = apsw.Connection(str(root / "ring" / "ring.sqlite"))
    db.execute("PRAGMA user_version = 2")
    db.close()


def newer_config(root: Path) -> None:
    path = root / "skrytka.toml"
    path.write_text(path.read_text().replace("version = 1", "version = 2", 1))


def other_master_key(root: Path) -> None:
    (root / "keys" / "master.key").write_bytes(os.urandom(32))


def damaged_store(root: Path) -> None:
    path = root / "store" / "mail.sqlite"
    path.write_bytes(bytes(range(256)) * (path.stat().st_size // 256))


CASES = {
    "damaged store": (damaged_store, "mail.sqlite: the file of the store is damaged"),
    "newer store": (newer_store, "this version knows "),
    "changed migration": (changed_store, "is not the one of this version"),
    "newer key ring": (newer_ring, "version 2 of the key ring's format"),
    "newer settings": (newer_config, "version"),
    "another master key": (other_master_key, "this master key does not open the key ring"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_this_version_cannot_read_is_refused_with_the_cause_and_left_alone(
    stopped: Demo, tmp_path: Path, name: str
) -> None:
    change, cause = CASES[name]
    root = copied(stopped.root, tmp_path / "demo", change)
    before = databases(root)
    refused = stopped.run("serve", "--config", str(root / "skrytka.toml"))
    assert refused.returncode in (1, 3, 4, 7, 8), refused
    assert cause in refused.stderr, refused.stderr
    assert "Traceback" not in refused.stderr
    assert databases(root) == before


def copied(source: Path, target: Path, change: Callable[[Path], None]) -> Path:
    shutil.copytree(source, target)
    change(target)
    return target


@pytest.mark.parametrize("is_empty", [False, True], ids=["gone", "empty"])
def test_a_store_that_is_lost_is_never_made_anew_and_its_large_messages_are_left_alone(
    tmp_path: Path, *, is_empty: bool
) -> None:
    """A new one would know nobody: mail refused for ever, and each file of a blob taken for a leftover of a crash."""
    with Demo(tmp_path / "demo") as demo:
        demo.send("alice@example.test", message("large", LARGE_BYTES, Random(1)))
        before = demo.messages("alice")
    root, store = demo.root, demo.root / "store" / "mail.sqlite"
    blobs = sorted(root.glob("store/blobs/*/*"))
    assert blobs
    store.rename(root / "kept")
    if is_empty:
        store.touch()
    for command in ("serve", "account list", "demo --dir " + str(root)):
        refused = demo.run(*command.split())
        assert refused.returncode == 3, refused
        assert "missing or empty, but the key ring has keys of" in refused.stderr
        assert store.exists() == is_empty
    assert sorted(root.glob("store/blobs/*/*")) == blobs
    (root / "kept").rename(store)
    with demo:
        assert demo.messages("alice") == before


def test_the_folder_of_the_refused_start_is_as_good_as_before(stopped: Demo) -> None:
    with Demo(stopped.root) as demo:
        assert boxes(demo)["alice"]
