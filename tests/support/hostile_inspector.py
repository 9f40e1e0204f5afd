"""A zygote whose children have jobs that the product does not: what an attacker who took one over would try.

Run as a program with a descriptor; the job table exists in this process only.
"""

import ctypes
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable

from skrytka.inspect import child, zygote
from skrytka.inspect.jobs import HANDLERS
from skrytka.inspect.sandbox import SandboxLimits

EBADF = 9
_kept: list[bytes] = []
_libc = ctypes.CDLL(None, use_errno=True)


def command(fd: int) -> list[str]:
    """For ``start_zygote``."""
    return [sys.executable, "-P", __file__, str(fd)]


def tried(action: Callable[[], object]) -> Callable[[bytes], bytes]:
    """A job that does it and tells what came of it."""

    def job(_message: bytes) -> bytes:
        try:
            result = action()
        except (OSError, LookupError, ImportError) as exc:
            return f"{type(exc).__name__} {getattr(exc, 'errno', '')}".encode()
        return f"did it: {result!r}"[:200].encode()

    return job


def write_to_stderr() -> object:
    # Python's own stream is gone; the descriptor is tried as a library would.
    return (sys.stderr, os.write(2, b"leak"))


def write_by_libc() -> int:
    return int(_libc.write(2, b"leak", 4))


def many_threads() -> int:
    threads = [threading.Thread(target=time.sleep, args=(60,)) for _ in range(64)]
    for thread in threads:
        thread.start()
    return len(threads)


def late_codec() -> bytes:
    for name in ("encodings.cp037", "cp037"):
        sys.modules.pop(f"encodings.{name.removeprefix('encodings.')}", None)
    import encodings

    encodings._cache.pop("cp037", None)
    encodings._cache.pop("late_codec", None)
    return "x".encode("late_codec")


def spin(_message: bytes) -> bytes:
    while True:
        pass


def sibling(message: bytes) -> int:
    return int(message)


def kill_sibling(message: bytes) -> bytes:
    return tried(lambda: os.kill(sibling(message), signal.SIGKILL))(b"")


def ptrace_sibling(message: bytes) -> bytes:
    return tried(lambda: _libc.ptrace(16, sibling(message), 0, 0))(b"")


def read_sibling(message: bytes) -> bytes:
    return tried(lambda: _libc.process_vm_readv(sibling(message), 0, 0, 0, 0, 0))(b"")


def executable_memory() -> object:
    _libc.mmap.restype = ctypes.c_void_p
    return _libc.mmap(None, 4096, 7, 0x22, -1, 0)


def send_elsewhere() -> object:
    """The only socket there is, but to an address of another: what sendto would be good for."""
    address = b"\x01\x00\x00skrytka-test"
    return _libc.sendto(max(open_descriptors()), b"leak", 4, 0, address, len(address))


def open_descriptors() -> list[int]:
    """By a call that the filter lets through: an open one answers otherwise than EBADF."""
    return [fd for fd in range(200) if is_open(fd)]


def is_open(fd: int) -> bool:
    return _libc.pread(fd, ctypes.create_string_buffer(1), 0, ctypes.c_long(0)) == 0 or ctypes.get_errno() != EBADF


def environment() -> dict[str, str]:
    return dict(os.environ)


def keep(message: bytes) -> bytes:
    before = b",".join(_kept)
    _kept.append(message)
    return before


def segfault(_message: bytes) -> bytes:
    return ctypes.string_at(1)


def echo(message: bytes) -> bytes:
    return message


def hang_once(message: bytes) -> bytes:
    """In a child that has worked before; a fresh one answers."""
    if _kept:
        spin(message)
    return message


def large(message: bytes) -> bytes:
    return bytes(int(message))


def raise_secret(message: bytes) -> bytes:
    raise ValueError(message)


def allocate(_message: bytes) -> bytes:
    return bytes(len(bytearray(4 * 1024**3)) % 7)


def undo(pieces: bytes) -> bytes:
    """The product's, unless the encoded text has the name of a hostile job in it."""
    for name in ("segfault", "spin", "allocate 4 GB"):
        if name.encode() in pieces:
            return JOBS[name](pieces)
    return HANDLERS["undo"](pieces)


JOBS: dict[str, Callable[[bytes], bytes]] = {
    "open a file": tried(lambda: open("/etc/passwd", "rb").read(16)),  # noqa: SIM115
    "open /proc": tried(lambda: os.open("/proc/self/status", os.O_RDONLY)),
    "list a folder": tried(lambda: os.listdir("/")),
    "look at a file": tried(lambda: os.stat("/etc/passwd")),
    "a socket": tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)),
    "a unix socket": tried(lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)),
    "send elsewhere": tried(send_elsewhere),
    "fork": tried(os.fork),
    "64 threads": tried(many_threads),
    "exec": tried(lambda: os.execv("/bin/true", ["true"])),
    "executable memory": tried(executable_memory),
    "late codec": tried(late_codec),
    "late import": tried(lambda: __import__("sqlite3")),
    "write to stderr": tried(write_to_stderr),
    "write by libc": tried(write_by_libc),
    "descriptors": tried(open_descriptors),
    "environment": tried(environment),
    "signal a sibling": kill_sibling,
    "ptrace a sibling": ptrace_sibling,
    "read a sibling": read_sibling,
    "spin": spin,
    "allocate 4 GB": allocate,
    "keep": keep,
    "segfault": segfault,
    "echo": echo,
    "hang once": hang_once,
    "large": large,
    "raise": raise_secret,
    "undo": undo,
}

if __name__ == "__main__":
    handlers: child.Handlers = {**HANDLERS, **JOBS}
    sys.exit(zygote.serve(int(sys.argv[1]), handlers, SandboxLimits(memory_bytes=1024**3, cpu_s=1)))
