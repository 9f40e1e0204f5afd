"""The writer under errors, at every step of a batch: nothing acknowledged is lost, nothing is half there."""

from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path

import apsw
import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.errors import Reason
from skrytka.model.ids import AccountId, BlobId
from skrytka.store.batch import Outcome, Request, StoreBrokenError
from skrytka.store.check import check
from skrytka.store.commands import (
    AddDomain,
    BlobIn,
    CreateMailbox,
    Deliver,
    Expunge,
    ReserveAccount,
    StoreFlags,
)
from skrytka.store.drivers.sqlite_writer import SqliteWriter
from skrytka.store.files import StorePaths
from skrytka.store.ranges import ALL
from skrytka.store.sql import journal, messages
from skrytka.store.work import Done, Failure
from tests.support.failing_driver import FailingDb, FailingVfs, How, Plan
from tests.support.sizes import pick
from tests.support.store import INBOX, Ids, deliver, folders, target

ERRORS: list[type[Exception]] = [
    apsw.FullError,
    apsw.IOError,
    apsw.BusyError,
    apsw.CorruptError,
    apsw.NoMemError,
    apsw.ConstraintError,  # it says nothing about the file, and yet it may end the transaction
]
ALICE, BOB = AccountId(1), AccountId(2)


class Bench:
    """A writer over a connection that fails by plan, and batches for it."""

    def __init__(self, root: Path, plan: Plan, *, below: bool = False) -> None:
        self.root = root
        self.plan = plan
        self.ids = Ids()
        self.faults: list[str] = []
        self._below = FailingVfs(plan) if below else None
        self.writer = self.open()
        self.acknowledged: dict[bytes, bytes] = {}
        self._spooled = 0
        from skrytka.store.commands import AddAccount

        self.run(AddDomain(unit=self.ids.unit(), name="example.test"))
        for name in ("alice", "bob"):
            (done,) = self.run(ReserveAccount(unit=self.ids.unit()))
            assert isinstance(done, Done)
            self.run(
                AddAccount(
                    unit=self.ids.unit(),
                    account=AccountId(done.answer[0]),
                    address=f"{name}@example.test",
                    domain="example.test",
                    folders=folders(),
                )
            )

    def open(self) -> SqliteWriter:
        def on_fault(fault: str, _detail: str) -> None:
            self.faults.append(fault)

        if self._below is not None:
            return SqliteWriter(self.root, FixedClock(), on_fault, self._below.connect)
        return SqliteWriter(self.root, FixedClock(), on_fault, lambda path: FailingDb(path, self.plan))

    def run(self, *commands: object) -> list[Outcome]:
        return self.writer.run([Request(command) for command in commands])  # type: ignore[arg-type]

    def batch(self) -> list[Request]:
        """Commands of all kinds: one is refused, one moves a file."""
        ids = self.ids
        self._spooled += 1
        name = f"large-{self._spooled}"
        (StorePaths(self.root).spool / name).write_bytes(b"s" * 30)
        large = BlobIn(BlobId(ids()), size=50, stored_size=30, spool_name=name)
        return [
            Request(deliver(ids, ALICE)),
            Request(deliver(ids, BOB, ALICE)),
            Request(AddDomain(unit=ids.unit(), name="example.test")),
            Request(StoreFlags(unit=ids.unit(), account=ALICE, mailbox=INBOX, uids=ALL, add=len(self.acknowledged))),
            Request(Deliver(unit=ids.unit(), blob=large, targets=(target(ids, BOB),))),
            Request(CreateMailbox(unit=ids.unit(), account=BOB, name_mac=ids(), name=b"x")),
            Request(Expunge(unit=ids.unit(), account=ALICE, mailbox=INBOX, uids=((1, 3),), only_deleted=False)),
        ]

    def attempt(self, requests: list[Request]) -> list[Outcome] | None:
        """None: the process is gone, and another has been started."""
        try:
            outcomes = self.writer.run(requests)
        except StoreBrokenError:
            outcomes = None
        is_spent = self.plan.fired
        self.plan.disarm()
        if outcomes is None:
            assert is_spent
            self.writer.close()
            self.writer = self.open()
        return outcomes

    def verify(self, requests: list[Request], outcomes: list[Outcome] | None) -> None:
        """The store is sound; every answer that was given is true."""
        report = self.writer.read(check(StorePaths(self.root).blob_size))
        assert report.differences == ()
        for request, outcome in zip(requests, outcomes or [], strict=bool(outcomes)):
            answer = self.writer.read(journal.answer_of(request.command.unit))
            if isinstance(outcome, Done):
                assert answer == outcome.answer
                self.acknowledged[request.command.unit] = outcome.answer
            else:
                assert answer is None
        for unit, given in self.acknowledged.items():
            assert self.writer.read(journal.answer_of(unit)) == given  # type: ignore[arg-type]

    def try_again(self, requests: list[Request]) -> None:
        """As a client does: everything happens once, but what is refused."""
        outcomes = self.writer.run([Request(request.command, is_retry=True) for request in requests])
        for number, outcome in enumerate(outcomes):
            assert isinstance(outcome, Failure if number == 2 else Done)
        self.verify(requests, outcomes)
        paths = StorePaths(self.root)
        assert not list(paths.spool.iterdir())
        assert len(list(paths.blobs.glob("*/*"))) == self._spooled

    def uids(self, account: AccountId) -> list[int]:
        return [row[0] for row in self.writer.read(messages.snapshot(account, INBOX))]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "store", Plan())
    yield made
    made.writer.close()


