"""Listening sockets: all of them, or an error that names the port and the mend, before anything else happens.

But mail does not wait for the web: where another program has a port of it the server starts without it, and says so.
"""

import errno
import os
import socket
import stat
from pathlib import Path

from skrytka.daemon.config_check import named_listeners
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.settings import Settings

BACKLOG = 1024
DISPENSABLE = frozenset({"http", "https", "api", "web"})
_WHY = {
    errno.EADDRINUSE: "is taken by another program; see `ss -ltnp`, stop it or change the port in the settings",
    errno.EACCES: "needs root (ports below 1024); start as root with `user` set, or choose a higher port",
    errno.EPERM: "needs root (ports below 1024); start as root with `user` set, or choose a higher port",
    errno.EADDRNOTAVAIL: "is at an address this machine does not have; see `ip address`",
    errno.EAFNOSUPPORT: "is at an address of a family this machine does not speak; remove it from `addresses`",
}


class Bound:
    """The listening sockets by service; the supervisor keeps them open, so no connection is lost in a restart."""

    def __init__(self) -> None:
        self.by_service: dict[str, list[socket.socket]] = {}
        self.missing: list[str] = []  # what was said of ports that we do without

    def take(self, service: str, address: str, port: int) -> None:
        """Bind it; a port that is taken is an error, or missed where mail does without."""
        try:
            sock = bind(service, address, port)
        except TransientError as exc:
            if service not in DISPENSABLE:
                raise
            self.missing.append(exc.detail)
        else:
            self.by_service.setdefault(service, []).append(sock)

    def close(self) -> None:
        for socks in self.by_service.values():
            for sock in socks:
                sock.close()


def bind_all(settings: Settings) -> Bound:
    """One socket for each address of each enabled listener, not yet accepting."""
    bound = Bound()
    try:
        for service, listener in named_listeners(settings).items():
            if listener.is_enabled:
                for address in _addresses(listener.addresses):
                    bound.take(service, address, listener.port)
    except BaseException:
        bound.close()
        raise
    return bound


def _addresses(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Without the IPv6 wildcard on a machine that has no IPv6: the default must work there too."""
    if "::" in addresses and len(addresses) > 1 and not _has_ipv6():
        return tuple(address for address in addresses if address != "::")
    return addresses


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
            sock.bind(("::", 0))
    except OSError:
        return False
    return True


def bind(service: str, address: str, port: int) -> socket.socket:
    """One bound TCP socket; errors name service, address, port and mend."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as exc:
        raise _error(service, address, port, exc) from exc
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
        sock.setblocking(False)  # noqa: FBT003 - the stdlib names it so
        sock.listen(BACKLOG)
    except OSError as exc:
        sock.close()
        raise _error(service, address, port, exc) from exc
    return sock


def _error(service: str, address: str, port: int, exc: OSError) -> PermanentError | TransientError:
    where = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    said = f"port {port} ({service}, {where}) {_WHY.get(exc.errno or 0, f'cannot be bound: {exc.strerror}')}"
    if exc.errno == errno.EADDRINUSE:
        return TransientError(Reason.STORE_BUSY, said)
    return PermanentError(Reason.NOT_PERMITTED, said)


def bind_control(path: Path) -> socket.socket:
    """The control socket, 0600. The caller holds the folder's lock, so an old file is nobody's."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        short = f"/proc/self/fd/{folder}/{path.name}"  # the path itself may exceed the 107 bytes of sun_path
        if path.is_symlink() or (path.exists() and not stat.S_ISSOCK(path.lstat().st_mode)):
            raise PermanentError(Reason.ALREADY_EXISTS, f"{path} is no socket; remove it")
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            sock.bind(short)
        finally:
            os.umask(before)
        sock.setblocking(False)  # noqa: FBT003 - the stdlib names it so
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    finally:
        os.close(folder)
    return sock
