"""A message that ends the inspectors of a real server: it keeps one busy for a second, then somebody kills that one."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from tests.support.demo import Demo
from tests.support.processes import stat

MARK: Final = b"Kwintesencja-trucizny"
MESSAGE: Final = (
    b"From: bob@example.test\r\nSubject: "
    + MARK
    + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + b"QQ==\r\n" * 800_000
)
BUSY_S: Final = 0.1  # of processor time: an ordinary message takes a hundredth of it


class Killer:
    """Kills each inspector that works on something for long; ``killed`` counts them."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._first_s: dict[int, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.killed: list[int] = []

    def __enter__(self) -> Self:
        self._look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)

    def _watch(self) -> None:
        while not self._stop.is_set():
            self._look()
            time.sleep(0.01)

    def _look(self) -> None:
        for name, pid in self._demo.pids().items():
            if not name.startswith("inspector-"):
                continue
            with contextlib.suppress(OSError):
                spent_s = stat(pid).cpu_s
                if spent_s - self._first_s.setdefault(pid, spent_s) > BUSY_S and pid not in self.killed:
                    self.killed.append(pid)
                    os.kill(pid, signal.SIGKILL)


def files_with(root: Path, mark: bytes) -> Iterator[Path]:
    """Files below a folder that have it in clear."""
    for path in root.rglob("*"):
        if path.is_file() and mark.lower() in path.read_bytes().lower():
            yield path
