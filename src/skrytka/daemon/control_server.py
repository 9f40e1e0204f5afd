"""Accepts administrators on the control socket: root, or the user the server runs as; the kernel says who it is."""

import asyncio
import errno
import os
import pwd
import socket
import struct

from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.model.actor import local_actor
from skrytka.model.events import Emitter, FaultRaised
from skrytka.net.bugs import bug_caught
from skrytka.net.listener import ACCEPT_PAUSE_S
from skrytka.servers.control import serve_control

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


class ControlServer:
    """Runs until cancelled; a session that breaks is told and the others go on."""

    def __init__(self, sock: socket.socket, deps: CommandDeps, events: Emitter) -> None:
        sock.setblocking(False)  # noqa: FBT003 - the stdlib names it so
        self._sock = sock
        self._deps = deps
        self._events = events
        self._is_starved = False

    async def run(self) -> None:
        """Accept; each session is a task of this group. Without descriptors it pauses: the front has other work."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    peer, _address = await loop.sock_accept(self._sock)
                except OSError as exc:
                    self._tell_pause(exc)
                    await asyncio.sleep(ACCEPT_PAUSE_S)
                    continue
                self._is_starved = False
                tasks.create_task(self._serve(peer))

    def _tell_pause(self, exc: OSError) -> None:
        if not self._is_starved:
            self._is_starved = True
            self._events.emit(FaultRaised(fault="F-accept", detail=errno.errorcode.get(exc.errno or 0, "unknown")))

    async def _serve(self, peer: socket.socket) -> None:
        try:
            with peer:
                uid = peer_uid(peer)
                if uid in (0, os.geteuid()):
                    reader, writer = await asyncio.open_unix_connection(sock=peer)
                    await serve_control(reader, writer, self._deps, local_actor(name_of(uid)))
        except OSError:
            return  # the peer left
        except Exception as exc:  # noqa: BLE001 - the one place for a control session's bugs (conventions C6)
            self._events.emit(bug_caught(exc))


def peer_uid(peer: socket.socket) -> int:
    """Who connected, as the kernel saw it (SO_PEERCRED)."""
    raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    uid: int = _CREDENTIALS.unpack(raw)[1]
    return uid


def name_of(uid: int) -> str:
    """The actor in events."""
    try:
        return f"local {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"local uid {uid}"
