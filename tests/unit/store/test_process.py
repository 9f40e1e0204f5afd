"""The store process's loop, run in a thread: batches, answers, feed, drain."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.framing import FrameReader, frame
from skrytka.model.ids import AccountId
from skrytka.model.settings import Store as StoreSettings
from skrytka.store.commands import AddAccount, AddDomain, ReserveAccount
from skrytka.store.process import BATCH_MAX, Client, PacketControl, main, run_store, seldom
from skrytka.store.wire import Answer, Ask, Feed, decode_told, encode
from skrytka.store.work import Done, Failure
from tests.support.store import Ids, deliver, folders

ALICE = AccountId(1)


class Front:
    """A front's socket, blocking."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(10)
        self.sock = sock
        self._reader = FrameReader()
        self._told: list[Answer | Feed] = []

    def send(self, *commands: Any, is_retry: bool = False) -> None:
        self.sock.sendall(b"".join(encode(Ask(is_retry, command)) for command in commands))

    def told(self) -> Answer | Feed:
        while not self._told:
            data = self.sock.recv(65536)
            assert data, "the store process closed the socket"
            self._told += [decode_told(raw) for raw in self._reader.feed(data)]
        return self._told.pop(0)

    def answers(self, count: int) -> list[Answer]:
        found: list[Answer] = []
        while len(found) < count:
            message = self.told()
            if isinstance(message, Answer):
                found.append(message)
        return found

    def do(self, command: Any) -> Done:
        self.send(command)
        (answer,) = self.answers(1)
        assert isinstance(answer.outcome, Done), answer
        return answer.outcome


class Running:
    """The loop in a thread, with its control socket."""

    def __init__(self, root: Path) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(10)
        self.faults: list[str] = []
        control = PacketControl(theirs)

        def run() -> None:
            run_store(root, StoreSettings(), FixedClock(), lambda fault, _: self.faults.append(fault), control.start)
            theirs.close()

        self._thread = threading.Thread(target=run)
        self._thread.start()
        assert self.control.recv(16) == b"ready"

    def front(self) -> Front:
        mine, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self.control, [b"c"], [theirs.fileno()])
        return Front(mine)

    def end(self) -> None:
        self.control.close()
        self._thread.join(20)
        assert not self._thread.is_alive()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    made = Running(tmp_path / "store")
    yield made
    made.end()


@pytest.fixture
def fronts(running: Running) -> Iterator[Callable[[], Front]]:
    made: list[Front] = []

    def new() -> Front:
        made.append(running.front())
        return made[-1]

    yield new
    for front in made:
        front.sock.close()


def account(front: Front, ids: Ids) -> None:
    front.do(AddDomain(unit=ids.unit(), name="example.test"))
    front.do(ReserveAccount(unit=ids.unit()))
    front.do(
        AddAccount(unit=ids.unit(), account=ALICE, address="a@example.test", domain="example.test", folders=folders())
    )


def test_every_front_hears_what_one_of_them_changed(fronts: Callable[[], Front]) -> None:
    writer, reader = fronts(), fronts()
    ids = Ids()
    account(writer, ids)
    while (told := reader.told()) != Feed(((0, 3), (ALICE, 1))):
        assert isinstance(told, Feed)
        assert [subject for subject, _ in told.changed] == [0], "the directory is told of as well"
    writer.do(deliver(ids, ALICE))
    assert reader.told() == Feed(((ALICE, 2),))
    assert writer.told() == Feed(((ALICE, 2),)), "its own changes too: it may hold several sessions of the account"


def test_more_than_one_batch_is_answered_in_order(fronts: Callable[[], Front]) -> None:
    front = fronts()
    ids = Ids()
    account(front, ids)
    commands = [deliver(ids, ALICE) for _ in range(2 * BATCH_MAX + 5)]
    front.send(*commands)
    answers = front.answers(len(commands))
    assert [answer.unit for answer in answers] == [command.unit for command in commands]
    assert all(isinstance(answer.outcome, Done) for answer in answers)


