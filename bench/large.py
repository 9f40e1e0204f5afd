"""A mailbox of 100,000 messages: ``python -m bench.large``. Goals are times, not ratios (docs/performance.md).

SELECT in a session of its own right after the server's start and later, SEARCH TEXT before and after its texts are in
chunks, then EXPUNGE of every other message while others deliver by SMTP.
"""

import argparse
import asyncio
import statistics
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from bench.imap_client import Client
from bench.imap_mail import RARE, messages
from bench.results import Row, save
from skrytka.model.ids import AccountId
from tests.support.demo import Demo
from tests.support.faults.contents import opened
from tests.support.faults.filled import TOKEN, fill

SELECT_MS, SEARCH_MS, DELIVERY_MS = 150.0, 1200.0, 100.0
TEMPLATES = 2000
SESSIONS = 4
MESSAGES_PER_SESSION = 500  # a server here takes no more in one
SEARCHES = (f"TEXT {RARE}", "NOT SEEN", "RETURN (ALL) NOT SEEN", f"NOT TEXT {RARE}")
ALICE = "alice@example.test"
MAIL = b"From: <a@example.net>\r\nSubject: bench\r\n\r\n" + b"Some words of a small message, again and again.\r\n" * 80


class Beside(ABC):
    """What others do meanwhile in some sessions, each one after the other, until they are stopped."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._stop = threading.Event()
        self.times_ms: list[float] = []

    @abstractmethod
    def _session(self) -> None:
        """Until ``_stop`` is set."""

    def _timed(self, act: Callable[[], object]) -> None:
        start = time.perf_counter()
        act()
        self.times_ms.append((time.perf_counter() - start) * 1000)

    def while_(self, work: Callable[[], object]) -> list[float]:
        """Their times while ``work`` runs, and until the last one is taken."""
        self.times_ms = []
        self._stop.clear()
        threads = [threading.Thread(target=self._session) for _ in range(SESSIONS)]
        for thread in threads:
            thread.start()
        try:
            work()
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
        return self.times_ms


class Deliveries(Beside):
    """Small messages to somebody else."""

    def _session(self) -> None:
        while not self._stop.is_set():
            self._some()

    def _some(self) -> None:
        with self._demo.smtp() as session:
            for _ in range(MESSAGES_PER_SESSION):
                if self._stop.is_set():
                    return
                self._timed(lambda: session.sendmail("someone@example.net", ["bob@example.test"], MAIL))


class Noops(Beside):
    """NOOP in sessions of somebody else, 10 ms apart; with four of them each front has one at least, most likely."""

    def _session(self) -> None:
        with self._demo.inbox("bob") as session:
            while not self._stop.wait(0.01):
                self._timed(session.noop)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def fill_demo(demo: Demo, count: int) -> None:
    """All templates differ, so that text packs as mail does."""
    templates = [raw.replace(b"X-Mailer: Bench 1.0", b"X-Mailer: " + TOKEN) for raw in messages(TEMPLATES)]
    with opened(demo.root) as contents:
        rows = contents.store.writer.db.execute("SELECT account FROM account WHERE address = :name", {"name": ALICE})
        (account,) = (row[0] for row in rows)
        asyncio.run(fill(contents, AccountId(int(str(account))), templates, count))


def connect(demo: Demo) -> Client:
    tls = demo.tls()
    tls.check_hostname = False
    return Client(demo.port("imaps"), ALICE, demo.password("alice"), tls)


def ms(client: Client, command: str) -> float:
    client.ask(command)
    return client.seconds * 1000


def row(name: str, value: float, limit: float) -> Row:
    found = Row(f"IMAP 100,000: {name}", round(value, 1), limit, round(limit / value, 2), 1.0, "ms (limit)")
    print(found.text(), flush=True)
    return found


def told(what: str, times: list[float]) -> None:
    p50, p99 = percentile(times, 0.5), percentile(times, 0.99)
    print(f"{what}: {len(times)}, p50 {p50:.1f} p99 {p99:.1f} worst {max(times):.1f} ms", flush=True)


def first_search(demo: Demo, client: Client) -> None:
    times = Noops(demo).while_(lambda: client.ask(f"SEARCH TEXT {RARE}"))
    told(f"Noops beside the SEARCH TEXT that makes the chunks ({client.seconds * 1000:.0f} ms)", times)


def beside_search(demo: Demo, client: Client) -> None:
    """ADR 0015: what others notice of SEARCH."""
    for kind in (Noops(demo), Deliveries(demo)):
        name = type(kind).__name__
        told(f"{name} beside nothing", kind.while_(lambda: time.sleep(3)))
        for what in SEARCHES:
            times = kind.while_(lambda what=what: [client.ask(f"SEARCH {what}") for _ in range(3)])  # type: ignore[misc]
            told(f"{name} beside SEARCH {what} ({client.seconds * 1000:.0f} ms)", times)


def measure(demo: Demo, count: int) -> list[Row]:
    client = connect(demo)
    found = [row("SELECT, first after the start", ms(client, "SELECT INBOX"), SELECT_MS)]
    found.append(row("SELECT, warm", statistics.median(ms(connect(demo), "SELECT INBOX") for _ in range(5)), SELECT_MS))
    first_search(demo, client)
    times = [ms(client, f"SEARCH TEXT {RARE}") for _ in range(5)]
    found.append(row("SEARCH TEXT", statistics.median(times), SEARCH_MS))
    beside_search(demo, client)
    deliveries = Deliveries(demo)
    calm = deliveries.while_(lambda: time.sleep(5))
    print(f"deliveries beside nothing: p50 {percentile(calm, 0.5):.1f} p99 {percentile(calm, 0.99):.1f} ms")
    half = ",".join(str(number) for number in range(1, 2 * 2000, 2))
    for what, command in (("STORE", f"STORE 1:{count // 2} +FLAGS.SILENT (\\Deleted)"), ("EXPUNGE", "EXPUNGE")):
        times = deliveries.while_(lambda command=command: client.ask(command))  # type: ignore[misc]
        print(
            f"{what} of {count // 2}: {client.seconds:.2f} s; {len(times)} deliveries, p50 {percentile(times, 0.5):.1f}"
        )
        found.append(row(f"a delivery during {what} of {count // 2}, p99", percentile(times, 0.99), DELIVERY_MS))
    times = deliveries.while_(lambda: [client.ask(f"STORE {half} +FLAGS.SILENT (\\Deleted)"), client.ask("EXPUNGE")])
    print(f"every other of 4,000: {len(times)} deliveries, p99 {percentile(times, 0.99):.1f}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.large")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="keep the demo's folder here and use it again")
    parser.add_argument("--no-save", action="store_true")
    parser.add_argument("--only-search", action="store_true", help="what others notice of SEARCH, nothing else")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = options.folder or Path(temporary) / "demo"
        is_new = not root.exists()
        demo = Demo(root)
        if is_new:
            with demo:
                pass
            start = time.perf_counter()
            fill_demo(demo, options.messages)
            print(f"filled in {time.perf_counter() - start:.0f} s", flush=True)
        with demo:
            found = [] if options.only_search else measure(demo, options.messages)
            if options.only_search:
                client = connect(demo)
                client.ask("SELECT INBOX")
                first_search(demo, client)
                beside_search(demo, client)
    if found and not options.no_save:
        save(found)


if __name__ == "__main__":
    main()
