"""The supervisor's zygote of inspectors: started by exec, one socket for each front, replaced when it ends.

It gets nothing of ours: no key, no listening port, no control socket; only the folder's lock, so that the folder is not
free before the last inspector has ended. It ends by itself when supervisor and fronts have closed their sockets.
"""

import asyncio
import contextlib
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence

from skrytka.daemon.channel import Channel
from skrytka.daemon.children import BACKOFF_FIRST_S, FAULT_SILENT, STEADY_S
from skrytka.daemon.messages import InspectorSocket
from skrytka.inspect.spawn import ask_alive, join, start_zygote, zygote_command
from skrytka.model.clock import Clock
from skrytka.model.events import ChildEnded, Emitter, FaultRaised

BACKOFF_MAX_S = 2.0  # mail waits for it in the fronts (PoolLimits.wait_s), and a start takes 0.15 s
SILENT_S = 30.0  # as long as mail waits for it
END_S = 5.0  # a child at its job is killed before that by its front
ASK_AGAIN_S = 0.1  # a front that loses its socket while the zygote lives
ZygoteCommand = Callable[[int], list[str]]


class InspectorKeeper:
    """One zygote after the other; all methods on the supervisor's loop."""

    def __init__(
        self,
        clock: Clock,
        events: Emitter,
        complain: Callable[[str], None],
        *,
        inherited: Sequence[int] = (),
        command: ZygoteCommand | None = None,
    ) -> None:
        self._clock = clock
        self._events = events
        self._complain = complain
        self._inherited = inherited
        self._command = command or zygote_command
        self._process: subprocess.Popen[bytes] | None = None
        self._sock: socket.socket | None = None
        self._links: dict[str, Channel] = {}  # of the fronts that are to have a socket
        self._numbers: dict[str, int] = {}  # of the socket each has
        self._started_s = 0.0
        self._failures = 0
        self._silent_s = 0.0
        self._is_ending = False

    @property
    def pid(self) -> int:
        """0 when there is none now."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """A zygote, and a socket to it for every front that is there; a failure is told and tried again."""
        if self._is_ending or self._process is not None:
            return
        self._started_s = self._clock.monotonic_s()
        self._silent_s = 0.0
        try:
            self._process, self._sock = start_zygote(self._command, self._inherited)
        except OSError as exc:
            self._again(f"cannot be started: {exc.strerror}")
            return
        for name in self._links:
            self._connect(name)

    def watch(self, passed_s: float) -> None:
        """So much time has gone by since the last call; a zygote that is silent for too long is killed and replaced."""
        if self._process is None or self._sock is None or self._is_ending:
            return
        self._silent_s = 0.0 if ask_alive(self._sock) else self._silent_s + passed_s
        if self._silent_s >= SILENT_S:
            detail = f"the inspectors (pid {self.pid}) said nothing for {SILENT_S:g} s: killed"
            self._complain(detail)
            self._events.emit(FaultRaised(fault=FAULT_SILENT, detail=detail))
            self._silent_s = 0.0
            self._process.send_signal(signal.SIGKILL)

    def serve(self, name: str, channel: Channel) -> None:
        """A front that was started now, or again."""
        self._links[name] = channel
        self._connect(name)

    def lost(self, name: str, number: int) -> None:
        """A front lost the socket of that number. When the zygote is gone too it hears of the next one by itself."""
        if self._numbers.get(name) == number and self._sock is not None:
            asyncio.get_running_loop().call_later(ASK_AGAIN_S, self._reconnect, name, number)

    def reap(self) -> None:
        """After SIGCHLD."""
        if self._process is None or (status := self._process.poll()) is None:
            return
        pid = self._process.pid
        self._process = None
        if self._sock is not None:
            self._sock.close()
            self._sock = None
        if self._is_ending:
            return
        text = f"signal {-status}" if status < 0 else f"exit {status}"
        self._events.emit(ChildEnded(process="zygote", pid=pid, status=text))
        self._again(f"(pid {pid}) ended: {text}")

    async def end(self) -> None:
        """Once the fronts have ended: the zygote is gone when this returns, its children were before."""
        self._is_ending = True
        if self._sock is not None:
            self._sock.close()
            self._sock = None
        process = self._process
        if process is None:
            return
        try:
            async with asyncio.timeout(END_S):
                while process.poll() is None:  # noqa: ASYNC110 - once in a server's life, for some milliseconds
                    await asyncio.sleep(0.002)
        except TimeoutError:
            self._complain(f"the inspectors (pid {process.pid}) did not end within {END_S:g} s: killed")
            self.kill()
            process.wait()

    def kill(self) -> None:
        """End it now."""
        self._is_ending = True
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)

    def _reconnect(self, name: str, number: int) -> None:
        if self._numbers.get(name) == number:
            self._connect(name)

    def _connect(self, name: str) -> None:
        if self._sock is None or not self._links[name].is_open:
            return
        number = self._numbers[name] = self._numbers.get(name, 0) + 1
        with contextlib.suppress(OSError), join(self._sock) as sock:  # gone: SIGCHLD says so too
            self._links[name].send(InspectorSocket(number=number), [sock.fileno()])

    def _again(self, cause: str) -> None:
        lived_s = self._clock.monotonic_s() - self._started_s
        self._failures = 1 if lived_s >= STEADY_S else self._failures + 1
        wait_s = min(BACKOFF_FIRST_S * 2 ** min(self._failures - 1, 20), BACKOFF_MAX_S)
        self._complain(f"the inspectors {cause}; starting again in {wait_s:g} s; mail in waits or is deferred")
        asyncio.get_running_loop().call_later(wait_s, self.start)
