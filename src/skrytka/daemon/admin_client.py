"""One administrator's command: asked of the running server, or done here when it is stopped."""

import errno
import os
import socket
from collections.abc import Callable
from typing import Any

import msgspec

from skrytka.daemon.layout import Layout
from skrytka.model.errors import UNREADABLE, PermanentError, Reason, RemoteProtocolError, SkrytkaError, TransientError
from skrytka.model.framing import FrameReader, frame

ANSWER_S = 600.0  # between two frames: a check of a large store tells how far it is
READ_BYTES = 64 * 1024
_TRANSIENT = frozenset(
    {
        Reason.STORE_BUSY,
        Reason.STORE_DOWN,
        Reason.DISK_FULL,
        Reason.KEY_UNAVAILABLE,
        Reason.SHUTTING_DOWN,
        Reason.DNS_TIMEOUT,
    }
)
_STOPPED = frozenset({errno.ENOENT, errno.ECONNREFUSED, errno.ENOTDIR})

Tell = Callable[[str], None]


class CommandBugError(SkrytkaError):
    """The server has a bug; its event log says where."""


def ask(layout: Layout, command: str, args: dict[str, Any], progress: Tell) -> Any:
    """The command's result as JSON values; its error with cause and mend is raised."""
    request = msgspec.json.encode({"command": command, "args": args})
    sock = connect(layout)
    if sock is None:
        from skrytka.daemon.offline import ask_here  # noqa: PLC0415 - all of the server, 0.3 s of a command that asks one

        return _result(ask_here(layout, request, progress))
    with sock:
        return _result(_ask_server(sock, request, progress))


def connect(layout: Layout) -> socket.socket | None:
    """The running server's control socket; None when no server listens there."""
    try:
        folder = os.open(layout.run, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as exc:
        raise _not_permitted(layout) from exc
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(ANSWER_S)
        sock.connect(f"/proc/self/fd/{folder}/{layout.control_socket.name}")  # the path itself may be too long
    except OSError as exc:
        sock.close()
        if exc.errno in _STOPPED:
            return None
        raise _not_permitted(layout) from exc
    finally:
        os.close(folder)
    return sock


def _not_permitted(layout: Layout) -> PermanentError:
    said = f"{layout.control_socket} is closed to you: be root, or the user that the server runs as"
    return PermanentError(Reason.NOT_PERMITTED, said)


def _ask_server(sock: socket.socket, request: bytes, progress: Tell) -> dict[str, Any]:
    frames = FrameReader()
    try:
        sock.sendall(frame(request))
        while data := sock.recv(READ_BYTES):
            for payload in frames.feed(data):
                told: dict[str, Any] = msgspec.json.decode(payload)
                if "progress" not in told:
                    return told
                progress(told["progress"])
    except (OSError, RemoteProtocolError, *UNREADABLE) as exc:
        raise TransientError(Reason.STORE_DOWN, f"the server broke off ({exc}); try again in a moment") from exc
    raise TransientError(Reason.STORE_DOWN, "the server ended before it answered; try again in a moment")


def _result(answer: dict[str, Any]) -> Any:
    if answer.get("ok"):
        return answer.get("result")
    detail = "; ".join(text for text in (answer.get("detail", ""), answer.get("mend", "")) if text)
    try:
        reason = Reason(answer.get("error", ""))
    except ValueError:
        raise CommandBugError(detail) from None  # of another release
    if reason is Reason.BUG:
        raise CommandBugError(detail)
    raise (TransientError if reason in _TRANSIENT else PermanentError)(reason, detail)