def fail_everywhere(
    bench: Bench, error: type[Exception], how: How, *, times: int = 1, start: int = 1, stride: int = 1
) -> int:
    """One batch after the other, each failing some steps later, until one does not fail; how many steps."""
    for at in range(start, 500, stride):
        requests = bench.batch()
        bench.plan.arm(at, error, how, times)
        outcomes = bench.attempt(requests)
        has_failed = bench.plan.fired > 0
        bench.verify(requests, outcomes)
        bench.try_again(requests)
        if not has_failed:
            return at
    raise AssertionError("the batch never ended")


@pytest.mark.parametrize("how", [How.STANDS, How.ENDED])
@pytest.mark.parametrize("error", ERRORS)
def test_an_error_at_any_statement_loses_nothing_that_was_acknowledged(
    bench: Bench, error: type[Exception], how: How
) -> None:
    steps = fail_everywhere(bench, error, how, start=1 + ERRORS.index(error) % 4, stride=pick(4, 1))
    assert steps > 50, "the batch has that many statements"
    assert bench.faults
    uids = bench.uids(BOB)
    assert uids == list(range(1, len(uids) + 1)), "no UID is lost or given twice"


@pytest.mark.parametrize("how", list(How))
@pytest.mark.parametrize("error", [apsw.FullError, apsw.IOError])
def test_an_error_of_commit_is_unknown_and_the_file_is_asked(bench: Bench, error: type[Exception], how: How) -> None:
    requests = bench.batch()
    bench.plan.only_commit = True
    bench.plan.arm(1, error, how)
    outcomes = bench.attempt(requests)
    assert outcomes is not None
    is_in = how is How.COMMITTED
    assert [isinstance(outcome, Done) for outcome in outcomes] == [is_in and number != 2 for number in range(7)]
    bench.verify(requests, outcomes)
    bench.try_again(requests)
    assert [row.op for row in bench.writer.read(journal.after((0, 0), 10_000)) if row.op == "fence"] == ["fence"]


def test_a_process_that_cannot_open_its_file_again_answers_nobody(bench: Bench) -> None:
    requests = bench.batch()
    bench.plan.only_commit = True
    bench.plan.arm(1, apsw.IOError, How.COMMITTED, times=3)
    with pytest.raises(StoreBrokenError):
        bench.writer.run(requests)
    bench.plan.disarm()
    bench.writer.close()
    bench.writer = bench.open()
    bench.try_again(requests)


def test_the_whole_batch_is_transient_and_says_why(bench: Bench) -> None:
    requests = bench.batch()
    bench.plan.arm(20, apsw.FullError, How.ENDED)
    outcomes = bench.attempt(requests)
    assert outcomes == [Failure(is_transient=True, reason=Reason.DISK_FULL, detail="SQLITE_FULL")] * 7
    assert bench.faults == ["F-disk-full"]


