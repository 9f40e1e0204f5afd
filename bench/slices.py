"""How long SEARCH keeps a front's loop at a time: ``python -m bench.slices`` (docs/adr/0015-search-in-slices.md).

One session in this process over a mailbox of 100,000; the processor time of each step of the loop is counted, so that a
busy machine changes little. What the store process does is done in a thread here, and not counted.
"""

import argparse
import asyncio
import gc
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from bench.imap_mail import RARE
from bench.large import ALICE, SEARCHES, fill_demo, percentile
from skrytka.daemon.layout import Layout
from skrytka.inspect.inspector import ResultT
from skrytka.inspect.jobs import HANDLERS
from skrytka.inspect.memory import MessageMemory
from skrytka.mail.identity.shares import Shares
from skrytka.mail.mailbox.blobs import Blobs
from skrytka.mail.mailbox.mailboxes import Mailboxes
from skrytka.mail.mailbox.opened import MailboxDeps
from skrytka.mail.mailbox.sharing import SharedMailboxes
from skrytka.model.ids import AccountId, State
from skrytka.model.limits import ImapLimits
from skrytka.net.connection import Connection
from skrytka.servers.imap.deps import ImapDeps
from skrytka.servers.imap.session import serve_imap
from skrytka.store.commands.base import Command
from skrytka.store.files import StorePaths
from skrytka.store.local import LocalStore
from skrytka.store.seal.source import LocalKeySource
from skrytka.store.statement import Query
from skrytka.store.system import SystemClock, SystemRandom
from tests.support.demo import Demo
from tests.support.faults.contents import Contents, opened
from tests.support.imap import LOGIN, SELECT, Recorder
from tests.support.imap_boxes import FakeAppends, FakeMailboxes
from tests.support.imap_live import AnyoneIs, LiveConnection
from tests.support.local_inspector import LocalInspector
from tests.support.sasl import NoSessions

R = TypeVar("R")
COMMANDS = ("SUBJECT zzz", "HEADER X-Mailer zzz", "SENTSINCE 1-Jan-2020", "SINCE 1-Jan-2020", "OR SEEN 1:*")
steps_ms: list[float] = []


class Aside:
    """A store whose commands run elsewhere, as in the product."""

    def __init__(self, store: LocalStore) -> None:
        self._store = store
        self._one = asyncio.Lock()

    async def submit(self, command: Command[R]) -> R:
        async with self._one:
            return await asyncio.to_thread(lambda: asyncio.run(self._store.submit(command)))

    async def read(self, query: Query[R]) -> R:
        return await self._store.read(query)

    def watch(self, account: AccountId, notify: Callable[[State], None]) -> Callable[[], None]:
        return self._store.watch(account, notify)


class Elsewhere(LocalInspector):
    """Its work is another process', too."""

    async def run(self, kind: str, message: bytes | MessageMemory, check: Callable[[bytes], ResultT]) -> ResultT:
        payload = await asyncio.to_thread(HANDLERS[kind], message if isinstance(message, bytes) else b"")
        return check(payload)


def count_steps() -> None:
    """Of this thread's loop, from now on."""
    handles: Any = asyncio.Handle
    run = handles._run  # noqa: SLF001 - there is no other place where all steps of a loop pass

    def counted(handle: Any) -> None:
        start = time.thread_time()
        run(handle)
        if threading.current_thread() is threading.main_thread():  # the store's commands have loops of their own
            steps_ms.append((time.thread_time() - start) * 1000)

    handles._run = counted  # noqa: SLF001


async def search(contents: Contents) -> None:
    rows: Any = contents.store.writer.db.execute("SELECT account FROM account WHERE address = :a", {"a": ALICE})
    account = AccountId(int(next(iter(rows))[0]))
    clock, random, store = SystemClock(), SystemRandom(), cast("Any", Aside(contents.store))
    inspector = Elsewhere()
    mailboxes = Mailboxes(
        MailboxDeps(
            store=store,
            keys=LocalKeySource(contents.ring, random),
            blobs=Blobs(store, StorePaths(Layout(contents.root).store)),
            inspector=inspector,
            events=Recorder(),
            clock=clock,
            random=random,
        )
    )
    deps = ImapDeps(
        identity=AnyoneIs(account),
        sessions=NoSessions(),
        random=random,
        mailboxes=SharedMailboxes(mailboxes, Shares(store), Recorder()),
        appends=FakeAppends(FakeMailboxes()),
        inspector=inspector,
        events=Recorder(),
        clock=clock,
        limits=ImapLimits(),
        hostname="mail.example.test",
    )
    conn = LiveConnection()
    session = asyncio.ensure_future(serve_imap(cast("Connection", conn), deps))
    for line in (LOGIN, SELECT):
        await asked(conn, line)
    for what in (f"TEXT {RARE}", *SEARCHES, *COMMANDS):
        await asked(conn, f"t SEARCH {what}\r\n".encode(), what)
    session.cancel()
    await asyncio.gather(session, return_exceptions=True)


async def asked(conn: LiveConnection, line: bytes, what: str = "") -> None:
    conn.output.clear()
    steps_ms.clear()
    conn.input.put_nowait(line)
    await conn.input.join()
    assert b" OK " in conn.output, bytes(conn.output[:200])
    if what:
        over = sum(step > 1.0 for step in steps_ms)
        print(
            f"SEARCH {what}: {sum(steps_ms):.0f} ms in {len(steps_ms)} steps,"
            f" p99 {percentile(steps_ms, 0.99):.2f} longest {max(steps_ms):.2f} ms, {over} over 1 ms",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.slices")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="a demo's folder that bench.large has filled")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        demo = Demo(options.folder or Path(temporary) / "demo")
        if options.folder is None:
            with demo:
                pass
            fill_demo(demo, options.messages)
        with opened(demo.root) as contents:
            gc.freeze()  # as daemon.front does; what collects is the bench's own
            gc.disable()
            count_steps()
            asyncio.run(search(contents))


if __name__ == "__main__":
    main()
