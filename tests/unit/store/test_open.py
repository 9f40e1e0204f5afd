"""The doors: what opens, what is refused, and a private process that is killed under way."""

import asyncio
import os
import signal
from pathlib import Path

import apsw
import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.store import sqlite_file
from skrytka.store.open import PrivateStore, open_local, open_private, open_reader
from skrytka.store.sql import directory, messages
from skrytka.store.statement import Query, Rows
from tests.support.store import INBOX, StoreCase, deliver


def clock() -> FixedClock:
    return FixedClock()


async def test_a_private_process_commits_and_its_client_reads(tmp_path: Path) -> None:
    async with open_private(tmp_path / "store") as store:
        case = StoreCase(store, tmp_path / "store", "sqlite", clock())
        alice, bob = await case.two_accounts()
        answers = await asyncio.gather(
            *(store.submit(deliver(case.ids, account)) for account in (alice, bob) for _ in range(50))
        )
        assert [answer[0].uid for answer in answers[:50]] == list(range(1, 51))
        assert len(await store.read(messages.snapshot(bob, INBOX))) == 50
        assert await case.differences() == []


async def test_what_was_in_flight_when_the_process_is_killed_happens_once(tmp_path: Path) -> None:
    private = PrivateStore(tmp_path / "store")
    await private.start()
    case = StoreCase(private.client, tmp_path / "store", "sqlite", clock())
    try:
        alice, _ = await case.two_accounts()
        states: list[int] = []
        private.client.watch(alice, states.append)
        commands = [deliver(case.ids, alice) for _ in range(200)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(private.client.submit(command)) for command in commands]
            await tasks[0]
            os.kill(private.pid, signal.SIGKILL)
            await private.start()
        assert sorted(task.result()[0].uid for task in tasks) == list(range(1, 201))
        again = [await private.client.submit(command) for command in commands[:3]]
        assert again == [task.result() for task in tasks[:3]]
        assert 0 in states, "a watcher is woken after a loss"
        assert await case.differences() == []
    finally:
        await private.close()


async def test_a_reader_needs_a_store(tmp_path: Path) -> None:
    with pytest.raises(TransientError):
        open_reader(tmp_path / "none")


async def test_two_writers_of_one_folder_are_refused(tmp_path: Path) -> None:
    store = open_local(tmp_path / "store", clock())
    with pytest.raises(TransientError) as caught:
        open_local(tmp_path / "store", clock())
    assert caught.value.reason is Reason.STORE_BUSY
    await store.close()


async def test_a_private_process_that_cannot_start_says_so(tmp_path: Path) -> None:
    store = open_local(tmp_path / "store", clock())
    with pytest.raises(TransientError) as caught:
        async with open_private(tmp_path / "store"):
            pass
    assert caught.value.reason is Reason.STORE_DOWN
    await store.close()


async def test_an_old_sqlite_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(PermanentError) as caught:
        open_local(tmp_path / "store", clock())
    assert caught.value.reason is Reason.UNSUPPORTED
    assert sqlite_file.MIN_SQLITE == (3, 51, 3)


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO migration VALUES (999, 'later', 0)",
        "UPDATE migration SET checksum = 'other'",
    ],
    ids=["newer schema", "changed migration"],
)
async def test_a_schema_that_is_not_ours_is_refused_and_left_alone(tmp_path: Path, change: str) -> None:
    await open_local(tmp_path / "store", clock()).close()
    connection = apsw.Connection(str(tmp_path / "store" / "mail.sqlite"))
    connection.execute(change)
    connection.close()
    before = (tmp_path / "store" / "mail.sqlite").read_bytes()
    for opened in (open_reader, lambda root: open_local(root, clock())):
        with pytest.raises(PermanentError) as caught:
            opened(tmp_path / "store")
        assert caught.value.reason is Reason.UNSUPPORTED
    assert (tmp_path / "store" / "mail.sqlite").read_bytes() == before


async def test_a_reader_cannot_write(tmp_path: Path) -> None:
    def write() -> Query[Rows]:
        return (yield directory.NEXT(name="domain"))

    store = open_local(tmp_path / "store", clock())
    with pytest.raises(TransientError):
        store.reader.read(write())
    assert await store.read(directory.domains()) == [], "the reader goes on"
    await store.close()


async def test_the_store_is_for_its_owner_only(tmp_path: Path) -> None:
    await open_local(tmp_path / "store", clock()).close()
    assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "store" / "mail.sqlite").stat().st_mode & 0o777 == 0o600
