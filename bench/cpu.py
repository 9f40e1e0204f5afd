"""What an inbound message costs each of our processes: ``python -m bench.cpu [--messages N] [--syscalls]``.

CPU microseconds a message (utime + stime), which other work on the machine changes less than wall time; first with
lasting sessions of 10 messages, then with a connection per message. The speed of the machine at that moment is shown by
a fixed loop, so that two runs can be compared.
"""

import argparse
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bench.ours import DOMAIN, Skrytka
from tests.support.processes import Stat, tree, words

MAILBOXES = 50
SESSIONS = 20
PORT_BASE = 49_000
PROFILES = (("lasting sessions of 10", 10), ("a connection per message", 1))
SYSCALLS_SHOWN = 8
_STRACE_ROW = re.compile(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", re.MULTILINE)


def speed_us() -> float:
    """CPU of a loop that is always the same: about 1,000 on an idle build machine."""
    best = float("inf")
    for _ in range(20):
        start = time.thread_time()
        sum(number * number for number in range(15_000))
        best = min(best, time.thread_time() - start)
    return best * 1e6


def named(parent: int) -> dict[int, tuple[str, Stat]]:
    """The server's processes with their names; inspectors come and go."""
    found = {}
    for pid, known in tree(parent).items():
        with contextlib.suppress(OSError):
            found[pid] = "supervisor" if pid == parent else _name(words(pid)), known
    return found


def _name(command: list[str]) -> str:
    """``... -m skrytka.daemon.child front-0 17`` is front-0, whatever else we start is an inspector."""
    return command[command.index("-m") + 2] if "skrytka.daemon.child" in command else "inspectors"


def cpu_s(parent: int) -> dict[str, float]:
    """User and system time so far by name, that of ended children with their parent's."""
    used: dict[str, float] = defaultdict(float)
    for name, known in named(parent).values():
        used[name] += known.cpu_s + (known.ended_s if name == "inspectors" else 0)
    return used


@contextlib.contextmanager
def traced(pids: dict[int, str], folder: Path) -> Iterator[None]:
    """Count the system calls of all of them; everything is slow meanwhile."""
    tracers = [
        subprocess.Popen(["strace", "-c", "-f", "-p", str(pid), "-o", str(folder / name)], stderr=subprocess.DEVNULL)
        for pid, name in pids.items()
    ]
    try:
        time.sleep(1)
        yield
    finally:
        for tracer in tracers:
            tracer.terminate()
            tracer.wait()


def send(port: int, messages: int, per_session: int) -> float:
    """Messages a second."""
    arguments = ["127.0.0.1", port, messages, SESSIONS, per_session, MAILBOXES, DOMAIN]
    command = [sys.executable, "-m", "bench.generator", *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True)
    return messages / float(json.loads(done.stdout)["seconds"])


def measure(server: Skrytka, messages: int, name: str, per_session: int) -> None:
    """One profile, a line."""
    assert server.process is not None
    before = cpu_s(server.process.pid)
    rate = send(server.smtp_port, messages, per_session)
    after = cpu_s(server.process.pid)
    used = {process: (after[process] - before.get(process, 0.0)) / messages * 1e6 for process in after}
    fronts = sum(us for process, us in used.items() if process.startswith("front"))
    others = ", ".join(f"{process} {us:.0f}" for process, us in used.items() if not process.startswith("front"))
    total = sum(used.values())
    print(f"{name:26} front {fronts:5.0f}, {others}, all {total:5.0f} us a message; {rate:5.0f}/s", flush=True)


def count_syscalls(server: Skrytka, messages: int, name: str, per_session: int) -> None:
    """The most frequent system calls of each process, a message."""
    assert server.process is not None
    pids = {pid: name for pid, (name, _stat) in named(server.process.pid).items() if name != "inspectors"}
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        with traced(pids, folder):
            send(server.smtp_port, messages, per_session)
        print(name)
        for process in pids.values():
            rows = _STRACE_ROW.findall((folder / process).read_text())
            counts = sorted(((int(calls) / messages, call) for calls, call in rows if call != "total"), reverse=True)
            shown = ", ".join(f"{call} {calls:.2f}" for calls, call in counts[:SYSCALLS_SHOWN])
            print(f"  {process:12} {sum(calls for calls, _ in counts):6.1f}: {shown}")


def main() -> None:
    """Start the demo, send, print."""
    parser = argparse.ArgumentParser(prog="bench.cpu", description="CPU of an inbound message, process by process.")
    parser.add_argument("--messages", type=int, default=2000, help="of each profile (a multiple of 50)")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--dir", type=Path, help="where a former run left its accounts, or this one is to")
    parser.add_argument("--port-base", type=int, default=PORT_BASE)
    parser.add_argument("--syscalls", action="store_true", help="count system calls as well (needs strace)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="skrytka-cpu-") as folder:
        root = options.dir or Path(folder) / "demo"
        accounts = 0 if (root / "demo.json").exists() else MAILBOXES
        with Skrytka(root, options.port_base, accounts) as server:
            send(server.smtp_port, 200, 10)  # keys, caches, code that specialises itself
            for _ in range(options.rounds):
                print(f"speed of the machine: {speed_us():.0f} us")
                for name, per_session in PROFILES:
                    measure(server, options.messages, name, per_session)
            for name, per_session in PROFILES if options.syscalls else ():
                count_syscalls(server, options.messages // 4, name, per_session)


if __name__ == "__main__":
    main()
