"""Mail that leaves: accepted by submission (TLS, AUTH PLAIN), then the full queue to an smtp-sink in clear."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.ours import DOMAIN, Skrytka
from bench.relay_peer import PostfixRelay
from bench.results import Row, compare
from bench.sink import Sink

SESSIONS = 20
PER_SESSION = 10
GOAL = 3.0
LIMIT_S = 300
SETTINGS = """
[submission]
messages_per_hour = 100000000
recipients_per_hour = 100000000
recipients_per_day = 100000000

[outbound]
is_paused = {is_paused}

[[outbound.routes]]
domain = "sink.test"
host = "127.0.0.1"
port = {sink}
tls = "never"
"""


class SkrytkaRelay:
    """The demo, started twice: first its queue waits, then it does not."""

    name = "Skrytka"

    def __init__(self, root: Path, port_base: int, sink: int) -> None:
        self.root, self._port_base, self._sink = root, port_base, sink
        self.port = port_base + 465
        self._server: Skrytka | None = None

    def start(self, *, is_sending: bool) -> None:
        """Ready."""
        if not (self.root / "demo.json").exists():
            with Skrytka(self.root, self._port_base, 0):
                pass
        config = self.root / "skrytka.toml"
        kept = config.read_text().partition("\n[submission]")[0]
        config.write_text(kept + SETTINGS.format(is_paused=str(not is_sending).lower(), sink=self._sink))
        self._server = Skrytka(self.root, self._port_base, 0)
        self._server.__enter__()

    def stop(self) -> None:
        """Drained."""
        assert self._server is not None
        self._server.__exit__()

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


def measure(server: SkrytkaRelay | PostfixRelay, sink: int, messages: int) -> tuple[float, float]:
    """Messages a second accepted, then sent."""
    server.start(is_sending=False)
    arguments = [server.port, messages, SESSIONS, PER_SESSION, server.login, server.password, server.authority]
    done = subprocess.run(
        [sys.executable, "-m", "bench.submit_load", *map(str, arguments)], capture_output=True, text=True, check=True
    )
    load = json.loads(done.stdout)
    server.stop()
    with Sink(sink) as taken:
        server.start(is_sending=True)
        sent = taken.rate(messages, LIMIT_S)
        server.stop()
    accepted = messages / load["seconds"]
    print(f"  {server.name:18} accepted {accepted:7.1f}/s (generator {load['cpu_s']:.1f} s CPU), sent {sent:7.1f}/s")
    return accepted, sent


def run(messages: int, runs: int) -> list[Row]:
    """Alternating runs of both, two rows."""
    with tempfile.TemporaryDirectory(prefix="skrytka-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        ours = SkrytkaRelay(root / "ours", 38000, 39925)
        print("mail that leaves")
        with PostfixRelay(root / "peer", 39465, 39925) as peer:
            figures = [(measure(ours, 39925, messages), measure(peer, 39925, messages)) for _ in range(runs)]
    return [
        compare(name, [our[kind] for our, _ in figures], [its[kind] for _, its in figures], goal=GOAL, unit="msg/s")
        for kind, name in enumerate(("submission, accepted under TLS", "queue to smtp-sink, in clear"))
    ]
