from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.mail.mailbox import shared
from skrytka.mail.mailbox.shared import Read, keyword_names, read_mailbox, updated, with_flags
from skrytka.mail.mailbox.types import FlagChange, Snapshot
from skrytka.model.flags import SystemFlag
from skrytka.model.ids import MailboxId, State, Uid
from skrytka.store import ranges
from skrytka.store.rows import KeywordRow, MailboxRow
from tests.unit.mail.world import World

Model = dict[int, tuple[int, int]]  # uid -> flags, modseq


def row(state: int, model: Model) -> MailboxRow:
    return MailboxRow(MailboxId(1), b"", None, 1, Uid(max(model, default=0) + 1), State(state), len(model), 0, 0, False)


def whole(state: int, model: Model) -> Read:
    return Read(row(state, model), [], [(uid, *model[uid]) for uid in sorted(model)], [], ())


def shown(snapshot: Snapshot) -> Model:
    columns = zip(snapshot.uids, snapshot.flags, snapshot.modseqs, strict=True)
    return {uid: (flags, modseq) for uid, flags, modseq in columns}


def test_an_empty_mailbox_has_an_empty_snapshot() -> None:
    snapshot = updated(None, whole(1, {}), ())
    assert (len(snapshot), snapshot.uids.typecode, snapshot.flags.typecode) == (0, "I", "Q")


def test_the_same_object_is_given_while_nothing_changed() -> None:
    model = {1: (0, 1)}
    known = updated(None, whole(1, model), ())
    assert updated(known, Read(row(1, model), [], None, [], ()), ()) is known
    assert updated(known, Read(row(1, model), [], None, [], ()), ("$Junk",)) is not known


STEPS = st.lists(st.tuples(st.sampled_from(["add", "flag", "expunge"]), st.integers(0, 30)), min_size=1, max_size=25)


@given(STEPS, STEPS)
def test_changes_lead_to_what_a_whole_read_shows(first: list[tuple[str, int]], second: list[tuple[str, int]]) -> None:
    model: Model = {}
    next_uid, state, gone = 1, 1, []

    def apply(steps: list[tuple[str, int]]) -> None:
        nonlocal next_uid, state
        for step, number in steps:
            state += 1
            if step == "add":
                model[next_uid] = (0, state)
                next_uid += 1
            elif model:
                uid = sorted(model)[number % len(model)]
                if step == "flag":
                    model[uid] = (number, state)
                else:
                    del model[uid]
                    gone.append(uid)

    apply(first)
    known = updated(None, whole(state, model), ())
    since = state
    before = shown(known)
    gone.clear()
    apply(second)
    changed = [(uid, *model[uid]) for uid in sorted(model) if model[uid][1] > since]
    for deletes in (0, shared._DELETES_MAX):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(shared, "_DELETES_MAX", deletes)
            now = updated(known, Read(row(state, model), [], None, changed, ranges.of(gone)), ())
        assert shown(now) == model
    assert shown(known) == before  # what others hold does not change under them


def test_a_bit_without_a_keyword_has_no_name() -> None:
    rows = [KeywordRow(8, b""), KeywordRow(10, b"")]
    assert keyword_names(rows, ["a", "c"]) == ("a", "", "c")
    assert keyword_names([], []) == ()


@pytest.mark.parametrize("uids", [[1, 2, 3, 4], [1, 2], [1], []])
async def test_when_the_journal_does_not_reach_back_everything_is_read(world: World, uids: list[int]) -> None:
    for _ in range(3):
        await world.deliver(b"A: b\r\n\r\n")
    account = await world.account("alice")
    known = updated(None, await world.store.read(read_mailbox(account, MailboxId(1), None)), ())
    numbers = array("Q", uids)
    wrong = Snapshot(State(known.state - 1), array("I", uids), numbers, numbers, Uid(max(uids, default=0) + 1))
    again = await world.store.read(read_mailbox(account, MailboxId(1), wrong))
    assert list(updated(wrong, again, ()).uids) == [1, 2, 3]


async def test_only_new_messages_are_looked_at_when_no_flags_changed(world: World) -> None:
    account = await world.account("alice")
    await world.deliver(b"A: b\r\n\r\n")
    known = updated(None, await world.store.read(read_mailbox(account, MailboxId(1), None)), ())
    await world.deliver(b"A: b\r\n\r\n")
    wrong = Snapshot(known.state, known.uids, array("Q", [4]), known.modseqs, known.uid_next)
    read = await world.store.read(read_mailbox(account, MailboxId(1), wrong))
    assert [uid for uid, _flags, _modseq in read.changed] == [2]
    view = await world.mailboxes.open(account, "INBOX")
    await view.store_flags([1], FlagChange.ADD, SystemFlag.SEEN, [])
    read = await world.store.read(read_mailbox(account, MailboxId(1), wrong))
    assert [(uid, flags) for uid, flags, _modseq in read.changed] == [(1, 1), (2, 0)]


async def test_much_in_a_large_mailbox_is_left_to_be_read_in_pieces(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await world.account("alice")
    await world.deliver(b"A: b\r\n\r\n")
    known = updated(None, await world.store.read(read_mailbox(account, MailboxId(1), None)), ())
    for _ in range(3):
        await world.deliver(b"A: b\r\n\r\n")
    monkeypatch.setattr(shared, "CHANGED_MAX", 2)
    assert (await world.store.read(read_mailbox(account, MailboxId(1), known))).is_too_much
    monkeypatch.setattr(shared, "CHANGED_MAX", 3)
    assert not (await world.store.read(read_mailbox(account, MailboxId(1), known))).is_too_much


def test_flags_that_were_stored_are_put_in_their_places() -> None:
    known = Snapshot(State(4), array("I", [2, 3, 7]), array("Q", [0, 1, 1]), array("Q", [1, 2, 3]), Uid(8), ("$Junk",))
    now = with_flags(known, ((3, 3), (7, 7)), 4, 1, State(5))
    assert (list(now.flags), list(now.modseqs), now.state) == ([0, 4, 4], [1, 5, 5], 5)
    assert list(known.flags) == [0, 1, 1]
    assert list(with_flags(known, ((2, 3),), 8, -1, State(5)).flags) == [8, 8, 1]
