import os
import sqlite3
from pathlib import Path

import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.store.seal.recovery import RecoveryKey
from skrytka.store.seal.ring import NODE_SUBJECTS, Entry, KeyRing, KeyState, account_subject, recover, rewrap
from skrytka.store.system import SystemRandom

RANDOM = SystemRandom()
CLOCK = FixedClock(1_700_000_000_000)
MASTER = Secret(b"m" * 32)
RECOVERY = RecoveryKey(Secret(b"s" * 32))
ALICE = account_subject(AccountId(1))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    KeyRing.initialise(tmp_path / "ring.sqlite", MASTER, RECOVERY.public, CLOCK, RANDOM).close()
    return tmp_path / "ring.sqlite"


def open_ring(path: Path, master: Secret = MASTER, public: bytes = RECOVERY.public) -> KeyRing:
    return KeyRing(path, master, public, CLOCK, RANDOM)


def edit(path: Path, sql: str, *params: object) -> None:
    with sqlite3.connect(path) as db:
        db.execute(sql, params)
    db.close()


def spoil(path: Path, subject: str, column: str, position: int) -> None:
    with sqlite3.connect(path) as db:
        (value,) = db.execute(f"SELECT {column} FROM entry WHERE subject = ?", (subject,)).fetchone()
        changed = bytearray(value)
        changed[position] ^= 1
        db.execute(f"UPDATE entry SET {column} = ? WHERE subject = ?", (bytes(changed), subject))
    db.close()


def test_a_new_ring_has_the_keys_of_the_node(path: Path) -> None:
    ring = open_ring(path)
    assert [entry.subject for entry in ring.entries()] == sorted(NODE_SUBJECTS)
    assert len({ring.get(subject).reveal() for subject in NODE_SUBJECTS}) == len(NODE_SUBJECTS)
    ring.close()


def test_the_file_is_for_the_owner_only(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == ["ring.sqlite"]


def test_a_key_is_the_same_after_the_ring_was_closed(path: Path) -> None:
    ring = open_ring(path)
    key = ring.create(ALICE)
    assert len(key) == 32
    assert ring.get(ALICE).reveal() == key.reveal()
    ring.close()
    again = open_ring(path)
    assert again.get(ALICE).reveal() == key.reveal()
    again.close()


def test_a_key_is_on_the_disk_when_create_returns(path: Path) -> None:
    """A copy of the file taken right then, as a power loss would leave it, has the key and needs no journal."""
    ring = open_ring(path)
    key = ring.create(ALICE)
    assert os.listdir(path.parent) == ["ring.sqlite"]
    copy = path.with_name("copy.sqlite")
    copy.write_bytes(path.read_bytes())
    ring.close()
    copied = open_ring(copy)
    assert copied.get(ALICE).reveal() == key.reveal()
    copied.close()


def test_entries_say_all_but_the_key(path: Path) -> None:
    ring = open_ring(path)
    ring.create(ALICE)
    at = CLOCK.now_ms()
    assert ring.entries()[0] == Entry(ALICE, 1, KeyState.ACTIVE, at, at, None)
    ring.close()


def test_a_subject_has_one_key(path: Path) -> None:
    ring = open_ring(path)
    key = ring.ensure(ALICE)
    with pytest.raises(PermanentError) as caught:
        ring.create(ALICE)
    assert caught.value.reason is Reason.ALREADY_EXISTS
    assert ring.ensure(ALICE).reveal() == key.reveal()
    ring.close()


@pytest.mark.parametrize("subject", ["", "alice", "account:", "account:0", "account:-1", "account:1 ", "node:A", "x:1"])
def test_a_subject_has_a_form(path: Path, subject: str) -> None:
    ring = open_ring(path)
    with pytest.raises(PermanentError) as caught:
        ring.create(subject)
    assert caught.value.reason is Reason.BAD_SYNTAX
    ring.close()


def test_a_key_that_is_not_there_is_unavailable_and_named(path: Path) -> None:
    ring = open_ring(path)
    with pytest.raises(PermanentError, match="account:1") as caught:
        ring.get(ALICE)
    assert caught.value.reason is Reason.KEY_UNAVAILABLE
    ring.close()


@pytest.mark.parametrize("state", ["pending", "destroyed"])
def test_a_key_on_its_way_to_destruction_opens_nothing_and_is_not_made_anew(path: Path, state: str) -> None:
    ring = open_ring(path)
    ring.create(ALICE)
    ring.close()
    gone = ", wrapped = NULL, boxed = NULL" if state == "destroyed" else ", due_at_ms = 1"
    edit(path, f"UPDATE entry SET state = ?{gone} WHERE subject = ?", state, ALICE)
    ring = open_ring(path)
    for ask in (ring.get, ring.ensure):
        with pytest.raises(PermanentError, match=state) as caught:
            ask(ALICE)
        assert caught.value.reason is Reason.KEY_UNAVAILABLE
    with pytest.raises(PermanentError) as caught:
        ring.create(ALICE)
    assert caught.value.reason is Reason.ALREADY_EXISTS
    assert ring.verify() == []
    assert ring.entries()[0].state == state
    ring.close()


@pytest.mark.parametrize("position", [0, 11, 12, 43, 44, 59])
def test_a_damaged_entry_names_itself_and_the_rest_is_served(path: Path, position: int) -> None:
    ring = open_ring(path)
    ring.create(ALICE)
    ring.close()
    spoil(path, ALICE, "wrapped", position)
    ring = open_ring(path)
    with pytest.raises(PermanentError, match="account:1 version 1") as caught:
        ring.get(ALICE)
    assert caught.value.reason is Reason.CORRUPT
    assert ring.verify() == ["key ring entry account:1 version 1 does not open"]
    assert len(ring.get("node:queue")) == 32
    ring.close()


def test_an_entry_given_to_another_subject_does_not_open(path: Path) -> None:
    ring = open_ring(path)
    ring.create(ALICE)
    ring.close()
    edit(path, "UPDATE entry SET subject = 'account:2' WHERE subject = ?", ALICE)
    ring = open_ring(path)
    with pytest.raises(PermanentError, match="account:2"):
        ring.get("account:2")
    ring.close()
    assert [found.key is None for found in recover(path, RECOVERY)] == [True, False, False, False]


def test_a_sound_ring_has_no_problems(path: Path) -> None:
    ring = open_ring(path)
    ring.create(ALICE)
    assert ring.verify() == []
    ring.close()


@pytest.mark.parametrize(
    ("master", "public"),
    [(Secret(b"x" * 32), RECOVERY.public), (Secret(b"short"), RECOVERY.public), (MASTER, b"p" * 32)],
    ids=["another master key", "a short master key", "another recovery key"],
)
def test_a_ring_opens_with_its_own_keys_only(path: Path, master: Secret, public: bytes) -> None:
    with pytest.raises(PermanentError) as caught:
        open_ring(path, master, public)
    assert caught.value.reason is Reason.KEY_UNAVAILABLE
    open_ring(path).close()


def test_a_public_half_of_a_wrong_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError) as caught:
        KeyRing.initialise(tmp_path / "ring.sqlite", MASTER, b"short", CLOCK, RANDOM)
    assert caught.value.reason is Reason.BAD_CONFIG
    assert not (tmp_path / "ring.sqlite").exists()


