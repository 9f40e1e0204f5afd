import os
import sqlite3
import stat
from pathlib import Path

import pytest

from skrytka.daemon import recovery
from skrytka.daemon.layout import Layout
from skrytka.daemon.lock import FolderLock
from skrytka.daemon.prepare import open_ring, read_master_key, read_recovery
from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.secret import Secret
from skrytka.store.events.verify import verify
from skrytka.store.seal import ring
from skrytka.store.system import SystemRandom
from tests.support import installations

CLOCK = FixedClock()
RANDOM = SystemRandom()


class Made:
    """An installation with what only its owner has, and the keys that its ring holds."""

    def __init__(self, root: Path) -> None:
        self.text = installations.make(root)
        self.layout = Layout(root)
        self.keys = self.opened()

    def opened(self) -> dict[str, bytes]:
        """Every key, by the master key that is there now."""
        opened = open_ring(self.layout, read_master_key(self.layout), read_recovery(self.layout), CLOCK, RANDOM)
        try:
            return {entry.subject: opened.get(entry.subject).reveal() for entry in opened.entries()}
        finally:
            opened.close()

    def restore(self, **options: bool) -> recovery.Restored:
        return recovery.restore(self.layout, self.text, **options)

    def names(self) -> set[str]:
        return {path.name for path in self.layout.keys.iterdir() if path.name.startswith((".", "master"))}


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path / "s")


def damage(made: Made, subject: str, column: str = "boxed") -> None:
    with sqlite3.connect(made.layout.ring) as db:
        db.execute(f"UPDATE entry SET {column} = zeroblob(93) WHERE subject = ?", (subject,))
    db.close()


def lose(made: Made) -> None:
    made.layout.master_key.unlink()


def take_another(made: Made) -> None:
    made.layout.master_key.write_bytes(b"x" * 32)


def cut_short(made: Made) -> None:
    made.layout.master_key.write_bytes(b"short")


@pytest.mark.parametrize("happens", [lose, take_another, cut_short])
def test_the_keys_are_the_same_under_a_new_master_key(made: Made, happens: object) -> None:
    before = made.layout.master_key.read_bytes()
    assert callable(happens)
    happens(made)
    done = made.restore()
    assert (done.keys, done.damaged, done.is_new) == (3, (), True)
    assert made.opened() == made.keys
    assert made.layout.master_key.read_bytes() != before
    assert stat.S_IMODE(made.layout.master_key.stat().st_mode) == 0o600
    assert made.layout.master_key.stat().st_uid == os.geteuid()
    assert read_recovery(made.layout).is_confirmed
    report = verify(made.layout.events)
    assert (report.checkpoints, report.unsigned) == (1, 1)  # signed, but for the event that says so


def test_a_wrong_master_key_is_kept(made: Made) -> None:
    take_another(made)
    done = made.restore()
    assert done.wrong_key == str(made.layout.keys / "master.key.wrong")
    assert Path(done.wrong_key).read_bytes() == b"x" * 32
    assert made.names() == {"master.key", "master.key.wrong"}


def test_a_right_master_key_stays(made: Made) -> None:
    before = made.layout.master_key.read_bytes(), made.layout.ring.read_bytes()
    with pytest.raises(PermanentError, match="nothing is to be done") as caught:
        made.restore()
    assert caught.value.reason is Reason.NOT_PERMITTED
    assert (made.layout.master_key.read_bytes(), made.layout.ring.read_bytes()) == before


@pytest.mark.parametrize("content", [None, b"{}"])
def test_a_lost_recovery_file_is_written_anew(made: Made, content: bytes | None) -> None:
    made.layout.recovery.unlink()
    if content is not None:
        made.layout.recovery.write_bytes(content)
    assert not made.restore().is_new
    assert read_recovery(made.layout).is_confirmed
    assert made.opened() == made.keys


def test_the_whole_folder_of_keys_may_be_lost(made: Made) -> None:
    made.layout.keys.rename(made.layout.root / "away")
    made.restore()
    assert made.opened() == made.keys
    assert stat.S_IMODE(made.layout.keys.stat().st_mode) == 0o700


