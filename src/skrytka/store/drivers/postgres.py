"""PostgreSQL through asyncpg: the same commands and queries, one command = one transaction.

Every command on accounts begins with NEXT_STATE, account by account in ascending id: that row lock is the account's
lock, so two commands on one account run one after the other and never deadlock. What deadlocks otherwise (jobs) or
loses its connection is run again: the unit makes that safe, COMMIT of unknown end included.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, TypeVar

import asyncpg  # type: ignore[import-untyped] # it ships neither stubs nor py.typed

from skrytka.model.clock import Clock
from skrytka.model.errors import PermanentError, Reason, SkrytkaError, TransientError
from skrytka.model.ids import AccountId, State
from skrytka.store.commands.base import Command, answer_decoder
from skrytka.store.feed import FeedTable
from skrytka.store.files import BlobFiles, StorePaths
from skrytka.store.migrate import migrate
from skrytka.store.sql.dialect import postgres
from skrytka.store.statement import Query, Row, Statement, Value
from skrytka.store.work import AlreadyDoneError, Done, Failure, Work, former

R = TypeVar("R")
ATTEMPTS = 4
_MIGRATION_LOCK = Statement("SELECT pg_advisory_xact_lock(7316)")
_SAFE_BOUND = Statement("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)")
_AGAIN = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a backend that is terminated in the middle of an answer
    ConnectionError,
)


class PostgresStore:
    """A ``Store``; made by :func:`open_postgres`."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", root: Path, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        paths = StorePaths(root)
        paths.make()
        self._files = BlobFiles(paths)
        self._feed = FeedTable()

    async def submit(self, command: Command[R]) -> R:
        """See ``Store.submit``."""
        outcome = await self._attempts(command)
        if isinstance(outcome, Failure):
            raise outcome.error()
        self._feed.changed(outcome.fed)
        return answer_decoder(type(command))(outcome.answer)

    async def read(self, query: Query[R]) -> R:
        """See ``Store.read``: one snapshot."""
        try:
            async with AsyncExitStack() as stack:
                return await _drive(await self._snapshot(stack), query)
        except (asyncpg.PostgresError, *_AGAIN, OSError) as exc:
            raise _failure(exc).error() from exc

    async def _snapshot(self, stack: AsyncExitStack) -> Any:
        """A connection in a transaction; the pool also gives out those whose backend has ended: then a new one."""
        for _ in range(ATTEMPTS - 1):
            with suppress(*_AGAIN):
                return await self._begun(stack)
        return await self._begun(stack)

    async def _begun(self, stack: AsyncExitStack) -> Any:
        async with AsyncExitStack() as own:  # one that has ended goes back at once, to be made anew
            connection = await own.enter_async_context(self._pool.acquire())
            try:
                await own.enter_async_context(connection.transaction(isolation="repeatable_read", readonly=True))
            except BaseException:
                connection.terminate()
                raise
            stack.push_async_exit(own.pop_all())
        return connection

    def watch(self, account: AccountId, notify: Callable[[State], None]) -> Callable[[], None]:
        """See ``Store.watch``; commands of this process only."""
        return self._feed.watch(account, notify)

    async def safe_bound(self) -> int:
        """No transaction that is still open can commit a journal row below it: journal readers stop there."""
        rows = await self.read(_one(_SAFE_BOUND))
        value = rows[0][0]
        if not isinstance(value, int):
            raise TypeError("a transaction id is an integer")
        return value

    async def close(self) -> None:
        """Wait for what runs, close all connections."""
        await self._pool.close()

    async def _attempts(self, command: Command[Any]) -> Done | Failure:
        """Run it, again after a deadlock or a lost connection; the journal is asked first from the second time on."""
        last: Exception = AssertionError()
        for attempt in range(ATTEMPTS):
            try:
                outcome = await self._transaction(command, is_retry=attempt > 0)
                if isinstance(outcome, Done):
                    return outcome
                return await self.read(former(command.unit)) or outcome
            except _AGAIN as exc:
                last = exc
                await asyncio.sleep(0.02 * 4**attempt)
            except AlreadyDoneError:
                last = AlreadyDoneError()
        return _failure(last)

    async def _transaction(self, command: Command[Any], *, is_retry: bool) -> Done | Failure:
        work = Work(self._clock.now_ms(), self._files, _Numbers())
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                if is_retry and (done := await _drive(connection, former(command.unit))):
                    return done
                answer = await _drive(connection, work.run(command))
                if work.published:
                    await asyncio.to_thread(self._files.sync)
        except (*_AGAIN, AlreadyDoneError):
            # After a lost connection the COMMIT may stand: its files stay where the rows say they are.
            raise
        except (SkrytkaError, asyncpg.PostgresError, OSError) as exc:
            work.undo()
            return _failure(exc)
        except Exception as exc:  # noqa: BLE001 - a bug of a handler fails its command, not the process
            work.undo()
            return Failure.of(exc)
        for blob_id in work.discards:
            self._files.remove(blob_id)
        return Done(answer, tuple(work.fed))


class _Numbers:
    """Journal rows of one transaction: 1, 2, 3...; the commit number is PostgreSQL's."""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self) -> Mapping[str, Value]:
        self._last += 1
        return {"number": self._last}


async def open_postgres(dsn: str, root: Path, clock: Clock, *, connections: int = 10) -> PostgresStore:
    """Connect and bring the schema up to date; ``root`` holds blobs/ and spool/. TransientError if it cannot."""
    try:
        pool = await asyncpg.create_pool(dsn, min_size=1, max_size=connections, command_timeout=60.0)
    except (asyncpg.PostgresError, OSError, TimeoutError) as exc:
        raise _failure(exc).error() from exc
    try:
        async with pool.acquire() as connection, connection.transaction():
            await _drive(connection, _one(_MIGRATION_LOCK))
            await _drive(connection, migrate(clock.now_ms()))
    except SkrytkaError:
        await pool.close()
        raise
    return PostgresStore(pool, root, clock)


_compiled: dict[Statement, tuple[str, tuple[str, ...]]] = {}


async def _drive(connection: Any, query: Query[R]) -> R:
    """Run a generator of statements to its end."""
    rows: Any = None
    try:
        while True:
            statement, values = query.send(rows)
            compiled = _compiled.get(statement)
            if compiled is None:
                compiled = _compiled[statement] = postgres(statement)
            text, names = compiled
            records = await connection.fetch(text, *[values[name] for name in names])
            rows = [tuple(record) for record in records]
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    finally:
        query.close()


def _one(statement: Statement) -> Query[list[Row]]:
    return (yield statement())


def _failure(exc: Exception) -> Failure:
    """What an error of PostgreSQL or of the file system means for whoever asked."""
    if isinstance(exc, PermanentError | TransientError):
        return Failure.of(exc)
    if isinstance(exc, asyncpg.DiskFullError):
        return Failure(is_transient=True, reason=Reason.DISK_FULL, detail="disk_full")
    if isinstance(exc, (*_AGAIN, OSError, asyncpg.InsufficientResourcesError, asyncpg.OperatorInterventionError)):
        is_busy = isinstance(exc, asyncpg.DeadlockDetectedError | asyncpg.SerializationError)
        reason = Reason.STORE_BUSY if is_busy else Reason.STORE_DOWN
        return Failure(is_transient=True, reason=reason, detail=type(exc).__name__)
    return Failure.of(exc)
