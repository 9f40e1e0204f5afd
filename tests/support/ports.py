"""Free ports on loopback for servers that tests start, apart for tests that run at the same time."""

import os
import socket
import time
from collections.abc import Iterable

LOWEST, HIGHEST = 11000, 22999  # with 8443 added still below 32768, where the kernel gives ports to clients
SLICE, SLICES = (
    2000,
    4,
)  # of workers: a server that is started again finds its ports free (993 is the most but for 844x)
BLOCK = 10
_taken = 0


def free_block() -> int:
    """The first of ten neighbouring free ports."""
    return free_base(range(BLOCK), step=BLOCK)


def free_base(offsets: Iterable[int], *, step: int = 1) -> int:
    """A number to which each offset may be added to give a free port; the same again only when all were given."""
    global _taken  # noqa: PLW0603 - ports are the machine's, so the counter is the process's
    wanted = list(offsets)
    lowest, span = _range()
    for _ in range(span // step):
        _taken += step
        base = lowest + (os.getpid() * 7919 // step * step + _taken) % span
        if all(_is_free(base + offset) for offset in wanted):
            return base
    raise RuntimeError(f"no free ports between {LOWEST} and {HIGHEST}")


def is_listening(port: int, address: str = "127.0.0.1") -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex((address, port)) == 0


def wait_until_listening(port: int, address: str = "127.0.0.1", *, within_s: float = 20.0) -> None:
    """TimeoutError when nobody is there in time."""
    end = time.monotonic() + within_s
    while not is_listening(port, address):
        if time.monotonic() > end:
            raise TimeoutError(f"nobody listens on {address} port {port}")
        time.sleep(0.05)


def _range() -> tuple[int, int]:
    """The lowest base, and how many there are: workers of one run have their own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if not worker or int(worker) >= SLICES:
        return LOWEST, HIGHEST - LOWEST
    return LOWEST + int(worker) * SLICE, SLICE // 2


def _is_free(port: int) -> bool:
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
