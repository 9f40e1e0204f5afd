"""The zygote: has imported all that an inspector needs, forks children on request, and does nothing else.

Started by exec (:mod:`skrytka.inspect.spawn`): ``python -m skrytka.inspect.zygote FD``. The socket FD is its owner's
and a front's at once; the owner may send sockets of further fronts (Join). Ends when the owner's socket and those of
all fronts have ended, its children before it. It never sees a byte of mail. Children outlive one that is killed: each
ends when its own front closes its socket.
"""

import array
import contextlib
import gc
import os
import select
import signal
import socket
import sys
from typing import NoReturn

import msgspec

from skrytka.inspect import charsets, child, sandbox
from skrytka.inspect.child import Handlers
from skrytka.inspect.sandbox import SandboxLimits
from skrytka.inspect.wire import Ended, Fork, Forked, FromZygote, Join, NotForked, Ping, Pong, ToZygote
from skrytka.model.errors import UNREADABLE

CHILDREN_MAX = 64  # of one front; more is a front gone wrong
PACKET_MAX_BYTES = 4 * 1024
EXIT_OK = 0
EXIT_BUG = 70
EXIT_NO_SANDBOX = 71
_OOM_SCORE_ADJUST = b"500"  # when memory is short the kernel ends an inspector before a front or the store

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[ToZygote] = msgspec.msgpack.Decoder(ToZygote)


class _Front:
    """One front: its socket and its living children."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.children: dict[int, int] = {}  # pid -> the front's number

    def send(self, message: FromZygote, fds: tuple[int, ...] = ()) -> None:
        """A front that does not read loses the message: its children still end with its sockets."""
        try:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
            self.sock.sendmsg([_encoder.encode(message)], rights, socket.MSG_DONTWAIT)
        except OSError:
            return


class Zygote:
    """One poll loop; single-threaded, or fork would copy a process in the middle of something."""

    def __init__(self, owner: socket.socket, handlers: Handlers, limits: SandboxLimits) -> None:
        self._owner = _Front(owner)
        self._fronts: dict[int, _Front] = {owner.fileno(): self._owner}
        self._handlers = handlers
        self._limits = limits
        self._null_fd = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        self._wake, self._wake_writer = socket.socketpair()
        for sock in (self._wake, self._wake_writer):
            sock.setblocking(False)  # noqa: FBT003 - the stdlib names it so
        self._poll = select.poll()
        self._living: set[int] = set()

    def serve(self) -> None:
        """Until the owner is gone and every front: an owner that crashed has fronts that still drain."""
        signal.set_wakeup_fd(self._wake_writer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _noted)
        for fd in (self._wake.fileno(), *self._fronts):
            self._poll.register(fd, select.POLLIN)
        while self._fronts:
            self._turn()
        signal.set_wakeup_fd(-1)
        for pid in self._living:  # nobody waits for their answers; not reaped yet, so the pids are theirs
            os.kill(pid, signal.SIGKILL)
        for pid in self._living:
            os.waitpid(pid, 0)

    def _turn(self) -> None:
        """What there is to do now."""
        for fd, _events in self._poll.poll():
            if fd == self._wake.fileno():
                self._reap()
            elif fd in self._fronts:
                self._hear(self._fronts[fd])

    def _hear(self, front: _Front) -> None:
        """One packet of a front, or its end."""
        try:
            raw, fds, _flags, _address = socket.recv_fds(front.sock, PACKET_MAX_BYTES, 1)
            message = _decoder.decode(raw) if raw else None
        except (OSError, *UNREADABLE):
            message, fds = None, []
        match message:
            case Fork(number):
                self._fork(front, number)
            case Ping():
                front.send(Pong())
            case Join() if front is self._owner and fds:
                sock = socket.socket(fileno=fds.pop())
                self._fronts[sock.fileno()] = _Front(sock)
                self._poll.register(sock.fileno(), select.POLLIN)
            case _:
                self._drop(front)
        for fd in fds:
            os.close(fd)

    def _drop(self, front: _Front) -> None:
        self._poll.unregister(front.sock.fileno())
        del self._fronts[front.sock.fileno()]
        front.sock.close()

    def _fork(self, front: _Front, number: int) -> None:
        if len(front.children) >= CHILDREN_MAX:
            front.send(NotForked(number))
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            pid = os.fork()
        except OSError:
            front.send(NotForked(number))
            return
        if pid == 0:
            self._be_child(theirs)
        try:
            self._introduce(front, number, pid, ours)
        finally:
            ours.close()
            theirs.close()

    def _introduce(self, front: _Front, number: int, pid: int, sock: socket.socket) -> None:
        """Hand the child over. It was not reaped yet, so the pid is still its own."""
        front.children[pid] = number
        self._living.add(pid)
        pidfd = os.pidfd_open(pid)
        try:
            front.send(Forked(number, pid), (sock.fileno(), pidfd))
        finally:
            os.close(pidfd)

    def _reap(self) -> None:
        try:
            while self._wake.recv(4096):
                pass
        except BlockingIOError:
            pass
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._living.discard(pid)
            for front in self._fronts.values():
                number = front.children.pop(pid, None)
                if number is not None:
                    front.send(Ended(number, os.waitstatus_to_exitcode(status)))

    def _be_child(self, sock: socket.socket) -> NoReturn:
        """What the forked copy does with itself; never returns into the loop above."""
        status = EXIT_NO_SANDBOX
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            sandbox.keep_only(sock.fileno(), self._null_fd)
            sandbox.enter(self._limits)
            sandbox.forbid_imports()
            status = EXIT_BUG
            child.run(sock, self._handlers)
            status = EXIT_OK
        finally:
            os._exit(status)


def _noted(_number: int, _frame: object) -> None:
    """SIGCHLD has to have a handler to wake the poll."""


def serve(fd: int, handlers: Handlers, limits: SandboxLimits | None = None) -> int:
    """All of a zygote's life; tests hand in handlers of their own."""
    sandbox.ignore_signals()
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "wb", buffering=0) as file:
        file.write(_OOM_SCORE_ADJUST)
    sandbox.seal_process()  # behind the line above: from here on /proc/self is root's
    owner = socket.socket(fileno=fd)
    owner.set_inheritable(False)
    charsets.load_all()
    gc.collect()
    gc.freeze()  # a child's collector then writes to none of the pages that it shares
    Zygote(owner, handlers, limits or SandboxLimits()).serve()
    return EXIT_OK


def main(argv: list[str]) -> int:
    """The product's zygote."""
    from skrytka.inspect.jobs import HANDLERS  # noqa: PLC0415 - a test's zygote has its own

    return serve(int(argv[1]), HANDLERS)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
