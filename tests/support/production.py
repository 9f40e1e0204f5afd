"""An installation as ``skrytka init`` makes it, moved to free ports on loopback, started and stopped as a demo is."""

import contextlib
import hashlib
import imaplib
import json
import re
import ssl
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import apsw
import tomlkit

from skrytka.daemon.demo import STANDARD_PORTS
from tests.support.demo import Demo
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
        listen_on_loopback(root)
        return installation

    @property
    def recovery_file(self) -> Path:
        """Beside the installation, where nobody should keep it."""
        return self.root.with_name("recovery-key")

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


def listen_on_loopback(root: Path) -> dict[str, int]:
    """A fresh installation listens on the ports of the world; a test takes others."""
    base = free_base(STANDARD_PORTS.values())
    path = root / "skrytka.toml"
    document = tomlkit.parse(path.read_text())
    for name, port in STANDARD_PORTS.items():
        listener = document["listeners"].setdefault(name, tomlkit.table())
        listener["port"] = base + port
        listener["addresses"] = ["127.0.0.1"]
    path.write_text(tomlkit.dumps(document))
    return {name: base + port for name, port in STANDARD_PORTS.items()}


def contents(installation: Installation, addresses: Iterable[str], password: str) -> dict[str, Any]:
    """All that IMAP shows: account -> mailbox -> validity, next UID, and per UID flags, date and hash."""
    found: dict[str, Any] = {}
    for address in addresses:
        with installation.client(address, password) as client:
            found[address] = {mailbox: _mailbox(client, mailbox) for mailbox in _mailboxes(client)}
    return found


def quarantined(root: Path) -> int:
    """Messages that no client sees."""
    db = apsw.Connection(str(root / "store" / "mail.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        sql = "SELECT count(*) FROM message JOIN mailbox USING (account, mailbox) WHERE role = 'quarantine'"
        ((count,),) = db.execute(sql)
        return int(count)
    finally:
        db.close()


def _mailboxes(client: imaplib.IMAP4) -> list[str]:
    rows = (row.decode() for row in client.list()[1] if isinstance(row, bytes))
    return sorted(row.rpartition(' "/" ')[2].strip('"') for row in rows if r"\Noselect" not in row)


def _mailbox(client: imaplib.IMAP4, mailbox: str) -> dict[str, Any]:
    status = client.status(f'"{mailbox}"', "(UIDVALIDITY UIDNEXT)")[1][0].decode()
    client.select(f'"{mailbox}"', readonly=True)
    data = client.uid("FETCH", "1:*", "(UID FLAGS INTERNALDATE BODY.PEEK[])")[1]
    messages = {}
    for head, raw in (part for part in data if isinstance(part, tuple)):
        uid, flags, date = (_in(pattern, head.decode()) for pattern in _FIELDS)
        messages[uid] = {"flags": sorted(flags.split()), "date": date, "sha256": hashlib.sha256(raw).hexdigest()}
    return {"status": status.rpartition("(")[2].rstrip(")"), "messages": messages}


_FIELDS = (r"UID (\d+)", r"FLAGS \(([^)]*)\)", r'INTERNALDATE "([^"]*)"')


def _in(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, text
    return found[1]
