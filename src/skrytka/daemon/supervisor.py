"""The supervisor: starts the children, answers them, starts them again, reloads, drains. The small trusted parent.

It reads no mail and speaks to no peer. What fails: a child that ends is started again with back-off; if one never gets
ready at the first start the server gives up with an error, later it keeps trying. If the supervisor itself dies, its
children see the end of their control sockets, drain and end.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Callable

from skrytka import __version__
from skrytka.daemon import config
from skrytka.daemon.children import FAULT_SILENT, SILENT_S, Child, Command, child_environment
from skrytka.daemon.counters import KEEP_S
from skrytka.daemon.desk import Desk
from skrytka.daemon.event_log import EventLog
from skrytka.daemon.inspectors import InspectorKeeper, ZygoteCommand
from skrytka.daemon.messages import (
    Alive,
    AnyMessage,
    CertificatesChanged,
    Drain,
    Faulty,
    InspectorsLost,
    Message,
    Ready,
    Reload,
    Reloaded,
    Start,
    StoreSocket,
)
from skrytka.daemon.notify import Notifier
from skrytka.daemon.prepare import Prepared
from skrytka.daemon.reload import restart_needed
from skrytka.model.clock import Clock
from skrytka.model.errors import RemoteProtocolError
from skrytka.model.events import ChildEnded, FaultRaised, ServerStarted, ServerStopping, SettingsReloaded
from skrytka.store.events.writer import FLUSH_S
from skrytka.store.system import SystemRandom

DRAIN_S = 10.0  # sessions may finish for so long
DRAIN_GRACE_S = 5.0  # then a front that has not ended is killed
STORE_DRAIN_S = 20.0
FIRST_ONLY = frozenset({"api", "web"})  # listeners of the first front: their sessions and limits are its own
LOST_S = 2.0  # from the end of a child's channel to its own end
WATCH_S = 1.0
RETIRE_FIRST_S = 5.0  # when the start is over
RETIRE_S = 3600.0
STARTS_MAX = 5  # of one child before the server was ready for the first time
EXIT_OK = 0
EXIT_FAILED = 4

Say = Callable[[str], None]


class Supervisor:
    """One server, from the first child to the last."""

    def __init__(  # noqa: PLR0913 - it is where everything comes together
        self,
        prepared: Prepared,
        clock: Clock,
        events: EventLog,
        say: Say,
        complain: Say,
        *,
        command: Command | None = None,
        zygote: ZygoteCommand | None = None,
        notifier: Notifier | None = None,
    ) -> None:
        self._prepared = prepared
        self._settings = prepared.config.settings
        self._clock = clock
        self._events = events
        self._say = say
        self._complain = complain
        self._notifier = notifier or Notifier(None, clock)
        self._desk = Desk(prepared, clock, SystemRandom(), events, self._tell_fronts)
        environment = child_environment(str(prepared.layout.openssl_conf))
        inherited = (prepared.lock.fd,)  # the folder is free when the last process has ended
        self._store = Child("store", environment, inherited, command)
        self._fronts = [
            Child(f"front-{number}", environment, inherited, command)
            for number in range(front_count(self._settings.fronts))
        ]
        self._inspectors = InspectorKeeper(clock, events, complain, inherited=inherited, command=zygote)
        self._stop = asyncio.Event()
        self._ended = asyncio.Event()  # set whenever a child has ended
        self._cause = ""
        self._was_ready = False
        self._is_log_failing = False
        self._exit_status = EXIT_OK

    async def run(self) -> int:
        """Until SIGTERM or SIGINT; the exit status of the server."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping, number.name)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        loop.add_signal_handler(signal.SIGCHLD, self._reap)
        try:
            async with asyncio.TaskGroup() as tasks:
                work = (self._keep_events(), self._keep_counters(), self._retire_events(), self._watch_children())
                keepers = [tasks.create_task(each) for each in work]
                self._inspectors.start()
                for child in self._children:
                    self._start(child)
                await self._stop.wait()
                await self._drain()
                for keeper in keepers:
                    keeper.cancel()
        finally:
            for child in self._children:
                child.kill()
            self._inspectors.kill()
            await self._desk.counters.keep()
            await self._events.flush()
            self._desk.checkpoints.sign()
            self._desk.keep_known_time()
        return self._exit_status

    @property
    def _children(self) -> tuple[Child, ...]:
        return (self._store, *self._fronts)

    async def _keep_events(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            await self._events.flush()
            self._tell_events_disk()
            self._desk.tick()

    async def _keep_counters(self) -> None:
        while True:
            await asyncio.sleep(KEEP_S)
            await self._desk.counters.keep()

    def _tell_events_disk(self) -> None:
        """The event log cannot tell that it cannot be written."""
        if self._events.is_failing is not self._is_log_failing:
            self._is_log_failing = self._events.is_failing
            folder = self._prepared.layout.events
            wait = f"{folder} takes no events; they wait in memory: is the disk full, read-only or gone?"
            self._complain(wait if self._is_log_failing else f"{folder} takes events again")

    async def _watch_children(self) -> None:
        """Count their silence in seconds of our own, which a machine that was suspended has not had."""
        while True:
            await asyncio.sleep(WATCH_S)
            self._notifier.alive()
            self._inspectors.watch(WATCH_S)
            for child in self._children:
                if child.hangs(WATCH_S):
                    detail = f"{child.name} (pid {child.pid}) said nothing for {SILENT_S:g} s: killed"
                    self._complain(detail)
                    self._events.emit(FaultRaised(fault=FAULT_SILENT, detail=detail))
                    child.kill()

    async def _retire_events(self) -> None:
        while True:
            await asyncio.sleep(RETIRE_FIRST_S)
            await self._desk.retire_events()
            await asyncio.sleep(RETIRE_S)

    # -- starting -------------------------------------------------------------------------------------------------

    def _start(self, child: Child) -> None:
        if self._stop.is_set():
            return
        try:
            to_child = child.start(self._received, self._lost, self._clock.monotonic_s())
        except OSError as exc:  # no process, memory or descriptor to be had now
            self._again(child, f"cannot be started: {exc.strerror}")
            return
        names, socks = self._sockets(child)
        to_child.send(
            Start(
                kind="store" if child is self._store else "front",
                number=self._fronts.index(child) if child is not self._store else 0,
                root=str(self._prepared.layout.root),
                settings=self._settings,
                sockets=names,
                known_ms=self._desk.age.known_ms,
                is_keeper=child is self._fronts[0],
                fronts=len(self._fronts),
            ),
            [sock.fileno() for sock in socks],
        )
        if child is not self._store:
            self._inspectors.serve(child.name, to_child)
            if self._store.is_ready:
                self._connect(child)

    def _sockets(self, child: Child) -> tuple[tuple[str, ...], list[socket.socket]]:
        if child is self._store:
            return (), []
        is_first = child is self._fronts[0]
        bound = self._prepared.bound.by_service
        named = [(name, sock) for name, socks in bound.items() if is_first or name not in FIRST_ONLY for sock in socks]
        if is_first:
            named.append(("control", self._prepared.control))
        return tuple(name for name, _sock in named), [sock for _name, sock in named]

    def _connect(self, front: Child) -> None:
        """Give a front and the store process the two ends of a socket."""
        if front.channel is None or self._store.channel is None:
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with ours, theirs:
            number = self._fronts.index(front)
            self._store.channel.send(StoreSocket(front=number), [theirs.fileno()])
            front.channel.send(StoreSocket(front=number), [ours.fileno()])

    # -- hearing --------------------------------------------------------------------------------------------------

    def _received(self, child: Child, message: AnyMessage, fds: list[int]) -> None:
        for fd in fds:
            os.close(fd)  # no child has any to give
        match message:
            case Alive():
                pass
            case Ready():
                self._child_ready(child)
            case CertificatesChanged() | Reloaded():
                self._reloaded(child, message)
            case InspectorsLost(number=number) if child is not self._store:
                self._inspectors.lost(child.name, number)
            case Faulty(detail=detail, is_permanent=is_permanent):
                self._complain(f"{child.name}: {detail}")
                if is_permanent and not self._was_ready:
                    self._give_up(f"{child.name} cannot start")
            case _:
                self._answer(child, message)

    def _answer(self, child: Child, message: AnyMessage) -> None:
        try:
            answer = self._desk.answer(child.name, message)
        except RemoteProtocolError as exc:
            self._complain(f"{exc}: killed")
            child.kill()
            return
        if answer is not None and child.channel is not None:
            child.channel.send(answer)

    def _child_ready(self, child: Child) -> None:
        child.is_ready = True
        if child is self._store:
            for front in self._fronts:
                self._connect(front)
        if not self._was_ready and all(one.is_ready for one in self._children):
            self._was_ready = True
            self._events.emit(ServerStarted(version=__version__, fronts=len(self._fronts)))
            self._say(self._ready_line())
            self._notifier.ready()

    def _ready_line(self) -> str:
        places = [
            f"{service}={sock.getsockname()[0]}:{sock.getsockname()[1]}"
            for service, socks in self._prepared.bound.by_service.items()
            for sock in socks[:1]
        ]
        return " ".join(["ready", f"pid={os.getpid()}", *places])

    # -- ending ---------------------------------------------------------------------------------------------------

    def _lost(self, child: Child) -> None:
        """A child closed its channel: it is ending, or is made to when it hangs on the way."""
        if child.pid and not self._stop.is_set():
            asyncio.get_running_loop().call_later(LOST_S, self._kill_if_still, child, child.pid)

    @staticmethod
    def _kill_if_still(child: Child, pid: int) -> None:
        if child.pid == pid:
            child.kill()

    def _reap(self) -> None:
        self._inspectors.reap()
        for child in self._children:
            pid = child.pid
            status = child.reap()
            if status is None:
                continue
            self._desk.ended(child.name)
            self._ended.set()
            if not self._stop.is_set():
                self._restart(child, pid, status)

    def _restart(self, child: Child, pid: int, status: str) -> None:
        self._events.emit(ChildEnded(process=child.name, pid=pid, status=status))
        self._again(child, f"(pid {pid}) ended: {status}")

    def _again(self, child: Child, cause: str) -> None:
        wait_s = child.backoff_s(self._clock.monotonic_s())
        self._complain(f"{child.name} {cause}; starting again in {wait_s:g} s")
        if not self._was_ready and child.failures >= STARTS_MAX:
            self._give_up(f"{child.name} does not start")
            return
        asyncio.get_running_loop().call_later(wait_s, self._start, child)

    def _give_up(self, cause: str) -> None:
        self._exit_status = EXIT_FAILED
        self._stopping(cause)

    def _stopping(self, cause: str) -> None:
        self._cause = self._cause or cause
        self._stop.set()

    async def _drain(self) -> None:
        """Fronts first, since they still write; then the store process."""
        self._events.emit(ServerStopping(cause=self._cause))
        self._notifier.stopping(self._cause)
        self._prepared.bound.close()
        await self._end(self._fronts, Drain(seconds=DRAIN_S), DRAIN_S + DRAIN_GRACE_S)
        await self._inspectors.end()
        await self._end([self._store], Drain(seconds=STORE_DRAIN_S), STORE_DRAIN_S)

    async def _end(self, children: list[Child], message: Drain, within_s: float) -> None:
        for child in children:
            if child.channel is not None:
                child.channel.send(message)
        try:
            async with asyncio.timeout(within_s):
                await self._all_ended(children)
        except TimeoutError:
            for child in children:
                if child.pid:
                    self._complain(f"{child.name} (pid {child.pid}) did not end within {within_s:g} s: killed")
                    child.kill()
            await self._all_ended(children)

    async def _all_ended(self, children: list[Child]) -> None:
        while any(child.pid for child in children):
            self._ended.clear()
            await self._ended.wait()

    # -- reloading ------------------------------------------------------------------------------------------------

    def _reload(self) -> None:
        """SIGHUP: new settings if they are right, the old ones if not; either way it is said."""
        if self._stop.is_set():
            return
        self._notifier.reloading()
        self._apply()
        self._notifier.ready()

    def _apply(self) -> None:
        try:
            fresh = config.load(self._prepared.config.path).settings
        except config.ConfigError as exc:
            self._complain(f"the settings stay as they were:\n{exc.detail}")
            self._events.emit(SettingsReloaded(is_applied=False, detail=exc.detail))
            return
        waiting = restart_needed(self._settings, fresh)
        self._settings = fresh
        self._desk.attacks.use(fresh.attacks)
        self._tell_settings()
        detail = f"after a restart only: {', '.join(waiting)}" if waiting else ""
        self._events.emit(SettingsReloaded(is_applied=True, detail=detail))
        self._complain("settings reloaded" + (f"; {detail}" if detail else ""))

    def _tell_settings(self) -> None:
        """The children read the files that the settings name, too."""
        for child in self._children:
            if child.channel is not None:
                child.channel.send(Reload(settings=self._settings))

    def _tell_fronts(self, message: Message) -> None:
        for front in self._fronts:
            if front.channel is not None:
                front.channel.send(message)

    def _reloaded(self, child: Child, message: CertificatesChanged | Reloaded) -> None:
        if isinstance(message, CertificatesChanged):
            self._tell_settings()
        elif detail := message.detail:
            self._complain(f"{child.name}: {detail}")
            self._events.emit(SettingsReloaded(is_applied=False, detail=f"{child.name}: {detail}"))


def front_count(wanted: int) -> int:
    """As many as cores, two at least: one front alone could not serve while it is started again."""
    return wanted or max(2, len(os.sched_getaffinity(0)))
