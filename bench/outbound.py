"""Mail that leaves: accepted by submission (TLS, AUTH PLAIN), then the full queue to an smtp-sink in clear.

Unsigned, as these rows were before there were signatures (``python -m bench.dkim`` has their price). And the queue once
more to a Debian Postfix under TLS that discards: whoever sends, that one does the same work.
"""

import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from bench.ours import DOMAIN, Skrytka
from bench.postfix_sink import PostfixSink
from bench.relay_peer import PostfixRelay
from bench.results import Row, compare
from bench.sink import Sink
from bench.trees import cpu_s

SESSIONS = 20
PER_SESSION = 10
MAILBOXES = 50
OUTSIDE = "sink.test"
GOAL = 3.0
LIMIT_S = 300
WARM_UP = 400
SETTINGS = """
[submission]
messages_per_hour = 100000000
recipients_per_hour = 100000000
recipients_per_day = 100000000

[dkim]
is_signing = false

[outbound]
is_paused = {is_paused}

[[outbound.routes]]
domain = "sink.test"
host = "127.0.0.1"
port = {sink}
tls = "{tls}"
"""


class SkrytkaRelay:
    """The demo; first its queue waits, then it does not."""

    name = "Skrytka"

    def __init__(self, root: Path, port_base: int, sink: int, *, has_tls: bool = False) -> None:
        self.root, self._port_base, self._sink = root, port_base, sink
        self._tls = "opportunistic" if has_tls else "never"
        self.port = port_base + 465
        self._server: Skrytka | None = None

    def start(self) -> None:
        """Paused: what is accepted waits."""
        if not (self.root / "demo.json").exists():
            with Skrytka(self.root, self._port_base, 0):
                pass
        self._configure(is_paused=True)
        self._server = Skrytka(self.root, self._port_base, 0)
        self._server.__enter__()

    def send(self) -> None:
        """No more."""
        self._configure(is_paused=False)
        os.kill(self.pids[0], signal.SIGHUP)

    def _configure(self, *, is_paused: bool) -> None:
        config = self.root / "skrytka.toml"
        kept = config.read_text().partition("\n[submission]")[0]
        config.write_text(kept + SETTINGS.format(is_paused=str(is_paused).lower(), sink=self._sink, tls=self._tls))

    def stop(self) -> None:
        """Drained."""
        assert self._server is not None
        self._server.__exit__()

    @property
    def pids(self) -> list[int]:
        """The supervisor."""
        assert self._server is not None
        assert self._server.process is not None
        return [self._server.process.pid]

    @property
    def login(self) -> str:
        """One account sends everything."""
        return f"alice@{DOMAIN}"

    @property
    def password(self) -> str:
        """Made by the demo."""
        return str(json.loads((self.root / "demo.json").read_text())["accounts"][self.login])

    @property
    def authority(self) -> str:
        """Whoever signed its certificate."""
        return str(json.loads((self.root / "demo.json").read_text())["ca"])


class Figures(NamedTuple):
    """Of one run."""

    accepted: float  # messages a second
    sent: float
    accept_us: float  # CPU of all processes of the server, a message
    send_us: float


def measure(server: SkrytkaRelay | PostfixRelay, sink: Sink | PostfixSink, messages: int) -> Figures:
    """Accept so many while nothing is sent, then send them."""
    with sink as taken, _accepting(server):
        submit(server, WARM_UP)  # the password is hashed once, processes are there, code has specialised itself
        began_s = cpu_s(*server.pids)
        load = submit(server, messages)
        accept_s = cpu_s(*server.pids) - began_s
        messages += WARM_UP
        began_s = cpu_s(*server.pids)
        server.send()
        sent = taken.rate(messages, LIMIT_S)
        send_s = cpu_s(*server.pids) - began_s
    count = load["messages"]
    found = Figures(count / load["seconds"], sent, accept_s / count * 1e6, send_s / messages * 1e6)
    print(
        f"  {server.name:10} accepted {found.accepted:7.1f}/s at {found.accept_us:5.0f} us of CPU (generator"
        f" {load['cpu_s'] / count * 1e6:.0f}), sent {found.sent:7.1f}/s at {found.send_us:5.0f} us",
        flush=True,
    )
    return found


@contextlib.contextmanager
def _accepting(server: SkrytkaRelay | PostfixRelay) -> Iterator[None]:
    """Ended also when a run fails: the next finds its ports free."""
    server.start()
    try:
        yield
    finally:
        server.stop()


class Submission(Protocol):
    """What takes submissions."""

    port: int

    @property
    def login(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def authority(self) -> str: ...


def submit(server: Submission, messages: int) -> dict[str, float]:
    """As the generator prints it."""
    arguments = ["localhost", server.port, messages, SESSIONS, PER_SESSION, MAILBOXES, OUTSIDE]
    arguments += [server.login, server.password, server.authority]
    command = [sys.executable, "-m", "bench.generator", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def run(messages: int, runs: int) -> list[Row]:
    """Alternating runs of both, two rows."""
    with tempfile.TemporaryDirectory(prefix="skrytka-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        ours = SkrytkaRelay(root / "ours", 38000, 39925)
        print("mail that leaves")
        with PostfixRelay(root / "peer", 39465, 39925) as peer:
            figures = [tuple(measure(each, Sink(39925), messages) for each in (ours, peer)) for _ in range(runs)]
    accepted, sent = _rows(figures, ("submission, accepted under TLS", "queue to smtp-sink, in clear"))
    return [accepted, sent, *run_tls(messages, runs)]


def run_tls(messages: int, runs: int) -> list[Row]:
    """The queue to a Postfix that discards, TLS on in both: by the clock, which is mostly that Postfix', and by CPU."""
    with tempfile.TemporaryDirectory(prefix="skrytka-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        ours = SkrytkaRelay(root / "ours", 38000, 39926, has_tls=True)
        print("mail that leaves, under TLS, to a Postfix that discards")
        with PostfixRelay(root / "peer", 39465, 39926, has_tls=True) as peer:
            figures = [
                tuple(measure(each, PostfixSink(root / "sink", 39926), messages) for each in (ours, peer))
                for _ in range(runs)
            ]
    name = "queue to a Postfix that discards, under TLS"
    ours_us, its_us = (statistics.median(pair[side].send_us for pair in figures) for side in (0, 1))
    by_cpu = Row(f"{name}, CPU", round(ours_us, 1), round(its_us, 1), round(its_us / ours_us, 2), GOAL, "us/msg")
    return [_rows(figures, ("", name))[1], by_cpu]


def _rows(figures: Sequence[tuple[Figures, ...]], names: tuple[str, str]) -> list[Row]:
    ours_all, its_all = ([pair[side] for pair in figures] for side in (0, 1))
    for name, kind in (("accept", "accept_us"), ("send", "send_us")):
        medians = [statistics.median(getattr(each, kind) for each in side) for side in (ours_all, its_all)]
        print(f"CPU of a message, {name}: ours {medians[0]:.0f} us, peer {medians[1]:.0f} us")
    return [
        compare(name, [our[kind] for our in ours_all], [its[kind] for its in its_all], goal=GOAL, unit="msg/s")
        for kind, name in enumerate(names)
    ]
