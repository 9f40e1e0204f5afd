"""The doors to a store: a reader for fronts and workers, a private store process for the CLI and tests."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from skrytka.model.clock import Clock
from skrytka.model.errors import Reason, TransientError
from skrytka.store.batch import OnFault
from skrytka.store.client import StoreClient
from skrytka.store.drivers.sqlite_reader import SqliteReader
from skrytka.store.drivers.sqlite_writer import SqliteWriter, connect_filled

if TYPE_CHECKING:
    from skrytka.store.drivers.postgres import PostgresStore
    from skrytka.store.local import LocalStore

START_S = 20.0
END_S = 30.0


def open_reader(root: Path) -> SqliteReader:
    """A reading connection to the store in this folder.

    PermanentError(UNSUPPORTED): the SQLite library is too old, or the schema is not this version's.
    TransientError: the file is not there or cannot be read now.
    """
    return SqliteReader(root)


def open_writer(root: Path, clock: Clock, on_fault: OnFault, wal_bytes: int, *, fills_wal: bool = True) -> SqliteWriter:
    """The one writer, for the store process; makes the store if there is none.

    TransientError(STORE_BUSY): another process has the folder. PermanentError(UNSUPPORTED): as :func:`open_reader`.
    """
    if not fills_wal:
        return SqliteWriter(root, clock, on_fault, wal_bytes=wal_bytes)
    return SqliteWriter(root, clock, on_fault, lambda path: connect_filled(path, wal_bytes), wal_bytes)


def open_plain_writer(root: Path, clock: Clock, on_fault: OnFault) -> SqliteWriter:
    """The writer without a WAL made ready for load."""
    return SqliteWriter(root, clock, on_fault)


def open_local(root: Path, clock: Clock) -> "LocalStore":
    """The store without a process of its own: for quick tests."""
    from skrytka.store.local import LocalStore

    return LocalStore(root, clock)


async def open_postgres(dsn: str, root: Path, clock: Clock) -> "PostgresStore":
    """The store on PostgreSQL; ``root`` holds blobs/ and spool/. Needs the extra ``postgres``."""
    from skrytka.store.drivers import postgres

    return await postgres.open_postgres(dsn, root, clock)


class PrivateStore:
    """A store process of one's own, started by exec, and the client that speaks with it.

    ``fills_wal`` makes it ready for load, as that of the server is: 64 MB are written first.
    """

    def __init__(self, root: Path, *, fills_wal: bool = False) -> None:
        self._root = root
        self._options = ["--fill-wal"] if fills_wal else []
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._reader: SqliteReader | None = None
        self._client: StoreClient | None = None

    @property
    def client(self) -> StoreClient:
        """The ``Store``, once started."""
        if self._client is None:
            raise RuntimeError("the private store is not started")
        return self._client

    @property
    def pid(self) -> int:
        """The store process, for tests that kill it."""
        if self._process is None:
            raise RuntimeError("the private store is not started")
        return self._process.pid

    async def start(self) -> None:
        """Start a store process; a second call, after the first one died, starts another for the same client."""
        await self._end_process()
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "skrytka.store.process", str(self._root), str(theirs.fileno())]
        command += self._options
        with theirs:
            self._process = await asyncio.to_thread(
                subprocess.Popen, command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )
        self._control = control
        await asyncio.to_thread(_await_ready, control)
        if self._client is None:
            self._reader = open_reader(self._root)
            self._client = StoreClient(self._reader)
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            socket.send_fds(control, [b"c"], [theirs.fileno()])
        await self._client.attach(mine)

    async def close(self) -> None:
        """Drain and end the process."""
        if self._client is not None:
            await self._client.close()
        await self._end_process()
        if self._reader is not None:
            self._reader.close()

    async def _end_process(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        process, self._process = self._process, None
        if process is None:
            return
        try:
            await asyncio.to_thread(process.wait, END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_ready(control: socket.socket) -> None:
    control.settimeout(START_S)
    try:
        is_ready = control.recv(16) == b"ready"
    except OSError:
        is_ready = False
    if not is_ready:
        control.close()
        raise TransientError(Reason.STORE_DOWN, "the store process did not start")


@asynccontextmanager
async def open_private(root: Path) -> AsyncIterator[StoreClient]:
    """A store process for the time of the block; TransientError(STORE_DOWN) if it does not start."""
    private = PrivateStore(root)
    try:
        await private.start()
        yield private.client
    finally:
        await private.close()
