"""An installation as ``skrytka init`` makes it, moved to free ports on loopback, started and stopped as a demo is."""

import contextlib
import imaplib
import json
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomlkit

from tests.support.demo import STANDARD_PORTS, Demo
from tests.support.ports import free_base


class Installation(Demo):
    """``with installation:`` serves; its ports are those of its settings, people's passwords are the test's."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, arguments=["serve", "--dir", str(root)])

    @classmethod
    def made(cls, root: Path, domain: str, password: str) -> "Installation":
        """By programs only: made, refused while the recovery key is not confirmed, confirmed."""
        installation = cls(root)
        key = installation.recovery_file
        installation.do("init", domain, "--recovery-key-file", str(key), "--password-stdin", text=password)
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert installation.run("serve").returncode == 7
        installation.do("recovery", "confirm", text=key.read_text())
        installation.listen_on_loopback()
        return installation

    @property
    def recovery_file(self) -> Path:
        """Beside the installation, where nobody should keep it."""
        return self.root.with_name("recovery-key")

    def listen_on_loopback(self) -> None:
        """A fresh installation listens on the ports of the world."""
        base = free_base(STANDARD_PORTS.values())
        path = self.root / "skrytka.toml"
        document = tomlkit.parse(path.read_text())
        for name, port in STANDARD_PORTS.items():
            listener = document["listeners"].setdefault(name, tomlkit.table())
            listener["port"] = base + port
            listener["addresses"] = ["127.0.0.1"]
        path.write_text(tomlkit.dumps(document))

    def port(self, service: str) -> int:
        document = tomlkit.parse((self.root / "skrytka.toml").read_text()).unwrap()
        return int(document["listeners"][service]["port"])

    def tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.root / "keys/tls/ca.pem")
        context.check_hostname = False  # it names the server's host, which no test can resolve
        return context

    def do(self, *arguments: str, text: str | None = None) -> str:
        """A command that must succeed; what it printed."""
        done = self.run(*arguments, text=None if text is None else text + "\n")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def result(self, *arguments: str) -> Any:
        """What a command that must succeed says to programs."""
        return json.loads(self.do(*arguments, "--json"))

    @contextlib.contextmanager
    def client(self, address: str, password: str) -> Iterator[imaplib.IMAP4_SSL]:
        """Logged in over IMAPS."""
        with imaplib.IMAP4_SSL("127.0.0.1", self.port("imaps"), ssl_context=self.tls(), timeout=20) as client:
            client.authenticate("PLAIN", lambda _: f"\0{address}\0{password}".encode())
            yield client
