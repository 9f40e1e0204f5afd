"""IMAP operations on one mailbox, beside Dovecot with the same messages: ``python -m bench.imap``.

Both over TLS, both with sealed mail (Dovecot: mdbox and mail_crypt), one session each, asked in turns. Three states:

- first: nobody has read the messages since they came (Dovecot has no caches of them, we no chunks of search text);
- cold: the server was started anew, the kernel forgot all files, what either keeps on disk is as use has left it;
- warm: the median of the runs after that.

What writes is compared with both synced (Dovecot: ``mail_fsync = always``), and with Dovecot's default beside it, which
does not sync flags.
"""

import argparse
import contextlib
import functools
import ssl
import statistics
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.dovecot import Dovecot
from bench.imap_client import Client
from bench.imap_mail import RARE, messages
from bench.ours import DOMAIN, Skrytka
from bench.results import Row, save

MESSAGES = 10_000
RUNS = 3
BODIES = 5000
COPIES = 2000
APPENDS = 1000
STORES = 11  # an odd number: signs alternate over the runs; a sync takes now 1 ms, now 10
PORTS = 45000
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
SLOW = frozenset({f"{BODIES} bodies", "SEARCH TEXT"})  # Dovecot takes minutes for them: asked once in each state
DEFAULT_SYNC = ", Dovecot's default sync"
DROP_CACHES = Path("/proc/sys/vm/drop_caches")

Figures = dict[str, list[float]]  # milliseconds by operation
Clients = tuple[Client, Client]  # ours, the peer's


class Bench:
    """Both servers on one folder, which may be kept for the next time."""

    def __init__(self, root: Path) -> None:
        root.mkdir(exist_ok=True)
        root.chmod(0o755)
        self.ours = Skrytka(root / "ours", PORTS, 0)
        self._root = root

    @functools.cached_property
    def peer(self) -> Dovecot:
        return Dovecot(self._root / "peer", PORTS + 200, *_pair(self._root / "ours"))

    @contextlib.contextmanager
    def running(self, fsync: str = "optimized") -> Iterator[Clients]:
        """Both started anew, with a session each."""
        self.peer.fsync = fsync
        with self.ours, self.peer, self.connected() as clients:
            yield clients

    @contextlib.contextmanager
    def connected(self) -> Iterator[Clients]:
        """A session on each, logged in."""
        tls = self.ours.tls()
        tls.check_hostname = False
        mine = Client(self.ours.imap_port, f"user0@{DOMAIN}", self.ours.password, tls)
        other = Client(self.peer.imap_port, "user0", "any", _any_tls())
        try:
            yield mine, other
        finally:
            mine.close()
            other.close()

    def fill(self, count: int) -> None:
        """The same messages in both; nothing when that was done before."""
        if (self._root / "filled").exists():
            return
        with Skrytka(self._root / "ours", PORTS, 1):
            pass
        with self.running("never") as clients, ThreadPoolExecutor() as threads:
            for done in [threads.submit(client.append, "INBOX", messages(count)) for client in clients]:
                done.result()
        (self._root / "filled").touch()


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


class Measured:
    """Milliseconds of both sides."""

    def __init__(self) -> None:
        self.ours: Figures = {}
        self.peer: Figures = {}

    def note(self, name: str, clients: Clients) -> None:
        """What the last command of each took."""
        for figures, client in zip((self.ours, self.peer), clients, strict=True):
            figures.setdefault(name, []).append(client.seconds * 1000)

    def rows(self, goals: dict[str, float]) -> list[Row]:
        """Medians, and how much sooner we are ready."""
        found: list[Row] = []
        for name, times in self.ours.items():
            ours, peer = statistics.median(times), statistics.median(self.peer[name])
            goal = next((goal for start, goal in goals.items() if name.startswith(start)), 1.0)
            goal = 0.0 if name.endswith(DEFAULT_SYNC) else goal  # to be seen beside the row that is synced alike
            found.append(Row(f"IMAP {name}", round(ours, 1), round(peer, 1), round(peer / ours, 2), goal, "ms"))
        return found


def _each(clients: Clients, ask: Callable[[Client], object]) -> None:
    for client in clients:
        ask(client)


