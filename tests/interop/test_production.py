"""``init``, ``serve`` and what keeps a server from starting, as an administrator meets them."""

import codecs
import contextlib
import email
import json
import os
import pty
import pwd
import re
import select
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomlkit

from tests.support.demo import COMMAND, Demo
from tests.support.needs import ROOT
from tests.support.processes import group
from tests.support.production import listen_on_loopback
from tests.support.systemd_unit import confined

NEEDED = (
    *("apsw", "argon2", "_argon2_cffi_bindings", "cffi", "_cffi_backend*", "pycparser", "click", "cryptography", "dns"),
    *("idna", "msgspec", "yaml", "rich", "pygments", "markdown_it", "mdurl", "segno", "tomlkit", "uvloop", "zstandard"),
    "zxcvbn_rs_py",
)
NOBODY = pwd.getpwnam("nobody")


def skrytka(*arguments: str, text: str | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, input=text, timeout=60, check=False)


@contextlib.contextmanager
def serving(root: Path, *command: str) -> Iterator["subprocess.Popen[str]"]:
    """A server that must get ready, and exit 0 at SIGTERM."""
    process = subprocess.Popen(
        [*(command or COMMAND), "serve", "--config", str(root / "skrytka.toml")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
        assert first.startswith("ready"), first + process.stdout.read()
        yield process
        process.terminate()
        rest = process.stdout.read()
        assert process.wait(30) == 0, rest
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        process.stdout.close()


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """An installation as ``init --json`` makes it, not confirmed; the facts are in ``init.json`` beside it."""
    done = skrytka("init", "example.org", "--dir", str(tmp_path / "s"), "--json")
    assert done.returncode == 0, done.stderr
    (tmp_path / "init.json").write_text(done.stdout)
    return tmp_path / "s"


def facts_of(root: Path) -> dict[str, str]:
    facts: dict[str, str] = json.loads((root.parent / "init.json").read_text())
    return facts


def test_init_makes_keys_that_only_their_owner_reads(made: Path) -> None:
    modes = {path.relative_to(made).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in made.rglob("*")}
    assert modes["keys/master.key"] == 0o600
    assert modes["ring/ring.sqlite"] == 0o600
    assert modes["keys/tls/server.key"] == 0o600
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert not [name for name, mode in modes.items() if mode & 0o022]
    assert len((made / "keys/master.key").read_bytes()) == 32


def test_the_recovery_key_is_kept_nowhere_in_any_form(made: Path) -> None:
    from skrytka.store.seal.recovery import RecoveryKey

    text = facts_of(made)["recovery_key"]
    seed = RecoveryKey.parse(text)._seed.reveal()
    for path in made.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            assert seed not in raw
            assert seed.hex().encode() not in raw.lower()
            assert text.encode() not in raw


def test_serve_refuses_until_the_recovery_key_is_confirmed(made: Path) -> None:
    refused = skrytka("serve", "--dir", str(made))
    assert refused.returncode == 7
    assert "skrytka recovery confirm" in refused.stderr
    text = facts_of(made)["recovery_key"]
    wrong = skrytka("recovery", "confirm", "--dir", str(made), text=text[:-1] + ("0" if text[-1] != "0" else "1"))
    assert wrong.returncode == 2
    assert "group 14" in wrong.stderr
    confirmed = skrytka("recovery", "confirm", "--dir", str(made), text=text.lower().replace("-", " ") + "\n")
    assert confirmed.returncode == 0, confirmed.stderr
    ports = listen_on_loopback(made)
    with serving(made), socket.create_connection(("127.0.0.1", ports["smtp"])) as sock:
        assert sock.recv(100).startswith(b"220 mail.example.org ESMTP")


def test_init_overwrites_nothing(made: Path) -> None:
    before = (made / "keys/master.key").read_bytes()
    again = skrytka("init", "example.org", "--dir", str(made))
    assert again.returncode == 6
    assert (made / "keys/master.key").read_bytes() == before
    (made.parent / "full").mkdir()
    (made.parent / "full" / "file").touch()
    assert skrytka("init", "example.org", "--dir", str(made.parent / "full")).returncode == 6


@pytest.mark.parametrize("domain", ["localhost", "a b.c", "[192.0.2.1]", "-a.example"])
def test_init_wants_a_full_domain_name(tmp_path: Path, domain: str) -> None:
    done = skrytka("init", "--dir", str(tmp_path / "s"), "--", domain)
    assert done.returncode == 2
    assert not (tmp_path / "s").exists()


def test_on_a_terminal_two_groups_of_the_recovery_key_are_asked_for(tmp_path: Path) -> None:
    screen = Screen([*COMMAND, "init", "example.org", "--dir", str(tmp_path / "s")])
    shown = screen.read_until("Group ")
    groups = re.search(r"SKRYTKA-1-([0-9A-Z-]+)", shown)
    assert groups is not None
    rest = ""
    for _ in range(2):
        number = int(screen.read_until(": ").split()[0])
        screen.write(groups[1].split("-")[number - 1].lower() + "\n")
        rest = screen.read_until("Group ", "confirmed")
    assert "is confirmed" in rest
    assert screen.wait() == 0
    assert json.loads((tmp_path / "s/keys/recovery.json").read_text())["is_confirmed"] is True


class Screen:
    """A program on a terminal."""

    def __init__(self, command: list[str]) -> None:
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.execv(command[0], command)
        self._seen = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()  # a read may end within a character

    def read_until(self, *texts: str) -> str:
        """What came until one of the texts, that text included."""
        end = time.monotonic() + 20
        while not any(text in self._seen for text in texts):
            assert select.select([self._fd], [], [], max(0, end - time.monotonic()))[0], self._seen
            self._seen += self._decoder.decode(os.read(self._fd, 65536))
        cut = min(self._seen.index(text) + len(text) for text in texts if text in self._seen)
        shown, self._seen = self._seen[:cut], self._seen[cut:]
        return shown

    def write(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def wait(self) -> int:
        with contextlib.suppress(OSError):
            while os.read(self._fd, 65536):
                pass
        os.close(self._fd)
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


# -- what keeps it from starting ------------------------------------------------------------------------------------


@pytest.fixture
def confirmed(made: Path) -> Path:
    assert skrytka("recovery", "confirm", "--dir", str(made), text=facts_of(made)["recovery_key"]).returncode == 0
    listen_on_loopback(made)
    return made


def test_a_second_server_on_the_folder_is_told_who_has_it(confirmed: Path) -> None:
    with serving(confirmed) as first:
        second = skrytka("serve", "--dir", str(confirmed))
        assert second.returncode == 4
        assert f"in use by process {first.pid}" in second.stderr


def test_a_taken_port_is_named_with_the_mend(confirmed: Path) -> None:
    port = tomlkit.parse((confirmed / "skrytka.toml").read_text())["listeners"]["imaps"]["port"]
    with socket.create_server(("127.0.0.1", int(port))):
        done = skrytka("serve", "--dir", str(confirmed))
    assert done.returncode == 4
    assert f"port {port} (imaps, 127.0.0.1:{port}) is taken" in done.stderr


def test_bad_settings_are_told_with_line_and_key(confirmed: Path) -> None:
    path = confirmed / "skrytka.toml"
    path.write_text(path.read_text() + "\n[login]\nwindow_s = 0\n")
    line = path.read_text().splitlines().index("window_s = 0") + 1
    for command in (["serve"], ["config", "check"]):
        done = skrytka(*command, "--dir", str(confirmed))
        assert done.returncode == 3
        assert f"{path}:{line}: login.window_s: allowed: an integer of 1 or more; found: 0" in done.stderr


def test_a_broken_certificate_keeps_it_from_starting(confirmed: Path) -> None:
    (confirmed / "keys/tls/server.pem").write_text("nothing")
    done = skrytka("serve", "--dir", str(confirmed))
    assert done.returncode == 3
    assert "keys/tls/server.pem is no PEM certificate chain" in done.stderr


def test_an_open_master_key_keeps_it_from_starting(confirmed: Path) -> None:
    (confirmed / "keys/master.key").chmod(0o644)
    done = skrytka("serve", "--dir", str(confirmed))
    assert done.returncode == 7
    assert "chmod 600" in done.stderr


def test_a_master_key_of_another_installation_keeps_it_from_starting(confirmed: Path) -> None:
    (confirmed / "keys/master.key").write_bytes(bytes(32))
    assert skrytka("serve", "--dir", str(confirmed)).returncode == 4


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "::"])
def test_a_demo_folder_is_not_served_to_the_world(tmp_path: Path, address: str) -> None:
    with Demo(tmp_path / "demo") as demo:
        path = Path(demo.facts["config"])
    path.write_text(path.read_text().replace('["127.0.0.1"]', f'["{address}"]', 1))
    for command in (["serve", "--config", str(path)], ["demo", "--dir", str(path.parent)]):
        done = skrytka(*command)
        assert done.returncode == 3
        assert "loopback" in done.stderr


# -- life -----------------------------------------------------------------------------------------------------------


def test_hup_puts_a_new_certificate_into_force_without_dropping_a_connection() -> None:
    from skrytka.daemon import installation
    from skrytka.daemon.layout import Layout
    from skrytka.store.system import SystemClock

    with Demo() as demo:
        old = demo.tls()
        with demo.inbox("alice") as client:
            installation.write_certificate(Layout(demo.root), "Fresh", ("localhost",), SystemClock())
            os.kill(demo.process.pid, signal.SIGHUP)
            demo.wait_for(lambda: "settings reloaded" in demo.output, 10)
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                try:
                    handshake(demo, old).close()
                except ssl.SSLCertVerificationError:
                    break
            else:
                pytest.fail("the old certificate is served still")
            handshake(demo, demo.tls()).close()
            assert client.noop()[0] == "OK"


def handshake(demo: Demo, context: ssl.SSLContext) -> ssl.SSLSocket:
    sock = socket.create_connection(("127.0.0.1", demo.port("imaps")))
    try:
        return context.wrap_socket(sock, server_hostname="localhost")
    except BaseException:
        sock.close()
        raise


def test_hup_with_bad_settings_changes_nothing_and_says_so() -> None:
    with Demo() as demo:
        path = demo.root / "skrytka.toml"
        good = path.read_text()
        path.write_text(good + "\n[smtp]\nerrors = 0\n")
        os.kill(demo.process.pid, signal.SIGHUP)
        demo.wait_for(lambda: "smtp.errors" in demo.output, 10)
        demo.send("alice@example.test", b"Subject: on\r\n\r\n")
        path.write_text(good)


def test_hup_with_a_broken_certificate_keeps_the_old_one() -> None:
    with Demo() as demo:
        certificate = demo.root / "keys/tls/server.pem"
        certificate.write_text("broken")
        os.kill(demo.process.pid, signal.SIGHUP)
        demo.wait_for(lambda: "the old certificates stay" in demo.output, 10)
        handshake(demo, demo.tls()).close()


def test_children_of_a_killed_supervisor_end_and_the_folder_is_free_again() -> None:
    demo = Demo()
    demo.start()
    try:
        demo.send("alice@example.test", b"Subject: before\r\n\r\n")
        pids = demo.pids()
        os.kill(demo.process.pid, signal.SIGKILL)
        demo.process.wait(10)
        demo.start()  # waits for the children of the first one
        assert not demo.living({name: pid for name, pid in pids.items() if name != "supervisor"})
        (raw,) = demo.messages("alice")
        assert email.message_from_bytes(raw)["Subject"] == "before"
        assert demo.stop() == 0
    finally:
        demo.abandon()


# -- root is dropped ------------------------------------------------------------------------------------------------


@pytest.fixture
def open_copy() -> Iterator[Path]:
    """The package and what it imports in a folder that everybody can read, for /usr/bin/python3."""
    with tempfile.TemporaryDirectory(prefix="skrytka-open-") as text:
        folder = Path(text)
        folder.chmod(0o755)
        (folder / "lib").mkdir()
        site = next(Path(path) for path in sys.path if path.endswith("site-packages"))
        for name in NEEDED:
            for path in site.glob(name):
                (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / "lib" / path.name)
        shutil.copytree(ROOT / "src" / "skrytka", folder / "lib" / "skrytka")
        yield folder


@pytest.mark.needs("root")
def test_root_is_dropped_where_a_user_is_set(open_copy: Path) -> None:
    root = open_copy / "s"
    command = ["/usr/bin/env", f"PYTHONPATH={open_copy / 'lib'}", system_python(), "-m", "skrytka.cli.main"]
    done = subprocess.run(
        [*command, "init", "example.org", "--dir", str(root), "--user", "nobody", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    subprocess.run(
        [*command, "recovery", "confirm", "--dir", str(root)], input=facts["recovery_key"], text=True, check=True
    )
    listen_on_loopback(root)
    with serving(root, *confined(sys.executable), *command) as process:  # as packaging/skrytka.service confines it
        for pid in group(process.pid):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            facts = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
            assert set(facts["Uid"]) == {str(NOBODY.pw_uid)}
            assert {int(facts[name][0], 16) for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")} == {0}
        process.send_signal(signal.SIGHUP)
        assert process.stdout is not None
        assert "settings reloaded" in process.stdout.readline()
        added = subprocess.run(
            [*command, "account", "add", "eva@example.org", "--dir", str(root)], capture_output=True, check=False
        )
        assert added.returncode == 0, added.stderr
    stopped = subprocess.run(
        [*command, "account", "list", "--dir", str(root), "--json"], capture_output=True, text=True, check=True
    )
    assert [row["address"] for row in json.loads(stopped.stdout)] == ["admin@example.org", "eva@example.org"]
    owners = {path.relative_to(root).as_posix(): path.lstat().st_uid for path in root.rglob("*")}
    assert owners["keys/master.key"] == 0
    assert owners["skrytka.toml"] == 0
    written = {name: uid for name, uid in owners.items() if name.split("/")[0] in ("ring", "store", "events", "run")}
    assert set(written.values()) == {NOBODY.pw_uid}, {name for name, uid in written.items() if uid == 0}
    credentials = open_copy / "credentials"  # as LoadCredential= gives it: root's alone, and off the folder
    credentials.mkdir(mode=0o500)
    (root / "keys/master.key").rename(credentials / "master.key")
    (credentials / "master.key").chmod(0o400)
    given = f"CREDENTIALS_DIRECTORY={credentials}"
    with serving(root, *confined(sys.executable), command[0], given, *command[1:]) as process:
        # what the offline command left is no hindrance
        for pid in group(process.pid):
            is_supervisor = pid == process.pid
            assert (given.encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")) == is_supervisor


def system_python() -> str:
    """The one that every user may run, where it can load the wheels of this environment."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    here = Path("/usr/bin/python3").resolve().name
    if here == f"python{version}":
        return "/usr/bin/python3"
    pytest.skip(f"not run: /usr/bin/python3 is {here}, the wheels here are for {version}")


@pytest.mark.needs("root")
def test_a_folder_of_root_is_refused_to_a_user(confirmed: Path) -> None:
    path = confirmed / "skrytka.toml"
    path.write_text(path.read_text().replace("version = 1", 'version = 1\nuser = "nobody"', 1))
    for command in ("serve", "account list", "store check"):
        done = skrytka(*command.split(), "--dir", str(confirmed))
        assert done.returncode == 7
        assert "chown -R nobody: " in done.stderr
