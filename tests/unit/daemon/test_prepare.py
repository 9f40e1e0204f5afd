import json
import os
from pathlib import Path

import pytest

from skrytka.daemon import prepare
from skrytka.daemon.children import child_environment
from skrytka.daemon.layout import Layout
from skrytka.daemon.lock import is_held
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.secret import Secret
from skrytka.store.system import SystemClock, SystemRandom
from tests.support import installations
from tests.support.ports import free_block

PORT = free_block()
PORTS = {"smtp": PORT, "imap": PORT + 1, "imaps": PORT + 2}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return installations.make_confirmed(tmp_path / "s", ports=PORTS)


def run(layout: Layout) -> prepare.Prepared:
    return prepare.prepare(layout.config, SystemClock(), SystemRandom())


def test_everything_is_open_and_given_back(layout: Layout) -> None:
    prepared = run(layout)
    assert sorted(prepared.bound.by_service) == ["imap", "imaps", "smtp"]
    assert layout.control_socket.is_socket()
    assert "Ciphersuites" in layout.openssl_conf.read_text()
    assert is_held(layout.lock)
    prepared.close()
    assert not is_held(layout.lock)
    assert not layout.control_socket.exists()
    run(layout).close()


@pytest.mark.parametrize("name", ["ring/ring.sqlite", "store", "events", "run"])
def test_a_folder_that_is_not_whole_is_refused(layout: Layout, name: str) -> None:
    path = layout.root / name
    path.rename(layout.root / "away")
    with pytest.raises(PermanentError, match="is missing") as caught:
        run(layout)
    assert caught.value.reason is Reason.BAD_CONFIG


def test_a_folder_that_was_not_finished_is_refused(layout: Layout) -> None:
    layout.incomplete.touch()
    with pytest.raises(PermanentError, match="not made to its end"):
        run(layout)


def test_a_recovery_key_that_nobody_confirmed_is_refused_but_for_a_demo(tmp_path: Path) -> None:
    installations.make(tmp_path / "s", ports=PORTS)
    with pytest.raises(PermanentError, match="recovery confirm") as caught:
        run(Layout(tmp_path / "s"))
    assert caught.value.reason is Reason.NOT_PERMITTED
    installations.make(tmp_path / "demo", ports=PORTS, is_demo=True)
    run(Layout(tmp_path / "demo")).close()


@pytest.mark.parametrize("text", ["", "{}", '{"version": 1, "public": "zz"}', '{"version": 1, "public": "00"}'])
def test_a_damaged_recovery_file_is_refused(layout: Layout, text: str) -> None:
    layout.recovery.write_text(text)
    with pytest.raises(PermanentError, match="from the backup"):
        run(layout)


def test_a_failure_on_the_way_gives_back_what_was_taken(layout: Layout) -> None:
    state = json.loads(layout.recovery.read_text())
    state["public"] = "11" * 32
    layout.recovery.write_text(json.dumps(state))
    with pytest.raises(PermanentError, match="another recovery key"):
        run(layout)
    assert not is_held(layout.lock)
    layout.recovery.write_text(json.dumps(state | {"public": "11" * 31}))
    with pytest.raises(PermanentError):
        run(layout)


def test_a_taken_port_leaves_the_folder_free(layout: Layout) -> None:
    first = run(layout)
    first.lock.close()  # as if it were another folder with the same ports
    with pytest.raises(TransientError, match="is taken"):
        run(layout)
    first.bound.close()
    first.control.close()
    first.ring.close()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o601])
def test_a_master_key_open_to_others_is_refused(layout: Layout, mode: int) -> None:
    layout.master_key.chmod(mode)
    with pytest.raises(PermanentError, match="chmod 600"):
        prepare.read_master_key(layout)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_master_key_of_another_length_is_refused(layout: Layout, length: int) -> None:
    layout.master_key.write_bytes(bytes(length))
    with pytest.raises(PermanentError, match="32 bytes"):
        prepare.read_master_key(layout)


def test_a_master_key_behind_a_link_is_refused(layout: Layout) -> None:
    layout.master_key.rename(layout.root / "elsewhere")
    layout.master_key.symlink_to(layout.root / "elsewhere")
    with pytest.raises(PermanentError, match="cannot be opened"):
        prepare.read_master_key(layout)


@pytest.mark.needs("root")
def test_a_master_key_of_somebody_else_is_refused(layout: Layout) -> None:
    os.chown(layout.master_key, 65534, -1)
    with pytest.raises(PermanentError, match="chown root"):
        prepare.read_master_key(layout)


def test_a_credential_of_systemd_comes_first_and_the_folder_s_own_key_without_one(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    run(layout).close()  # the unit has other credentials only
    layout.master_key.rename(credentials / "master.key")
    (credentials / "master.key").chmod(0o400)
    run(layout).close()
    assert "CREDENTIALS_DIRECTORY" not in child_environment("x")
    (credentials / "master.key").chmod(0o440)
    with pytest.raises(PermanentError, match=r"credentials/master\.key is open to others"):
        run(layout)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(PermanentError, match="CREDENTIALS_DIRECTORY=FOLDER before the command"):
        run(layout)


def test_memory_is_sealed_before_a_key_is_read(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    read = prepare.read_master_key

    def noted(layout: Layout, path: Path | None = None) -> Secret:
        order.append("read")
        return read(layout, path)

    monkeypatch.setattr("skrytka.daemon.prepare.seal_memory", lambda: order.append("sealed"))
    monkeypatch.setattr(prepare, "read_master_key", noted)
    run(layout).close()
    assert order == ["sealed", "read"]


def test_without_the_right_master_key_the_mend_is_said(layout: Layout) -> None:
    for content in (None, b"short", b"x" * 32):
        layout.master_key.unlink(missing_ok=True)
        if content is not None:
            layout.master_key.write_bytes(content)
            layout.master_key.chmod(0o600)
        with pytest.raises(PermanentError, match="skrytka recovery restore --dir"):
            run(layout)
        assert not is_held(layout.lock)


@pytest.mark.parametrize("content", [None, b""], ids=["gone", "empty"])
def test_a_store_that_is_lost_is_not_made_anew(layout: Layout, content: bytes | None) -> None:
    prepared = run(layout)
    prepare.check_store(layout, prepared.ring)  # nobody has mail yet
    prepared.ring.create("account:7")
    prepared.close()
    store = layout.store / "mail.sqlite"
    if content is not None:
        store.write_bytes(content)
    with pytest.raises(PermanentError, match="the key ring has keys of 1 accounts") as caught:
        run(layout)
    assert caught.value.reason is Reason.BAD_CONFIG
    assert not is_held(layout.lock)
    store.write_bytes(b"something")
    run(layout).close()


def test_too_few_descriptors_are_told_with_the_mend(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "raise_descriptor_limit", lambda: 50)
    with pytest.raises(PermanentError, match="may open 50 files only; mend: ulimit -n 65536, or LimitNOFILE="):
        run(layout)
    assert not is_held(layout.lock)


def test_a_damaged_key_ring_says_where_to_take_another_from(layout: Layout) -> None:
    layout.ring.write_bytes(bytes(1000) + os.urandom(9000))
    with pytest.raises(PermanentError, match=r"ring\.sqlite.*it is damaged; take it from the backup") as caught:
        run(layout)
    assert caught.value.reason is Reason.CORRUPT
