"""kill -9 amid a rotation of DKIM keys: each algorithm has exactly one key in use, before and after, and it opens."""

import json
import os
import signal
import threading
from functools import partial
from itertools import cycle
from pathlib import Path

from tests.support.demo import Demo
from tests.support.faults.contents import opened
from tests.support.faults.imap import until
from tests.support.sizes import pick

DOMAIN = "example.test"
ROTATIONS = pick(2, 6)


def keys(demo: Demo) -> list[dict[str, str]]:
    """Without the server, if it does not answer now."""
    found: list[list[dict[str, str]]] = []

    def ask() -> bool:
        done = demo.run("dkim", "list", DOMAIN, "--json")
        if done.returncode == 0:
            found.append(json.loads(done.stdout))
        return done.returncode == 0

    until(ask, "keys are listed")
    return found[0]


def in_use(demo: Demo) -> dict[str, str]:
    active = [key for key in keys(demo) if key["state"] == "active"]
    assert len({key["algorithm"] for key in active}) == len(active), active
    return {key["algorithm"]: key["selector"] for key in active}


def publish(demo: Demo) -> None:
    zone = (demo.root / "zone.yml").read_text()
    for key in keys(demo):
        if f"{key['name']}:" not in zone:
            zone += f'{key["name"]}:\n  - TXT: "{key["record"]}"\n'
    (demo.root / "zone.yml").write_text(zone)


def kill(demo: Demo, victim: str) -> None:
    pid = demo.pids()[victim]
    os.kill(pid, signal.SIGKILL)
    until(partial(is_replaced, demo, victim, pid), f"{victim} is started again")


def is_replaced(demo: Demo, name: str, pid: int) -> bool:
    return demo.pids().get(name, pid) != pid


def test_a_kill_amid_a_rotation_leaves_one_key_of_each_algorithm_in_use(tmp_path: Path) -> None:
    with Demo(tmp_path / "demo") as demo:
        until(lambda: len(in_use(demo)) == 2, "the first keys are used")
        victims = cycle(["store", next(name for name in demo.pids() if name.startswith("front"))])
        for _ in range(ROTATIONS):
            killing = threading.Thread(target=kill, args=(demo, next(victims)))
            killing.start()
            demo.run("dkim", "rotate", DOMAIN)
            killing.join()
            assert len(in_use(demo)) == 2
            demo.run("dkim", "rotate", DOMAIN)  # if the first one was cut off
            publish(demo)
            coming = [key["selector"] for key in keys(demo) if key["state"] in {"new", "waiting"}]
            assert len(coming) == 2
            for selector in coming:
                killing = threading.Thread(target=kill, args=(demo, next(victims)))
                killing.start()
                demo.run("dkim", "use", DOMAIN, selector)
                killing.join()
                assert len(in_use(demo)) == 2
                demo.run("dkim", "use", DOMAIN, selector)
                assert selector in in_use(demo).values()
    with opened(demo.root) as contents:
        assert contents.ring.verify() == []
