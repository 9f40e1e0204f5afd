"""Readers of the journal, on both engines."""

from skrytka.model.ids import UnitId
from skrytka.store.rows import JournalRow
from skrytka.store.sql import journal
from tests.support.store import StoreCase, deliver


async def test_rows_come_in_the_order_of_commits_and_are_read_in_steps(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    command = deliver(case.ids, bob, alice)
    await case.store.submit(command)
    rows = await case.store.read(journal.after((0, 0), 1000))
    assert [(row.commit_no, row.number) for row in rows] == sorted((row.commit_no, row.number) for row in rows)
    last = [row for row in rows if row.unit == command.unit]
    assert [(row.subject, row.number) for row in last] == [(alice, 1), (bob, 2)], "accounts in ascending id"
    seen: list[JournalRow] = []
    position = (0, 0)
    while step := await case.store.read(journal.after(position, 1)):
        seen.extend(step)
        position = (step[-1].commit_no, step[-1].number)
    assert seen == rows
    assert await case.store.read(journal.after((0, 0), 1000, bound=last[0].commit_no)) == rows[:-2]


async def test_the_journal_knows_the_newest_state_of_each_subject(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    await case.store.submit(deliver(case.ids, alice))
    assert await case.store.read(journal.states()) == {0: 5, alice: 2, bob: 1}


async def test_the_answer_of_a_unit_is_known_only_if_it_committed(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    command = deliver(case.ids, alice)
    await case.store.submit(command)
    assert await case.store.read(journal.answer_of(command.unit))
    assert await case.store.read(journal.answer_of(UnitId(b"never" + bytes(11)))) is None


async def test_it_tells_whether_it_reaches_back_to_a_change(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    await case.store.submit(deliver(case.ids, alice))
    found = [await case.store.read(journal.has_row(account, state)) for account in (alice, bob) for state in (1, 2, 3)]
    assert found == [True, True, False, True, False, False]
