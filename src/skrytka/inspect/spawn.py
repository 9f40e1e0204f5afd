"""Starting a zygote, for its owner: the supervisor, or a process that has one front only."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence

import msgspec

from skrytka.inspect.wire import Join, Ping

_HELD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_PING = msgspec.msgpack.encode(Ping())
_PACKET_MAX_BYTES = 4 * 1024
ENVIRONMENT = {"LC_CTYPE": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}  # nothing of ours: children read untrusted mail


def join(zygote: socket.socket) -> socket.socket:
    """A further front's end of a socket to the zygote; OSError when the zygote is gone."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        socket.send_fds(zygote, [msgspec.msgpack.encode(Join())], [theirs.fileno()])
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    return ours


def zygote_command(fd: int) -> list[str]:
    """``-P``: the current folder is no place to import from."""
    return [sys.executable, "-P", "-m", "skrytka.inspect.zygote", str(fd)]


def environment() -> dict[str, str]:
    """All that a zygote is told. Where to import from is no secret, and a package that is not installed needs it."""
    paths = [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return ENVIRONMENT | ({"PYTHONPATH": os.pathsep.join(paths)} if paths else {})


def ask_alive(sock: socket.socket) -> bool:
    """Whether the zygote has answered since the last call, and ask again; never waits. Its end shows elsewhere."""
    has_answered = False
    with contextlib.suppress(OSError):
        while sock.recv(_PACKET_MAX_BYTES, socket.MSG_DONTWAIT):
            has_answered = True
    with contextlib.suppress(OSError):
        sock.send(_PING, socket.MSG_DONTWAIT)
    return has_answered


def start_zygote(
    command: Callable[[int], list[str]] = zygote_command, inherited: Sequence[int] = ()
) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """By exec: the process and our end of its socket, which is also good for one front. OSError when it cannot start.

    It ends when that socket and those of all fronts are closed, its children before it; it ignores TERM, INT and HUP.
    ``inherited`` descriptors stay open in the zygote, not in its children. Reaping it is the owner's.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
        try:
            process = subprocess.Popen(
                command(theirs.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=environment(),
                pass_fds=(theirs.fileno(), *inherited),
                cwd="/",
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    return process, ours