def test_after_many_together_a_lone_command_is_answered_and_the_loop_ends(
    running: Running, fronts: Callable[[], Front]
) -> None:
    front = fronts()
    ids = Ids()
    account(front, ids)
    front.send(*(deliver(ids, ALICE) for _ in range(20)))
    front.answers(20)
    front.do(deliver(ids, ALICE))
    front.send(*(deliver(ids, ALICE) for _ in range(20)))
    front.answers(20)
    front.send(deliver(ids, ALICE))
    running.end()  # while a batch waits for more, perhaps
    assert len(front.answers(1)) == 1


def test_a_retry_gives_the_former_answer(fronts: Callable[[], Front]) -> None:
    front = fronts()
    command = AddDomain(unit=Ids().unit(), name="a.test")
    first = front.do(command)
    front.send(command, is_retry=True)
    assert front.answers(1)[0].outcome == first


def test_a_refused_command_is_answered_with_its_reason(fronts: Callable[[], Front]) -> None:
    front = fronts()
    front.send(deliver(Ids(), 9))
    (answer,) = front.answers(1)
    assert isinstance(answer.outcome, Failure)
    assert not answer.outcome.is_transient


NO_TEXT = frame(
    msgspec.msgpack.encode(Ask(False, AddDomain(unit=Ids().unit(), name="??.test"))).replace(b"??", b"\xff\xff")
)


@pytest.mark.parametrize("garbage", [b"\xff\xff\xff\xff", frame(b"\xc1"), NO_TEXT], ids=["length", "payload", "text"])
def test_a_front_that_talks_nonsense_is_cut_off_alone(
    running: Running, fronts: Callable[[], Front], garbage: bytes
) -> None:
    bad, good = fronts(), fronts()
    bad.sock.sendall(garbage)
    assert bad.sock.recv(10) == b""
    good.do(AddDomain(unit=Ids().unit(), name="a.test"))


def test_what_a_front_sent_before_it_ended_still_happens(fronts: Callable[[], Front]) -> None:
    gone, other = fronts(), fronts()
    command = AddDomain(unit=Ids().unit(), name="a.test")
    gone.send(command)
    gone.sock.close()
    outcome = None
    while not isinstance(outcome, Done):
        other.send(command, is_retry=True)
        outcome = other.answers(1)[0].outcome


def test_draining_answers_what_has_arrived(running: Running, fronts: Callable[[], Front]) -> None:
    front = fronts()
    ids = Ids()
    account(front, ids)
    front.send(*(deliver(ids, ALICE) for _ in range(100)))
    running.end()
    assert len(front.answers(100)) == 100


def test_a_front_that_does_not_read_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from skrytka.store import process

    monkeypatch.setattr(process, "OUTGOING_MAX", 1000)
    mine, theirs = socket.socketpair()
    client = Client(theirs)
    assert client.send(b"x" * 900)
    assert not client.send(b"x" * 1001)
    mine.close()
    theirs.close()


def test_what_the_socket_does_not_take_is_kept_for_later() -> None:
    mine, theirs = socket.socketpair()
    client = Client(theirs)
    data = b"x" * 5_000_000
    assert client.send(data)
    assert client.outgoing
    received = 0
    while received < len(data):
        received += len(mine.recv(1 << 20))
        assert client.send()
    assert not client.outgoing
    mine.close()
    theirs.close()


def test_a_fault_that_repeats_is_reported_once_a_second() -> None:
    clock = FixedClock()
    told: list[str] = []
    report = seldom(lambda fault, _: told.append(fault), clock)
    for _ in range(3):
        report("F-a", "")
    report("F-b", "")
    clock.advance(1)
    report("F-a", "")
    assert told == ["F-a", "F-b", "F-a"]


def test_a_store_that_cannot_be_opened_ends_with_a_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mail.sqlite").write_bytes(b"not a database, but long enough to be looked at " * 100)
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    assert main([str(tmp_path), str(theirs.detach())]) == 1
    assert "corrupt" in capsys.readouterr().err
    mine.close()
