"""One child process of the supervisor: how it is started, heard, ended and started again."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Final

from skrytka.daemon import channel
from skrytka.daemon.channel import Channel
from skrytka.daemon.hardening import termination_held
from skrytka.daemon.messages import AnyMessage

BACKOFF_FIRST_S = 0.05
BACKOFF_MAX_S = 30.0
# Else glibc keeps 19 MB in each front from the second password hash on (docs/performance.md, Memory).
ALLOCATOR: Final = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(4 * 1024 * 1024),  # above it, memory goes back to the system when it is freed
    "MALLOC_TRIM_THRESHOLD_": str(8 * 1024 * 1024),  # what may stay at the heap's end, so that it need not grow again
}
SILENT_S = 60.0  # of a child that is ready: it hangs
FAULT_SILENT = "F-child-silent"
STEADY_S = 60.0  # a child that lived so long has not failed "again"

Command = Callable[[str, int], list[str]]  # name of the child, descriptor of its control socket
Received = Callable[["Child", AnyMessage, list[int]], None]
Ended = Callable[["Child"], None]


class Child:
    """A place for one process ("store", "front-0"): the process changes, the place stays."""

    def __init__(
        self, name: str, environment: Mapping[str, str], inherited: tuple[int, ...], command: Command | None = None
    ) -> None:
        self.name = name
        self._command = command or child_command
        self._environment = environment
        self._inherited = inherited
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._started_s = 0.0
        self.failures = 0  # in a row
        self.is_ready = False
        self.silent_s = 0.0  # since it said anything

    @property
    def pid(self) -> int:
        """0 when there is no process now."""
        return self._process.pid if self._process is not None else 0

    @property
    def channel(self) -> Channel | None:
        """Where messages go; None when there is no process or it does not listen any more."""
        return self._channel if self._channel is not None and self._channel.is_open else None

    def start(self, received: Received, ended: Ended, now_s: float) -> Channel:
        """Start a process by exec: this one holds keys and never forks a copy of itself."""
        self._started_s = now_s
        ours, theirs = channel.pair()
        try:
            with termination_held():
                self._process = self._spawn(theirs)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self.is_ready = False
        self.silent_s = 0.0

        def heard(message: AnyMessage, fds: list[int]) -> None:
            self.silent_s = 0.0
            received(self, message, fds)

        self._channel = Channel(ours, heard, lambda: self._lost(lambda: ended(self)))
        return self._channel

    def reap(self) -> str | None:
        """How the process ended ("exit 1", "signal 9"); None while it runs or when there is none."""
        if self._process is None or (status := self._process.poll()) is None:
            return None
        if self._channel is not None:
            self._channel.finish()
        self._process = None
        self.is_ready = False
        return f"signal {-status}" if status < 0 else f"exit {status}"

    def hangs(self, passed_s: float) -> bool:
        """Whether it has been silent for too long, ``passed_s`` after the last call. While it starts it may be."""
        self.silent_s = self.silent_s + passed_s if self.is_ready else 0.0
        return self.silent_s >= SILENT_S

    def kill(self) -> None:
        """End it now."""
        self.silent_s = 0.0
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)

    def backoff_s(self, now_s: float) -> float:
        """How long to wait before the next start; counts the failure."""
        self.failures = 1 if now_s - self._started_s >= STEADY_S else self.failures + 1
        return float(min(BACKOFF_FIRST_S * 2 ** min(self.failures - 1, 20), BACKOFF_MAX_S))

    def _spawn(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command(self.name, theirs.fileno()),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=dict(self._environment),
            pass_fds=(theirs.fileno(), *self._inherited),
        )

    def _lost(self, ended: Callable[[], None]) -> None:
        """The channel closed: a process without one is of no use."""
        self.is_ready = False
        ended()


def child_command(name: str, fd: int) -> list[str]:
    """``-P``: the current folder is no place to import from."""
    return [sys.executable, "-P", "-m", "skrytka.daemon.child", name, str(fd)]


def child_environment(openssl_conf: str) -> dict[str, str]:
    """What children inherit: our environment, TLS groups and suites, and how the allocator keeps memory."""
    inherited = {name: value for name, value in os.environ.items() if name != "CREDENTIALS_DIRECTORY"}
    return {**ALLOCATOR, **inherited, "OPENSSL_CONF": openssl_conf}
