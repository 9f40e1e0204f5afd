"""Commands in any order, crashes and failing statements between them, against a model of what they mean."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError
from skrytka.model.ids import AccountId, MailboxId, Uid
from skrytka.store.batch import Outcome, Request
from skrytka.store.check import check
from skrytka.store.commands import (
    AddAccount,
    AddDomain,
    CollectBlobs,
    Command,
    CreateMailbox,
    DeleteMailbox,
    Deliver,
    ExpireVault,
    Expunge,
    ReserveAccount,
    StoreFlags,
    TakeBack,
    VaultItem,
)
from skrytka.store.commands.base import answer_decoder
from skrytka.store.drivers.sqlite_writer import SqliteWriter
from skrytka.store.files import StorePaths
from skrytka.store.sql import mailboxes, messages
from skrytka.store.work import Done
from tests.support.failing_driver import FailingDb, How, Plan
from tests.support.sizes import pick
from tests.support.store import Ids, blob, deliver, folders, target

ALICE, BOB = AccountId(1), AccountId(2)
ACCOUNTS = st.sampled_from([ALICE, BOB])
UIDS = st.tuples(st.integers(1, 5), st.integers(1, 5)).map(lambda pair: (min(pair), max(pair)))
FLAGS = st.integers(0, 31)
FAULTS = st.tuples(
    st.integers(1, 30), st.sampled_from([apsw.FullError, apsw.IOError]), st.sampled_from([How.STANDS, How.ENDED])
)
Place = tuple[AccountId, MailboxId]


class StoreMachine(RuleBasedStateMachine):
    """The model: flags by UID, by mailbox; the vault; the next UID of every mailbox there ever was."""

    boxes: Bundle[Place] = Bundle("boxes")

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="skrytka-machine-"))
        self.plan = Plan()
        self.ids = Ids()
        self.clock = FixedClock()
        self.open()
        self.model: dict[Place, dict[int, int]] = {}
        self.gone: dict[Place, dict[int, int]] = {}
        self.uidnext: dict[Place, int] = {}
        self.submit(AddDomain(unit=self.ids.unit(), name="example.test"))
        for account in (ALICE, BOB):
            self.submit(ReserveAccount(unit=self.ids.unit()))
            command = AddAccount(
                unit=self.ids.unit(),
                account=account,
                address=f"{account}@example.test",
                domain="example.test",
                folders=folders(),
            )
            self.submit(command)
            for number in range(1, 7):
                self.add_box((account, MailboxId(number)))

    def open(self) -> None:
        self.writer = SqliteWriter(self.root, self.clock, lambda *_: None, lambda path: FailingDb(path, self.plan))

    def teardown(self) -> None:
        self.writer.close()
        shutil.rmtree(self.root)

    def add_box(self, place: Place) -> None:
        self.model[place] = {}
        self.gone[place] = {}
        self.uidnext[place] = 1

    def submit(self, command: Command[Any], *others: Command[Any]) -> object:
        """As a client: again, as a retry, until it is answered."""
        (outcome, *rest) = self.writer.run([Request(command), *map(Request, others)])
        self.plan.disarm()
        if not isinstance(outcome, Done) and outcome.is_transient:
            (outcome,) = self.writer.run([Request(command, is_retry=True)])
        self.others: list[Outcome] = rest
        if not isinstance(outcome, Done):
            raise outcome.error()
        return answer_decoder(type(command))(outcome.answer)

    def put(self, place: Place, flags: int) -> int:
        uid = self.uidnext[place]
        self.uidnext[place] += 1
        self.model[place][uid] = flags
        return uid

    @rule(target=boxes, account=ACCOUNTS, number=st.integers(1, 6))
    def name_a_folder(self, account: AccountId, number: int) -> Place:
        return account, MailboxId(number)

    @rule(target=boxes, account=ACCOUNTS)
    def create(self, account: AccountId) -> Place:
        name = self.ids()
        made = self.submit(CreateMailbox(unit=self.ids.unit(), account=account, name_mac=name, name=name))
        place = (account, MailboxId(getattr(made, "mailbox", 0)))
        assert place not in self.uidnext, "mailbox ids are given once"
        self.add_box(place)
        return place

    @rule(fault=FAULTS)
    def let_the_next_command_fail(self, fault: tuple[int, type[Exception], How]) -> None:
        self.plan.arm(*fault)

    @rule()
    def crash(self) -> None:
        """The files as they are, opened by a new process."""
        self.plan.disarm()
        copy = self.root.with_name(self.root.name + "-copy")
        shutil.copytree(self.root, copy)
        self.writer.close()
        shutil.rmtree(self.root)
        copy.rename(self.root)
        self.open()

    @rule(box=boxes, flags=FLAGS, other=ACCOUNTS)
    def deliver(self, box: Place, flags: int, other: AccountId) -> None:
        account, mailbox = box
        refused = deliver(self.ids, other, 77)
        wanted = deliver(self.ids, account, mailbox=mailbox, flags=flags)
        found: object = self.submit(wanted, refused, deliver(self.ids, other))
        inbox = (account, MailboxId(1))
        uid = self.put(box if box in self.model else inbox, flags)
        assert [answer.uid for answer in found] == [uid]  # type: ignore[attr-defined]
        assert not isinstance(self.others[0], Done)
        if isinstance(self.others[1], Done):
            self.put((other, MailboxId(1)), 0)

    @rule(flags=FLAGS)
    def deliver_to_both(self, flags: int) -> None:
        targets = (target(self.ids, BOB, flags=flags), target(self.ids, ALICE, flags=flags))
        self.submit(Deliver(unit=self.ids.unit(), blob=blob(self.ids), targets=targets))
        for account in (ALICE, BOB):
            self.put((account, MailboxId(1)), flags)

    @rule(box=boxes, uids=UIDS, add=FLAGS, remove=FLAGS)
    def store(self, box: Place, uids: tuple[int, int], add: int, remove: int) -> None:
        account, mailbox = box
        self.submit(
            StoreFlags(unit=self.ids.unit(), account=account, mailbox=mailbox, uids=(uids,), add=add, remove=remove)
        )
        for uid, flags in self.model.get(box, {}).items():
            if uids[0] <= uid <= uids[1]:
                self.model[box][uid] = flags & ~remove | add

    @rule(box=boxes, uids=UIDS, only_deleted=st.booleans())
    def expunge(self, box: Place, uids: tuple[int, int], only_deleted: bool) -> None:
        account, mailbox = box
        command = Expunge(
            unit=self.ids.unit(), account=account, mailbox=mailbox, uids=(uids,), only_deleted=only_deleted
        )
        if box not in self.model:
            self.refused(command)
            return
        self.submit(command)
        for uid in [uid for uid, flags in self.model[box].items() if flags & 8 or not only_deleted]:
            if uids[0] <= uid <= uids[1]:
                self.gone[box][uid] = self.model[box].pop(uid)

    @rule(box=boxes, uid=st.integers(1, 5))
    def take_back(self, box: Place, uid: int) -> None:
        account, mailbox = box
        items = (VaultItem(mailbox, Uid(uid)),)
        self.submit(TakeBack(unit=self.ids.unit(), account=account, items=items))
        if uid in self.gone[box]:
            flags = self.gone[box].pop(uid) & ~8
            self.put(box if box in self.model else (account, MailboxId(1)), flags)

    @rule(box=boxes)
    def delete(self, box: Place) -> None:
        account, mailbox = box
        command = DeleteMailbox(unit=self.ids.unit(), account=account, mailbox=mailbox)
        if mailbox == 1 or box not in self.model:
            self.refused(command)
            return
        self.submit(command)
        self.gone[box] |= self.model.pop(box)

    @rule()
    def let_go(self) -> None:
        self.clock.advance(1)
        self.submit(ExpireVault(unit=self.ids.unit(), before_ms=self.clock.now_ms()))
        self.submit(CollectBlobs(unit=self.ids.unit()))
        for uids in self.gone.values():
            uids.clear()

    def refused(self, command: Command[Any]) -> None:
        try:
            self.submit(command)
        except PermanentError:
            return
        raise AssertionError("that cannot be done")

    @invariant()
    def the_store_is_sound_and_says_what_the_model_says(self) -> None:
        armed, self.plan.at = self.plan.at, 0
        assert self.writer.read(check(StorePaths(self.root).blob_size)).differences == ()
        for place, expected in self.model.items():
            rows = self.writer.read(messages.snapshot(*place))
            assert {uid: flags for uid, flags, _ in rows} == expected
            box = self.writer.read(mailboxes.by_id(*place))
            assert box.uidnext == self.uidnext[place]
        for account in (ALICE, BOB):
            vault = {(row.mailbox, row.uid) for row in self.writer.read(messages.vault(account))}
            assert vault == {(box[1], uid) for box, uids in self.gone.items() if box[0] == account for uid in uids}
        self.plan.at = armed


@pytest.mark.timeout(600)  # hypothesis takes the usual limit for a failure, plays it again and calls it flaky
def test_any_sequence_of_commands_means_what_it_says() -> None:
    sizes = settings(max_examples=pick(10, 300), stateful_step_count=pick(25, 60), deadline=None, derandomize=True)
    run_state_machine_as_test(StoreMachine, settings=sizes)