def test_a_refused_command_undoes_itself_alone(bench: Bench) -> None:
    first, refused, last = deliver(bench.ids, ALICE), deliver(bench.ids, ALICE, 77), deliver(bench.ids, ALICE)
    outcomes = bench.run(first, refused, last)
    assert [isinstance(outcome, Done) for outcome in outcomes] == [True, False, True]
    assert bench.uids(ALICE) == [1, 2]
    assert bench.faults == []


def test_the_same_unit_twice_in_one_batch_happens_once(bench: Bench) -> None:
    command = deliver(bench.ids, ALICE)
    one, two = bench.run(command, command)
    assert isinstance(one, Done)
    assert isinstance(two, Done)
    assert one.answer == two.answer
    assert bench.uids(ALICE) == [1]


def test_a_bug_in_a_handler_undoes_that_command_and_is_reported(bench: Bench) -> None:
    class Broken(AddDomain, frozen=True):
        def run(self, tx: object) -> object:  # type: ignore[override]
            yield from AddDomain.run(self, tx)  # type: ignore[arg-type]
            raise ZeroDivisionError("secret of the message")

    broken = Broken(unit=bench.ids.unit(), name="broken.test")
    (_, outcome, _) = bench.run(deliver(bench.ids, ALICE), broken, deliver(bench.ids, ALICE))
    assert isinstance(outcome, Failure)
    assert (outcome.reason, outcome.detail) == (None, "ZeroDivisionError")
    assert bench.faults == ["F-store-bug"]
    assert bench.uids(ALICE) == [1, 2]


def test_a_missing_spool_file_fails_its_command_alone(bench: Bench) -> None:
    large = BlobIn(BlobId(bench.ids()), size=50, stored_size=30, spool_name="gone")
    lost = Deliver(unit=bench.ids.unit(), blob=large, targets=(target(bench.ids, BOB),))
    outcomes = bench.run(deliver(bench.ids, BOB), lost)
    assert isinstance(outcomes[0], Done)
    assert isinstance(outcomes[1], Failure)
    assert outcomes[1].reason is Reason.NO_SUCH_OBJECT


@pytest.mark.parametrize("error", [apsw.FullError, apsw.IOError])
@pytest.mark.parametrize("times", [1, 1000], ids=["once", "from then on"])
def test_a_disk_that_fails_below_sqlite_loses_nothing_either(
    tmp_path: Path, error: type[Exception], times: int
) -> None:
    bench = Bench(tmp_path / "store", Plan(), below=True)
    steps = fail_everywhere(bench, error, How.STANDS, times=times)
    assert steps > 5, "a batch writes that often"
    bench.writer.close()


def test_a_disk_that_stays_full_refuses_every_batch_and_the_process_goes_on(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "store", Plan(), below=True)
    for _ in range(3):
        requests = bench.batch()
        bench.plan.arm(1, apsw.FullError, times=1000)
        outcomes = bench.writer.run(requests)
        assert {getattr(outcome, "reason", None) for outcome in outcomes} == {Reason.DISK_FULL}
        bench.plan.disarm()
        bench.verify(requests, outcomes)
        bench.try_again(requests)
    bench.writer.close()


def test_a_fence_without_room_after_another_error_of_commit_ends_the_process(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "store", Plan(), below=True)
    requests = bench.batch()
    errors = chain([apsw.IOError("on demand")], repeat(apsw.FullError("on demand")))

    def next_error(_text: str) -> Exception:
        return next(errors)

    bench.plan.arm(1, next_error, times=1000)  # type: ignore[arg-type]
    assert bench.attempt(requests) is None
    bench.try_again(requests)
    bench.writer.close()


def test_a_crash_between_rename_and_commit_leaves_the_file_where_a_retry_finds_it(bench: Bench) -> None:
    requests = bench.batch()
    moved = requests[4]
    assert isinstance(moved.command, Deliver)
    paths = StorePaths(bench.root)
    source = paths.spool / str(moved.command.blob.spool_name)
    target_path = paths.blob(moved.command.blob.blob_id)
    target_path.parent.mkdir()
    source.rename(target_path)
    bench.writer.close()
    bench.writer = bench.open()
    assert not target_path.exists()
    bench.try_again(requests)
    assert target_path.read_bytes() == b"s" * 30
