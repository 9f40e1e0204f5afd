"""A front: sessions of every service on one uvloop, and in the first one the control socket and the jobs.

States: waiting for the store process > listening (Ready) > draining > ended. The store process may be replaced at any
time; what waits for it then waits for the new one. Without the supervisor a front drains and ends.
"""

import asyncio
import gc
import os
import socket
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from skrytka.daemon.channel import Channel
from skrytka.daemon.control_server import ControlServer
from skrytka.daemon.deliveries import Base
from skrytka.daemon.event_log import open_event_log
from skrytka.daemon.inspection import INSPECTORS, InspectorWatch
from skrytka.daemon.jobs import Jobs
from skrytka.daemon.keys import AgentKeySource
from skrytka.daemon.layout import Layout
from skrytka.daemon.messages import (
    Alive,
    AnyMessage,
    CertificatesChanged,
    ChainHeads,
    Drain,
    Guarded,
    GuardsWanted,
    InspectorSocket,
    Key,
    KeyRequest,
    LoginTried,
    LoginTrusted,
    Ready,
    Reload,
    Reloaded,
    Start,
    StoreSocket,
)
from skrytka.daemon.services import Parts, compose
from skrytka.daemon.shared_limits import ChannelLimits
from skrytka.daemon.watchdog import LoopWatch
from skrytka.inspect.client import InspectorPool
from skrytka.model.clock import AgeClock
from skrytka.model.errors import ReasonedError
from skrytka.model.secret import Secret
from skrytka.net.bugs import loop_handler, unraisable_hook
from skrytka.net.listener import Listener
from skrytka.store.client import StoreClient
from skrytka.store.events.writer import FLUSH_S
from skrytka.store.open import open_reader
from skrytka.store.system import SystemClock, SystemRandom

DRAIN_S = 10.0  # when the supervisor is gone and nobody says
ALIVE_S = 5.0
HEADS_EVERY = 50  # flushes
INSPECTORS_S = 5.0  # to wait for them before the ports are opened; mail that comes without them waits, too