def _read(bench: Bench, clients: Clients, measured: Measured, state: str, *, with_slow: bool) -> None:
    with bench.connected() as fresh:  # a session selects a mailbox once
        _each(fresh, lambda client: client.ask("SELECT INBOX"))
        measured.note(f"SELECT, {state}", fresh)
    _each(clients, lambda client: client.ask("SELECT INBOX"))
    for name, command, _goal in READS:
        if name in SLOW and not with_slow:
            continue
        _each(clients, lambda client, command=command: client.ask(command))  # type: ignore[misc]
        measured.note(f"{name}, {state}", clients)


def _write(clients: Clients, measured: Measured, state: str, number: int, mails: list[bytes]) -> None:
    """The operations that write, on copies of the mailbox."""
    name = f"copy-{state.replace(' ', '-').replace(',', '')}-{number}"
    _each(clients, lambda client: client.ask("SELECT INBOX"))
    for again in range(1 if state.startswith("cold") else STORES):
        sign = "-" if (number + again) % 2 else "+"
        _each(clients, lambda client, sign=sign: client.ask(f"STORE 1:{COPIES} {sign}FLAGS.SILENT (\\Flagged)"))  # type: ignore[misc]
        measured.note(f"STORE of {COPIES}, {state}", clients)
    _each(clients, lambda client: client.ask(f"CREATE {name}"))
    _each(clients, lambda client: client.ask(f"COPY 1:{COPIES} {name}"))
    measured.note(f"COPY of {COPIES}, {state}", clients)
    _each(clients, lambda client: client.append(name, mails))
    measured.note(f"APPEND of {len(mails)}, {state}", clients)
    _each(clients, lambda client: client.ask(f"SELECT {name}"))
    _each(clients, lambda client: client.ask(f"STORE 1:{COPIES} +FLAGS.SILENT (\\Deleted)"))
    _each(clients, lambda client: client.ask("EXPUNGE"))
    measured.note(f"EXPUNGE of {COPIES}, {state}", clients)
    _each(clients, lambda client: client.ask("SELECT INBOX"))
    _each(clients, lambda client: client.ask(f"DELETE {name}"))


def forget_files() -> bool:
    """Let the kernel drop what it keeps of files; False where we may not."""
    try:
        DROP_CACHES.write_text("3")
    except OSError:
        return False
    return True


def reads(bench: Bench, runs: int) -> list[Row]:
    """All that only reads, in the three states."""
    measured = Measured()
    with bench.running() as clients:
        _read(bench, clients, measured, "first", with_slow=True)
    for number in range(2):
        if not forget_files():
            print("  the files stay in memory: cold is the server's own start alone")
        with bench.running() as clients:
            _read(bench, clients, measured, "cold", with_slow=not number)
            for again in range(runs):
                _read(bench, clients, measured, "warm", with_slow=not (number or again))
    return measured.rows({name: goal for name, _, goal in READS})


def writes(bench: Bench, runs: int) -> list[Row]:
    """All that writes: synced in both, then as Dovecot does by default."""
    measured = Measured()
    mails = list(messages(APPENDS, seed=8))
    for fsync, suffix in (("always", ""), ("optimized", DEFAULT_SYNC)):
        forget_files()
        with bench.running(fsync) as clients:
            _write(clients, measured, f"cold{suffix}", 0, mails)
            for number in range(1, runs + 1):
                _write(clients, measured, f"warm{suffix}", number, mails)
    return measured.rows({})


def run(folder: Path, count: int, runs: int, kinds: str = "reads,writes") -> list[Row]:
    """Fill both unless that was done, measure."""
    bench = Bench(folder)
    bench.fill(count)
    found: list[Row] = []
    if "reads" in kinds:
        found += reads(bench, runs)
    if "writes" in kinds:
        found += writes(bench, runs)
    return found


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="bench.imap", description="IMAP beside Dovecot.")
    parser.add_argument("--messages", type=int, default=MESSAGES, help=f"{BODIES} at least")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--folder", type=Path, help="keep both servers' folders here and use them again")
    parser.add_argument("--only", default="reads,writes", help="reads, writes or fill")
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    if options.messages < BODIES:
        parser.error(f"at least {BODIES} messages")
    with tempfile.TemporaryDirectory(prefix="skrytka-bench-") as temporary:
        found = run(options.folder or Path(temporary), options.messages, options.runs, options.only)
    for row in found:
        print(row.text(), flush=True)
    if not options.no_save:
        save(found)


if __name__ == "__main__":
    main()
