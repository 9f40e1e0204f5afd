"""Messages into mailboxes: SMTP in, sealed and synced, until the last can be fetched by IMAP."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.mailboxes import Mailboxes
from bench.ours import DOMAIN, Skrytka
from bench.peer import PostfixDovecot
from bench.results import Row, compare
from bench.trees import cpu_s

MAILBOXES = 50
SESSIONS = 20
LIMIT_S = 600
# name, messages in a session, goal (issue of step 1a)
PROFILES = (("inbound, lasting sessions of 10", 10, 5.0), ("inbound, a connection per message", 1, 3.0))


def measure(server: Skrytka | PostfixDovecot, boxes: Mailboxes, messages: int, per_session: int) -> float:
    """Messages a second from the first connection until the last message can be fetched."""
    before = boxes.counts()
    arguments = ["127.0.0.1", server.smtp_port, messages, SESSIONS, per_session, MAILBOXES, DOMAIN]
    began_s = cpu_s(*server.pids)
    done = subprocess.run(
        [sys.executable, "-m", "bench.generator", *map(str, arguments)], capture_output=True, text=True, check=True
    )
    boxes.wait_for([count + messages // MAILBOXES for count in before], LIMIT_S)
    load = json.loads(done.stdout)
    rate = messages / (time.perf_counter() - float(load["began"]))
    print(
        f"  {server.name:18} {rate:8.1f} msg/s, {(cpu_s(*server.pids) - began_s) / messages * 1e6:6.0f} us of CPU each;"
        f" generator {load['cpu_s']:.1f} s CPU of {load['seconds']:.1f} s, load {os.getloadavg()[0]:.1f}"
    )
    return rate


def run(messages: int, runs: int) -> list[Row]:
    """Alternating runs of both, a row for each profile."""
    with tempfile.TemporaryDirectory(prefix="skrytka-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)  # the peer's own users must reach their part
        ours, peer = Skrytka(root / "ours", 36000, MAILBOXES), PostfixDovecot(root / "peer", 37000)
        return rows_of(ours, peer, PROFILES, messages, runs)


def rows_of(
    ours: Skrytka,
    peer: PostfixDovecot,
    profiles: Sequence[tuple[str, int, float]],
    messages: int,
    runs: int,
    *,
    look: Callable[[], None] = lambda: None,
) -> list[Row]:
    """Starts both, and ends them; ``look`` before that whether they did what they should."""
    rows = []
    with peer, ours:  # the peer may bring the resolver that we ask
        logins = [f"user{number}" for number in range(MAILBOXES)]
        our_boxes = Mailboxes(
            "127.0.0.1", ours.imap_port, [(f"{name}@{DOMAIN}", ours.password) for name in logins], ours.tls()
        )
        peer_boxes = Mailboxes("127.0.0.1", peer.imap_port, [(name, peer.password) for name in logins], None)
        for name, per_session, goal in profiles:
            print(name)
            figures: tuple[list[float], list[float]] = ([], [])
            for _ in range(runs):
                figures[0].append(measure(ours, our_boxes, messages, per_session))
                figures[1].append(measure(peer, peer_boxes, messages, per_session))
            rows.append(compare(name, *figures, goal=goal, unit="msg/s"))
        look()
        our_boxes.close()
        peer_boxes.close()
    return rows