class Front:
    """One process' work; made on its running loop."""

    def __init__(self, start: Start, control: socket.socket, fds: list[int]) -> None:
        self._start = start
        self._layout = Layout(Path(start.root))
        self._clock = SystemClock()
        self._age = AgeClock(self._clock, start.known_ms)
        self._random = SystemRandom()
        self._name = f"front-{start.number}"
        self._sockets = [(name, socket.socket(fileno=fd)) for name, fd in zip(start.sockets, fds, strict=True)]
        self._events = open_event_log(self._layout, self._name, self._clock, self._random)
        self._store_sockets: asyncio.Queue[socket.socket | None] = asyncio.Queue()
        self._reloads: asyncio.Queue[Reload] = asyncio.Queue()
        self._stop = asyncio.Event()
        self._drain_s = DRAIN_S
        self._parts: Parts | None = None
        self._channel = Channel(control, self._received, self._end)
        self._watch = InspectorWatch(self._channel, self._events)
        self._inspectors = InspectorPool(INSPECTORS, self._clock, self._watch)
        self._keys = AgentKeySource(self._ask_key, self._clock, self._random)

    def catch_strays(self) -> None:
        """What fails outside of any session, in a callback or a destructor, is an event of this front too."""
        asyncio.get_running_loop().set_exception_handler(loop_handler(self._events))
        sys.unraisablehook = unraisable_hook(self._events)

    async def run(self) -> None:
        """Until drained."""
        try:
            first = await self._first_store_socket()
            if first is not None:
                await self._run(first)
        finally:
            self._inspectors.close()
            self._channel.close()
            for _name, sock in self._sockets:
                sock.close()

    async def _run(self, first: socket.socket) -> None:
        reader = open_reader(self._layout.store)
        store = StoreClient(reader)
        try:
            await store.attach(first)
            self._parts = await compose(self._base(store))
            self._channel.send(GuardsWanted())
            gc.collect()
            gc.freeze()  # what is here now stays: the collector need not look at it again
            await self._serve(self._parts, store)
        finally:
            if self._parts is not None:
                self._parts.close()
            await store.close()
            reader.close()
            await self._events.flush()
            self._report_heads()

    def _base(self, store: StoreClient) -> Base:
        return Base(
            start=self._start,
            layout=self._layout,
            store=store,
            keys=self._keys,
            limits=ChannelLimits(self._channel),
            inspector=self._inspectors,
            events=self._events,
            clock=self._clock,
            age=self._age,
            random=self._random,
            tried=lambda tried: self._channel.send(LoginTried(tried=tried)),
            trusted=lambda name: self._channel.send(LoginTrusted(name=name)),
        )

    # -- serving --------------------------------------------------------------------------------------------------

    async def _serve(self, parts: Parts, store: StoreClient) -> None:
        listeners = [
            Listener(sock, parts.service(name), parts.surroundings) for name, sock in self._sockets if name != "control"
        ]
        async with asyncio.TaskGroup() as tasks:
            background = [tasks.create_task(work) for work in self._background(store, parts)]
            serving = [tasks.create_task(listener.run()) for listener in listeners]
            await self._inspectors.filled(INSPECTORS_S)
            self._channel.send(Ready())
            await self._stop.wait()
            for listener in listeners:
                listener.stop(self._drain_s)
            await asyncio.gather(*serving)
            for task in background:
                task.cancel()

    def _background(self, store: StoreClient, parts: Parts) -> list[Coroutine[Any, Any, None]]:
        work = [
            self._attach_stores(store),
            self._obey_reloads(parts),
            self._keep_events(),
            LoopWatch(self._clock, self._events).run(),
            self._sweep_keys(),
            self._tell_alive(),
            parts.mark_recent(),
            parts.keep_snapshots(),
            parts.keep_last_uses(),
            parts.tell_sessions(),
            parts.administration.tell_failures(),
            parts.watch.arrivals.run(),
        ]
        if (courier := parts.outbound()) is not None:
            work.append(courier.run())
        if self._start.is_keeper:
            control = next((sock for name, sock in self._sockets if name == "control"), None)
            work.append(self._jobs(store, parts).run())
            work.append(parts.administration.renewals(lambda: self._channel.send(CertificatesChanged())).run())
            if control is not None:
                work.append(ControlServer(control, parts.administration.control(), self._events).run())
        return work

    def _jobs(self, store: StoreClient, parts: Parts) -> Jobs:
        return Jobs(store, parts.courier(), self._clock, self._age, self._random, self._events, parts.administration)

    async def _first_store_socket(self) -> socket.socket | None:
        """None when we are to end before the store process is there."""
        first = await self._store_sockets.get()
        return None if self._stop.is_set() else first

    async def _attach_stores(self, store: StoreClient) -> None:
        while (sock := await self._store_sockets.get()) is not None:
            await store.attach(sock)

    async def _keep_events(self) -> None:
        while True:
            for _ in range(HEADS_EVERY):
                await asyncio.sleep(FLUSH_S)
                await self._events.flush()
            self._report_heads()

    async def _tell_alive(self) -> None:
        while True:
            await asyncio.sleep(ALIVE_S)
            self._channel.send(Alive())

    async def _sweep_keys(self) -> None:
        while True:
            await asyncio.sleep(60)
            self._keys.sweep()

    def _report_heads(self) -> None:
        if heads := self._events.heads():
            self._channel.send(ChainHeads(heads=heads))

    # -- the supervisor -------------------------------------------------------------------------------------------

    def _received(self, message: AnyMessage, fds: list[int]) -> None:
        match message:
            case StoreSocket():
                for fd in fds:
                    self._store_sockets.put_nowait(socket.socket(fileno=fd))
                return
            case InspectorSocket(number=number) if fds:
                self._watch.number = number
                self._inspectors.attach(socket.socket(fileno=fds.pop()))
            case Drain(seconds=seconds):
                self._drain_s = seconds
                self._end()
            case Guarded(guards=guards, failing=failing) if self._parts is not None:
                self._parts.watch.watching.guard(guards)
                self._parts.watch.watching.recall(failing)
            case Reload():
                self._reloads.put_nowait(message)
            case _:
                pass
        for fd in fds:
            os.close(fd)

    def _end(self) -> None:
        self._stop.set()
        self._store_sockets.put_nowait(None)

    async def _obey_reloads(self, parts: Parts) -> None:
        """One after another, each with the settings of its time."""
        while True:
            message = await self._reloads.get()
            detail = ""
            try:
                await parts.reload(message.settings)
            except ReasonedError as exc:
                detail = f"the old certificates stay: {exc.detail}"
            self._channel.send(Reloaded(detail=detail))

    async def _ask_key(self, subject: str, *, is_new: bool) -> Secret:
        answer = await self._channel.call(lambda call: KeyRequest(call=call, subject=subject, is_new=is_new), Key)
        return Secret(answer.key)


def run_front(start: Start, control: socket.socket, fds: list[int]) -> int:
    """On uvloop where it is there, else on asyncio's own loop."""

    async def main() -> None:
        front = Front(start, control, fds)
        front.catch_strays()
        await front.run()

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main())
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
