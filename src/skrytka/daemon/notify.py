"""Tells systemd how far the server is (``Type=notify``, sd_notify(3)): one datagram a state. Silent without systemd."""

import socket
from collections.abc import MutableMapping

from skrytka.model.clock import Clock

VARIABLE = "NOTIFY_SOCKET"
READY = "READY=1"
STOPPING = "STOPPING=1"


class Notifier:
    """Of this process alone: the variable is taken out of the environment, so that no child speaks for the server."""

    def __init__(self, address: str | None, clock: Clock) -> None:
        self._address = address
        self._clock = clock

    @classmethod
    def take(cls, environment: MutableMapping[str, str], clock: Clock) -> "Notifier":
        """The one that the environment names."""
        return cls(environment.pop(VARIABLE, None), clock)

    def ready(self) -> None:
        """Every port answers; also the end of a reload."""
        self._tell(READY)

    def reloading(self) -> None:
        """SIGHUP is obeyed; :meth:`ready` follows."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={int(self._clock.monotonic_s() * 1_000_000)}")

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