def test_a_ring_that_is_absent_is_an_error_and_not_made_anew(tmp_path: Path) -> None:
    with pytest.raises(PermanentError) as caught:
        open_ring(tmp_path / "ring.sqlite")
    assert caught.value.reason is Reason.KEY_UNAVAILABLE
    assert list(tmp_path.iterdir()) == []


def test_a_ring_that_exists_is_not_made_again(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(PermanentError) as caught:
        KeyRing.initialise(path, MASTER, RECOVERY.public, CLOCK, RANDOM)
    assert caught.value.reason is Reason.ALREADY_EXISTS
    assert path.read_bytes() == before


def test_another_file_of_sqlite_is_no_ring(tmp_path: Path) -> None:
    edit(tmp_path / "other.sqlite", "CREATE TABLE ring (a)")
    with pytest.raises(PermanentError, match="no key ring") as caught:
        open_ring(tmp_path / "other.sqlite")
    assert caught.value.reason is Reason.CORRUPT


def test_a_ring_of_a_later_format_is_refused(path: Path) -> None:
    edit(path, "PRAGMA user_version = 2")
    with pytest.raises(PermanentError) as caught:
        open_ring(path)
    assert caught.value.reason is Reason.UNSUPPORTED


def test_a_ring_without_its_head_is_corrupt(path: Path) -> None:
    edit(path, "DELETE FROM ring")
    with pytest.raises(PermanentError) as caught:
        open_ring(path)
    assert caught.value.reason is Reason.CORRUPT


def test_the_ring_can_be_recovered_from_while_it_is_in_use(path: Path) -> None:
    ring = open_ring(path)
    key = ring.create(ALICE)
    found = {one.subject: one.key for one in recover(path, RECOVERY)}[ALICE]
    assert found is not None
    assert found.reveal() == key.reveal()
    ring.close()


def test_the_recovery_key_alone_opens_every_key(path: Path) -> None:
    ring = open_ring(path)
    keys = {subject: ring.ensure(subject).reveal() for subject in (ALICE, *NODE_SUBJECTS)}
    ring.close()
    found = recover(path, RecoveryKey.parse(RECOVERY.text().reveal().decode()))
    assert {one.subject: one.key.reveal() for one in found if one.key} == keys
    assert {one.version for one in found} == {1}


def test_recovery_says_which_entry_is_damaged(path: Path) -> None:
    spoil(path, "node:pepper", "boxed", 40)
    assert [found.subject for found in recover(path, RECOVERY) if found.key is None] == ["node:pepper"]


def test_another_recovery_key_is_told_so(path: Path) -> None:
    with pytest.raises(PermanentError) as caught:
        recover(path, RecoveryKey(Secret(b"o" * 32)))
    assert caught.value.reason is Reason.KEY_UNAVAILABLE


def test_what_was_replaced_is_forgotten_after_30_days(path: Path) -> None:
    day_ms = 86_400_000
    insert = "INSERT INTO replaced VALUES ('account:1', ?, ?, x'00', x'00')"
    edit(path, insert, 1, CLOCK.now_ms() - 30 * day_ms)
    edit(path, insert, 2, CLOCK.now_ms() - 30 * day_ms - 1)
    ring = open_ring(path)
    ring.expire(CLOCK.now_ms())
    ring.close()
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT version FROM replaced").fetchall() == [(1,)]
    db.close()


def test_a_file_that_is_noise_is_corrupt_and_named(path: Path) -> None:
    path.write_bytes(os.urandom(20_000))
    with pytest.raises(PermanentError, match="ring") as caught:
        open_ring(path)
    assert caught.value.reason is Reason.CORRUPT


def test_a_full_disk_is_transient_and_costs_no_key(path: Path) -> None:
    ring = open_ring(path)
    ring._db.rows("PRAGMA max_page_count = 8")  # SQLite answers SQLITE_FULL, as it does for ENOSPC
    made = 0
    with pytest.raises(TransientError) as caught:  # noqa: PT012 - the first few fit
        for made in range(1, 1000):
            ring.create(account_subject(AccountId(made)))
    assert caught.value.reason is Reason.DISK_FULL
    assert made > 1
    ring.close()
    ring = open_ring(path)
    assert ring.verify() == []
    assert len(ring.entries()) == len(NODE_SUBJECTS) + made - 1
    assert len(ring.ensure(account_subject(AccountId(made)))) == 32
    ring.close()


def test_no_key_lies_in_the_file(path: Path) -> None:
    ring = open_ring(path)
    keys = [ring.ensure(subject).reveal() for subject in (ALICE, *NODE_SUBJECTS)]
    ring.close()
    content = path.read_bytes()
    for key in (*keys, MASTER.reveal(), b"s" * 32):
        assert key not in content
        assert key.hex().encode() not in content.lower()


def test_keys_wrapped_anew_are_the_same_and_the_old_master_key_opens_nothing(path: Path) -> None:
    ring = open_ring(path)
    key = ring.create(ALICE).reveal()
    ring.close()
    edit(path, "INSERT INTO replaced SELECT subject, version, 5, wrapped, boxed FROM entry WHERE subject = ?", ALICE)
    fresh = Secret(b"f" * 32)
    assert rewrap(path, RECOVERY, fresh, RANDOM) == []
    with pytest.raises(PermanentError, match="does not open the key ring"):
        open_ring(path)
    ring = open_ring(path, fresh)
    assert ring.verify() == []
    assert ring.get(ALICE).reveal() == key
    ring.close()
    with sqlite3.connect(path) as db:
        was, now = db.execute("SELECT r.wrapped, e.wrapped FROM replaced r JOIN entry e USING (subject)").fetchone()
    db.close()
    assert len(was) == len(now)
    edit(path, "UPDATE entry SET wrapped = ? WHERE subject = ?", was, ALICE)
    ring = open_ring(path, fresh)
    assert ring.get(ALICE).reveal() == key
    ring.close()


def test_another_recovery_key_wraps_nothing(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(PermanentError) as caught:
        rewrap(path, RecoveryKey(Secret(b"t" * 32)), Secret(b"f" * 32), RANDOM)
    assert caught.value.reason is Reason.KEY_UNAVAILABLE
    assert path.read_bytes() == before


def test_an_entry_whose_box_is_damaged_is_named_and_left(path: Path) -> None:
    spoil(path, "node:queue", "boxed", -1)
    assert rewrap(path, RECOVERY, Secret(b"f" * 32), RANDOM) == ["key ring entry node:queue version 1"]