def test_a_running_server_refuses(made: Made) -> None:
    lose(made)
    lock = FolderLock.take(made.layout.lock)
    try:
        with pytest.raises(TransientError, match="in use") as caught:
            made.restore()
    finally:
        lock.close()
    assert caught.value.reason is Reason.STORE_BUSY
    assert made.names() == set()


@pytest.mark.parametrize("act", [recovery.check, recovery.restore])
def test_the_key_of_another_installation_changes_nothing(made: Made, tmp_path: Path, act: object) -> None:
    other = installations.make(tmp_path / "other")
    lose(made)
    before = made.layout.ring.read_bytes()
    assert callable(act)
    with pytest.raises(PermanentError, match="another installation") as caught:
        act(made.layout, other)
    assert caught.value.reason is Reason.NOT_PERMITTED
    with pytest.raises(PermanentError) as caught:
        act(made.layout, Secret(b"\xffSKRYTKA-1-nothing"))
    assert caught.value.reason is Reason.BAD_SYNTAX
    assert made.layout.ring.read_bytes() == before
    assert made.names() == set()


def test_without_a_ring_no_recovery_key_helps(made: Made) -> None:
    made.layout.ring.unlink()
    with pytest.raises(PermanentError, match="take it from the backup"):
        made.restore()


def test_a_damaged_key_stops_it_unless_that_is_accepted(made: Made) -> None:
    lose(made)
    damage(made, "node:queue")
    with pytest.raises(PermanentError, match="node:queue version 1") as caught:
        made.restore()
    assert caught.value.reason is Reason.CORRUPT
    assert made.names() == set()
    done = made.restore(is_damage_accepted=True)
    assert (done.keys, done.damaged) == (2, ("key ring entry node:queue version 1",))
    opened = open_ring(made.layout, read_master_key(made.layout), read_recovery(made.layout), CLOCK, RANDOM)
    assert opened.get("node:pepper").reveal() == made.keys["node:pepper"]
    assert opened.verify() == ["key ring entry node:queue version 1 does not open"]
    opened.close()


class PowerLossError(Exception):
    """The machine stops here."""


@pytest.mark.parametrize("step", ["rewrap", "_prove", "write_recovery", "_put_in_place", "sync_folder"])
def test_cut_short_at_any_step_it_is_ended_by_the_same_command(
    made: Made, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    take_another(made)

    def stop(*_args: object) -> None:
        raise PowerLossError

    with monkeypatch.context() as patch:
        patch.setattr(ring if step == "rewrap" else recovery, step, stop)
        with pytest.raises(PowerLossError):
            made.restore()
    if step == "sync_folder":
        assert made.opened() == made.keys
        return
    made.restore()
    assert made.opened() == made.keys
    assert made.names() == {"master.key", "master.key.wrong"}


def test_a_check_says_what_the_key_opens_and_changes_nothing(made: Made) -> None:
    before = made.layout.ring.read_bytes()
    lock = FolderLock.take(made.layout.lock)  # the server may run
    assert recovery.check(made.layout, made.text) == recovery.Checked(keys=3, damaged=())
    assert made.layout.ring.read_bytes() == before
    damage(made, "node:address")
    assert recovery.check(made.layout, made.text).damaged == ("key ring entry node:address version 1",)
    lock.close()


@pytest.mark.needs("root")
def test_the_ring_stays_its_users_and_the_new_key_is_roots(tmp_path: Path) -> None:
    import pwd

    text = installations.make(tmp_path / "s", user="nobody")
    tmp_path.chmod(0o755)
    layout = Layout(tmp_path / "s")
    layout.master_key.unlink()
    for folder in tmp_path.parents:
        if stat.S_IMODE(folder.stat().st_mode) & 0o001 == 0:
            folder.chmod(folder.stat().st_mode | 0o011)
    recovery.restore(layout, text)
    assert layout.master_key.stat().st_uid == 0
    nobody = pwd.getpwnam("nobody").pw_uid
    for path in (layout.ring, *layout.events.rglob("*"), layout.lock):
        assert path.stat().st_uid == nobody, path
