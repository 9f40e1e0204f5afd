"""What staging costs the reader: nothing is seen of it."""

from skrytka.store.sql import copies, mailboxes
from skrytka.store.statement import Query, Rows, Statement
from tests.support.store import INBOX, StoreCase


def ask(statement: Statement, **values: int | bytes) -> Query[Rows]:
    return (yield statement(**values))


async def test_the_sums_of_nothing_are_zero(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    assert await case.store.read(ask(copies.STAGED_SUMS, account=alice, stage=b"none")) == [(0, 0, 0)]
    assert await case.store.read(ask(copies.STAGED_COUNT, account=alice, stage=b"none")) == [(0,)]
    assert await case.store.read(ask(copies.QUOTA, account=alice)) == [(0, 0)]
    row = await case.store.read(mailboxes.by_id(alice, INBOX))
    assert row is not None
