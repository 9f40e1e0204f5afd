import os
import pwd
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from skrytka.daemon import privileges
from skrytka.model.errors import PermanentError, Reason

NOBODY = pwd.getpwnam("nobody")
BECOME = """
import os
from skrytka.daemon import privileges
privileges.become(privileges.find_user("nobody"))
print(os.getresuid(), os.getresgid(), os.getgroups())
try:
    os.setuid(0)
except PermissionError:
    print("never root again")
"""


def test_a_user_that_does_not_exist_is_told_with_how_to_make_one() -> None:
    with pytest.raises(PermanentError, match="adduser --system") as caught:
        privileges.find_user("no-such-user-here")
    assert caught.value.reason is Reason.BAD_CONFIG


def test_root_is_no_user_to_drop_to() -> None:
    with pytest.raises(PermanentError, match="is root"):
        privileges.find_user("root")


def test_nobody_is_wanted_when_the_settings_name_none() -> None:
    assert privileges.wanted_user(None) is None


def test_another_user_without_root_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(PermanentError, match="start as root or as nobody"):
        privileges.wanted_user("nobody")


def test_the_user_itself_needs_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY.pw_uid)
    assert privileges.wanted_user("nobody") is None


def test_a_file_of_somebody_else_is_told_with_chown(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "mail.sqlite").touch()
    stranger = privileges.User("mail", os.getuid() + 1, 0, ())
    with pytest.raises(PermanentError, match="chown -R mail: "):
        privileges.check_owner([tmp_path / "store"], stranger)
    privileges.check_owner([tmp_path / "store"], privileges.User("me", os.getuid(), 0, ()))


@pytest.mark.needs("root")
def test_dropped_root_does_not_come_back() -> None:
    done = subprocess.run([sys.executable, "-c", BECOME], capture_output=True, text=True, check=True)
    uid, gid = NOBODY.pw_uid, NOBODY.pw_gid
    assert done.stdout.splitlines() == [f"({uid}, {uid}, {uid}) ({gid}, {gid}, {gid}) [{gid}]", "never root again"]


@pytest.mark.needs("root")
def test_root_acts_with_the_users_rights_for_a_while() -> None:
    groups = os.getgroups()
    with tempfile.TemporaryDirectory() as text:  # pytest's own folders are closed to others
        folder = Path(text)
        folder.chmod(0o777)
        with privileges.acting_as(privileges.find_user("nobody")):
            (folder / "made").touch()
            with pytest.raises(PermissionError):
                Path("/etc/shadow").read_text()
        assert (folder / "made").stat().st_uid == NOBODY.pw_uid
    assert (os.geteuid(), os.getgroups()) == (0, groups)


@pytest.mark.needs("root")
def test_a_closed_folder_above_is_told(tmp_path: Path) -> None:
    user = privileges.find_user("nobody")
    (tmp_path / "closed" / "dir").mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    pid = os.fork()
    if pid == 0:
        privileges.become(user)
        try:
            privileges.check_reach(tmp_path / "closed" / "dir", user)
        except PermanentError as exc:
            os._exit(7 if "chmod go+x" in exc.detail else 1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def test_nobody_to_act_as_changes_nothing() -> None:
    before = os.geteuid()
    with privileges.acting_as(None):
        assert os.geteuid() == before


def test_given_files_belong_to_the_user(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    privileges.give([tmp_path / "a"], privileges.User("me", os.getuid(), os.getgid(), ()))
    assert (tmp_path / "a").stat().st_uid == os.getuid()


def test_a_python_that_the_user_cannot_run_is_named(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.touch(mode=0o600)
    me = pwd.getpwuid(os.geteuid())
    user = privileges.User(me.pw_name, me.pw_uid, me.pw_gid, ())
    with pytest.raises(PermanentError, match=f"cannot run {program}") as caught:
        privileges.check_program(user, str(program))
    assert caught.value.reason is Reason.NOT_PERMITTED
    program.chmod(0o700)
    privileges.check_program(user, str(program))


@pytest.mark.needs("root")
def test_root_asks_with_the_rights_of_the_user(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.touch(mode=0o700)
    nobody = privileges.User("nobody", NOBODY.pw_uid, NOBODY.pw_gid, ())
    with pytest.raises(PermanentError, match="nobody cannot run"):
        privileges.check_program(nobody, str(program))
    assert os.geteuid() == 0


def test_folders_alone_are_looked_at_where_their_content_is_closed(tmp_path: Path) -> None:
    me = privileges.User("me", os.getuid(), 0, ())
    stranger = privileges.User("mail", os.getuid() + 1, 0, ())
    privileges.check_owner([tmp_path], me, is_deep=False)
    with pytest.raises(PermanentError, match=f"chown -R mail: {tmp_path} {tmp_path}"):
        privileges.check_owner([tmp_path, tmp_path], stranger, is_deep=False)
