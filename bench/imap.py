"""IMAP operations on one mailbox, beside Dovecot with the same messages: ``python -m bench.imap``.

Both over TLS, both with sealed mail (Dovecot: mdbox and mail_crypt), one session. Cold is the first time after the
server was started; warm the median of the following runs.
"""

import argparse
import re
import shutil
import signal
import ssl
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.imap_client import Client
from bench.imap_mail import RARE, messages
from bench.ours import DOMAIN, Skrytka
from bench.peer import PostfixDovecot
from bench.results import Row, save

BODIES = 5000
COPIES = 2000
APPENDS = 1000
HEADERS = "BODY.PEEK[HEADER.FIELDS (DATE FROM TO CC SUBJECT MESSAGE-ID REFERENCES)]"
READS: tuple[tuple[str, str, float], ...] = (
    ("FLAGS", "FETCH 1:* (FLAGS)", 1.0),
    ("ENVELOPE", "FETCH 1:* (ENVELOPE)", 1.0),
    ("BODYSTRUCTURE", "FETCH 1:* (BODYSTRUCTURE)", 1.0),
    ("headers", f"FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE {HEADERS})", 1.0),
    (f"{BODIES} bodies", f"FETCH 1:{BODIES} (BODY.PEEK[])", 1.0),
    ("SEARCH TEXT", f"SEARCH TEXT {RARE}", 8.0),
    ("SEARCH SUBJECT", "SEARCH SUBJECT invoice", 1.0),
)


class Dovecot(PostfixDovecot):
    """Dovecot alone, with TLS."""

    name = "Dovecot"

    def __init__(self, root: Path, port_base: int, certificate: Path, key: Path) -> None:
        super().__init__(root, port_base)
        self._certificate = certificate
        self._key = key

    def __enter__(self) -> "Dovecot":
        if not self.root.exists():
            self.root.mkdir(parents=True)
            self.root.chmod(0o755)
            self._write()
            path = self.root / "dovecot.conf"
            for source, name in ((self._certificate, "tls.pem"), (self._key, "tls.key")):
                shutil.copy(source, self.root / name)
            text = path.read_text().replace("ssl = no", "ssl = yes").replace("port = {imap}", "port = 0")
            text = re.sub(r"(listener imap \{\s+port = )\d+", r"\g<1>0", text)
            text = re.sub(r"(listener imaps \{\s+port = )\d+", rf"\g<1>{self.imap_port}\n    ssl = yes", text)
            path.write_text(text + f"\nssl_cert = <{self.root}/tls.pem\nssl_key = <{self.root}/tls.key\n")
        self.dovecot = subprocess.Popen(["dovecot", "-F", "-c", str(self.root / "dovecot.conf")])
        self.smtp_port = self.imap_port
        self._wait_for_ports()
        return self

    def __exit__(self, *_: object) -> None:
        if self.dovecot is not None:
            self.dovecot.send_signal(signal.SIGTERM)
            self.dovecot.wait(30)


Figures = dict[str, list[float]]  # milliseconds by operation, cold first


def _reads(client: Client, figures: Figures, runs: int) -> None:
    for _ in range(runs):
        client.ask("SELECT INBOX")
        figures.setdefault("SELECT", []).append(client.seconds * 1000)
        for name, command, _goal in READS:
            client.ask(command)
            figures.setdefault(name, []).append(client.seconds * 1000)


def _writes(client: Client, figures: Figures, runs: int, wanted: list[bytes]) -> None:
    for number in range(runs):
        client.ask("SELECT INBOX")
        client.ask(f"STORE 1:{COPIES} {'-' if number % 2 else '+'}FLAGS.SILENT (\\Flagged)")
        figures.setdefault(f"STORE of {COPIES} flags", []).append(client.seconds * 1000)
        client.ask(f"CREATE copy{number}")
        client.ask(f"COPY 1:{COPIES} copy{number}")
        figures.setdefault(f"COPY of {COPIES}", []).append(client.seconds * 1000)
        client.append(f"copy{number}", wanted)
        figures.setdefault(f"APPEND of {APPENDS}", []).append(client.seconds * 1000)
        client.ask(f"SELECT copy{number}")
        client.ask(f"STORE 1:{COPIES} +FLAGS.SILENT (\\Deleted)")
        client.ask("EXPUNGE")
        figures.setdefault(f"EXPUNGE of {COPIES}", []).append(client.seconds * 1000)


def _row(name: str, ours: float, peer: float, goal: float) -> Row:
    return Row(f"IMAP {name}", round(ours, 1), round(peer, 1), round(peer / ours, 2), goal, "ms")


def rows(ours: Figures, peer: Figures) -> list[Row]:
    """A row for each operation, warm and cold."""
    goals = {name: goal for name, _, goal in READS}
    found: list[Row] = []
    for name, figures in ours.items():
        goal = goals.get(name, 1.0)
        warm = (statistics.median(figures[1:]), statistics.median(peer[name][1:]))
        found.append(_row(f"{name}, warm", *warm, goal))
        found.append(_row(f"{name}, cold", figures[0], peer[name][0], goal))
    return found


Server = Skrytka | Dovecot


def run(count: int, runs: int) -> list[Row]:
    """Fill both, restart both, measure in turns."""
    with tempfile.TemporaryDirectory(prefix="skrytka-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        with Skrytka(root / "ours", 45000, 1) as ours:
            tls = ours.tls()
            tls.check_hostname = False
            _fill(Client(ours.imap_port, f"user0@{DOMAIN}", ours.password, tls), ours.name, count)
        certificate, key = _pair(root / "ours")
        peer = Dovecot(root / "peer", 45200, certificate, key)
        with peer:
            _fill(Client(peer.imap_port, "user0", "any", _any_tls()), peer.name, count)
        figures: dict[str, Figures] = {"ours": {}, "peer": {}}
        wanted = list(messages(APPENDS, seed=8))
        again = Skrytka(root / "ours", 45000, 0)
        with again, peer:
            sides: tuple[tuple[str, Callable[[], Client]], ...] = (
                ("ours", lambda: Client(again.imap_port, f"user0@{DOMAIN}", again.password, tls)),
                ("peer", lambda: Client(peer.imap_port, "user0", "any", _any_tls())),
            )
            for side, connect in sides:
                client = connect()
                _reads(client, figures[side], runs)
                _writes(client, figures[side], runs, wanted)
                client.close()
        return rows(figures["ours"], figures["peer"])


def _any_tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _pair(root: Path) -> tuple[Path, Path]:
    """A certificate and key of the demo."""
    folder = root / "keys" / "tls"
    key = next(path for path in sorted(folder.iterdir()) if "key" in path.name and "ca" not in path.name)
    certificate = next(path for path in sorted(folder.iterdir()) if "key" not in path.name and "ca" not in path.name)
    return certificate, key


def _fill(client: Client, name: str, count: int) -> None:
    client.append("INBOX", messages(count))
    print(f"  {name:10} {count / client.seconds:8.1f} APPEND/s")
    client.close()


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="bench.imap", description="IMAP beside Dovecot.")
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    found = run(options.messages, options.runs)
    for row in found:
        print(row.text())
    if not options.no_save:
        save(found)


if __name__ == "__main__":
    main()
