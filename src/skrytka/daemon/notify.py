"""Tells systemd how far the server is (``Type=notify``, sd_notify(3)): one datagram a state. Silent without systemd."""

import socket
from collections.abc import MutableMapping

from skrytka.model.clock import Clock

VARIABLE = "NOTIFY_SOCKET"
WATCHDOG_VARIABLE = "WATCHDOG_USEC"
READY = "READY=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"


class Notifier:
    """Of this process alone: the variable is taken out of the environment, so that no child speaks for the server."""

    def __init__(self, address: str | None, clock: Clock, watchdog_s: float = 0.0) -> None:
        self._address = address
        self._clock = clock
        self._every_s = watchdog_s / 3
        self._alive_due_s = clock.monotonic_s()

    @classmethod
    def take(cls, environment: MutableMapping[str, str], clock: Clock) -> "Notifier":
        """The one that the environment names; how long systemd waits for a sign of life (``WatchdogSec=``) too."""
        text = environment.pop(WATCHDOG_VARIABLE, "")
        environment.pop("WATCHDOG_PID", None)
        return cls(environment.pop(VARIABLE, None), clock, int(text) / 1_000_000 if text.isdecimal() else 0.0)

    def ready(self) -> None:
        """Every port answers; also the end of a reload."""
        self._tell(READY)

    def reloading(self) -> None:
        """SIGHUP is obeyed; :meth:`ready` follows."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={int(self._clock.monotonic_s() * 1_000_000)}")

    def alive(self) -> None:
        """The supervisor's loop turns; called more often than that needs to be said."""
        now_s = self._clock.monotonic_s()
        if self._every_s and now_s >= self._alive_due_s:
            self._alive_due_s = now_s + self._every_s
            self._tell(ALIVE)

    def stopping(self, cause: str) -> None:
        """Drain begins."""
        self._tell(f"{STOPPING}\nSTATUS=stopping: {cause.splitlines()[0] if cause else ''}")

    def _tell(self, text: str) -> None:
        """A lost message delays a status line; it never harms the server."""
        if not self._address:
            return
        name = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.setblocking(False)  # noqa: FBT003 - the stdlib names it so
                sock.sendto(text.encode(), name)
        except (OSError, ValueError):
            return
