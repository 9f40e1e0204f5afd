import stat
from pathlib import Path

import pytest

from skrytka.daemon import installation
from skrytka.daemon.layout import Layout
from skrytka.daemon.prepare import check_installation, read_master_key, read_recovery
from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.secret import Secret
from skrytka.store.seal.recovery import RecoveryKey
from skrytka.store.seal.ring import recover
from tests.support import installations


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "s")


def test_the_recovery_key_that_is_shown_opens_the_ring(layout: Layout) -> None:
    text = installations.make(layout.root)
    key = RecoveryKey.parse(text.reveal().decode())
    assert key.public == read_recovery(layout).public_key
    opened = recover(layout.ring, key)
    assert {entry.subject for entry in opened} == {"node:address", "node:pepper", "node:queue"}
    assert all(entry.key is not None for entry in opened)


def test_confirming_takes_the_key_in_any_spelling(layout: Layout) -> None:
    text = installations.make(layout.root).reveal().decode()
    installation.confirm_recovery(layout, Secret(text.lower().replace("-", " ") + "\n"), FixedClock())
    state = check_installation(layout, is_demo=False)
    assert state.is_confirmed
    assert state.confirmed_at_ms == FixedClock().now_ms()


def test_the_key_of_another_installation_confirms_nothing(layout: Layout, tmp_path: Path) -> None:
    installations.make(layout.root)
    other = installations.make(tmp_path / "other")
    with pytest.raises(PermanentError) as caught:
        installation.confirm_recovery(layout, other, FixedClock())
    assert caught.value.reason is Reason.NOT_PERMITTED
    assert not read_recovery(layout).is_confirmed


@pytest.mark.parametrize("typed", [b"", b"SKRYTKA-1-", b"\xff\xfe", b"hello"])
def test_what_is_no_recovery_key_confirms_nothing(layout: Layout, typed: bytes) -> None:
    installations.make(layout.root)
    with pytest.raises(PermanentError) as caught:
        installation.confirm_recovery(layout, Secret(typed), FixedClock())
    assert caught.value.reason is Reason.BAD_SYNTAX


def test_an_installation_is_never_overwritten(layout: Layout) -> None:
    installations.make(layout.root)
    before = layout.master_key.read_bytes()
    with pytest.raises(PermanentError) as caught:
        installations.make(layout.root)
    assert caught.value.reason is Reason.ALREADY_EXISTS
    assert layout.master_key.read_bytes() == before


def test_a_folder_with_other_files_is_left_alone(layout: Layout) -> None:
    layout.root.mkdir()
    (layout.root / "mine").touch()
    with pytest.raises(PermanentError, match="not empty"):
        installations.make(layout.root)


def test_an_empty_folder_is_used(layout: Layout) -> None:
    layout.root.mkdir()
    installations.make(layout.root)
    assert read_master_key(layout) is not None


@pytest.mark.parametrize("place", ["/proc/none/x", "/etc/hostname/x"])
def test_a_place_where_none_can_be_is_told_with_the_mend(place: str) -> None:
    with pytest.raises(PermanentError) as caught:
        installations.make(Path(place))
    assert caught.value.reason is Reason.NOT_PERMITTED
    assert f"{place} cannot be made" in caught.value.detail
    assert "--dir" in caught.value.detail


def test_what_was_cut_short_is_made_anew(layout: Layout) -> None:
    installations.make(layout.root)
    layout.incomplete.touch()
    before = layout.master_key.read_bytes()
    installations.make(layout.root)
    assert layout.master_key.read_bytes() != before
    assert not layout.incomplete.exists()


def test_a_user_that_is_not_there_leaves_nothing_behind(layout: Layout) -> None:
    with pytest.raises(PermanentError, match="adduser"):
        installations.make(layout.root, user="no-such-user-here")
    assert not layout.root.exists()


@pytest.mark.needs("root")
def test_what_the_server_writes_is_its_users_and_the_keys_are_roots(layout: Layout) -> None:
    import pwd

    installations.make(layout.root, user="nobody")
    nobody = pwd.getpwnam("nobody").pw_uid
    owners = {path.relative_to(layout.root).as_posix(): path.stat() for path in layout.root.rglob("*")}
    for name in ("ring", "ring/ring.sqlite", "store", "events", "run", "keys/tls", "keys/tls/server.key"):
        assert owners[name].st_uid == nobody, name
    for name in ("keys", "keys/master.key", "skrytka.toml"):
        assert owners[name].st_uid == 0, name
    assert stat.S_IMODE(owners["keys/master.key"].st_mode) == 0o600
    assert stat.S_IMODE(owners["keys"].st_mode) == 0o710
