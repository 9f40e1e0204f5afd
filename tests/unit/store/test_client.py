"""A front's end of the store, against a store process that the test plays."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.framing import FrameReader, frame
from skrytka.model.ids import AccountId, DomainId
from skrytka.store.client import StoreClient
from skrytka.store.commands import AddDomain
from skrytka.store.local import LocalStore
from skrytka.store.wire import Answer, Ask, Feed, decode_ask, encode
from skrytka.store.work import Done, Failure
from tests.support.store import Ids


class Peer:
    """The other end of the client's socket."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self._reader = FrameReader()
        self._asks: list[Ask] = []

    async def ask(self) -> Ask:
        while not self._asks:
            data = await asyncio.get_running_loop().sock_recv(self.sock, 65536)
            self._asks += [decode_ask(raw) for raw in self._reader.feed(data)]
        return self._asks.pop(0)

    def tell(self, message: Answer | Feed) -> None:
        self.sock.send(encode(message))

    def answer(self, ask: Ask, value: bytes = b"\x07") -> None:
        command: Any = ask.command
        self.tell(Answer(command.unit, Done(value)))

    def close(self) -> None:
        self.sock.close()


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[LocalStore]:
    store = LocalStore(tmp_path, FixedClock())
    yield store
    await store.close()


@pytest.fixture
async def client(local: LocalStore) -> AsyncIterator[StoreClient]:
    made = StoreClient(local.reader, restart_s=5.0)
    yield made
    await made.close()


async def attach(client: StoreClient) -> Peer:
    mine, theirs = socket.socketpair()
    await client.attach(mine)
    return Peer(theirs)


def add(ids: Ids, name: str = "a.test") -> AddDomain:
    return AddDomain(unit=ids.unit(), name=name)


async def test_answers_find_their_commands_in_any_order(client: StoreClient) -> None:
    peer = await attach(client)
    ids = Ids()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(client.submit(add(ids))) for _ in range(3)]
        asks = [await peer.ask() for _ in range(3)]
        for number in (2, 0, 1):
            peer.answer(asks[number], bytes([number]))
    assert [task.result() for task in tasks] == [0, 1, 2]
    assert not any(ask.is_retry for ask in asks)
    peer.close()


async def test_failures_are_raised_as_what_they_are(client: StoreClient) -> None:
    peer = await attach(client)
    outcomes = [
        (Failure(is_transient=True, reason=Reason.DISK_FULL), TransientError, Reason.DISK_FULL),
        (Failure(is_transient=False, reason=Reason.ALREADY_EXISTS), PermanentError, Reason.ALREADY_EXISTS),
        (Failure(is_transient=True, reason=None, detail="ValueError"), TransientError, Reason.STORE_BUSY),
    ]
    for outcome, kind, reason in outcomes:
        async with asyncio.timeout(5):
            task = asyncio.ensure_future(client.submit(add(Ids())))
            await peer.ask()
            peer.tell(Answer(Ids().unit(), outcome))
            with pytest.raises(kind) as caught:
                await task
        assert isinstance(caught.value, TransientError | PermanentError)
        assert caught.value.reason is reason
    peer.close()


async def test_after_a_loss_what_is_in_flight_is_asked_for_again_as_a_retry(client: StoreClient) -> None:
    peer = await attach(client)
    states: list[int] = []
    client.watch(AccountId(3), states.append)
    task = asyncio.ensure_future(client.submit(add(Ids())))
    first = await peer.ask()
    peer.close()
    peer = await attach(client)
    second = await peer.ask()
    assert second.command == first.command
    assert (first.is_retry, second.is_retry) == (False, True)
    peer.answer(second)
    assert await task == DomainId(7)
    assert states == [0], "something may have been missed"
    peer.close()


async def test_a_command_given_while_there_is_no_process_waits_for_one(client: StoreClient) -> None:
    task = asyncio.ensure_future(client.submit(add(Ids())))
    await asyncio.sleep(0)
    peer = await attach(client)
    ask = await peer.ask()
    peer.answer(ask)
    assert await task == DomainId(7)
    peer.close()


async def test_without_a_process_a_command_fails_after_its_time(local: LocalStore) -> None:
    client = StoreClient(local.reader, restart_s=0.0)
    with pytest.raises(TransientError) as caught:
        await client.submit(add(Ids()))
    assert caught.value.reason is Reason.STORE_DOWN
    await client.close()


async def test_a_process_that_does_not_answer_is_not_waited_for_for_ever(local: LocalStore) -> None:
    client = StoreClient(local.reader, answer_s=0.0)
    peer = await attach(client)
    with pytest.raises(TransientError) as caught:
        await client.submit(add(Ids()))
    assert caught.value.reason is Reason.STORE_DOWN
    await client.close()
    peer.close()


async def test_closing_fails_what_is_in_flight_and_what_comes_later(client: StoreClient) -> None:
    peer = await attach(client)
    task = asyncio.ensure_future(client.submit(add(Ids())))
    await peer.ask()
    await client.close()
    for waiting in (task, client.submit(add(Ids()))):
        with pytest.raises(TransientError):
            await waiting
    peer.close()


async def test_a_caller_that_has_gone_is_no_trouble(client: StoreClient) -> None:
    peer = await attach(client)
    ids = Ids()
    task = asyncio.ensure_future(client.submit(add(ids)))
    ask = await peer.ask()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    peer.answer(ask)
    async with asyncio.TaskGroup() as group:
        later = group.create_task(client.submit(add(ids)))
        peer.answer(await peer.ask())
    assert later.result() == 7
    peer.close()


async def test_the_feed_reaches_the_watchers(client: StoreClient) -> None:
    peer = await attach(client)
    told: asyncio.Queue[int] = asyncio.Queue()
    stop = client.watch(AccountId(3), told.put_nowait)
    peer.tell(Feed(((3, 9), (4, 1))))
    assert await told.get() == 9
    stop()
    peer.close()


@pytest.mark.parametrize("garbage", [b"\xff\xff\xff\xff", frame(b"\xc1"), frame(b"")], ids=["length", "bad", "empty"])
async def test_a_process_that_talks_nonsense_is_cut_off(client: StoreClient, garbage: bytes) -> None:
    peer = await attach(client)
    peer.sock.send(garbage)
    assert await asyncio.get_running_loop().sock_recv(peer.sock, 10) == b""
    peer.close()


async def test_the_same_unit_is_not_sent_twice_at_once(client: StoreClient) -> None:
    peer = await attach(client)
    command = add(Ids())
    task = asyncio.ensure_future(client.submit(command))
    ask = await peer.ask()
    with pytest.raises(ValueError, match="in flight"):
        await client.submit(command)
    peer.answer(ask)
    assert await task == DomainId(7)
    peer.close()


def test_it_works_on_uvloop_too(tmp_path: Path) -> None:
    async def run() -> int:
        local = LocalStore(tmp_path, FixedClock())
        client = StoreClient(local.reader)
        peer = await attach(client)
        task = asyncio.ensure_future(client.submit(add(Ids())))
        peer.answer(await peer.ask())
        answer = await task
        await client.close()
        peer.close()
        await local.close()
        return answer

    assert uvloop.run(run()) == 7
