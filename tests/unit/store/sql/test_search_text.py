"""Search text, on both engines."""

from skrytka.store.sql import search_text
from skrytka.store.statement import Query, Rows
from tests.support.store import StoreCase, deliver


def texts(account: int) -> Query[Rows]:
    return (yield search_text._TEXTS(account=account, mailbox=1, low=1, high=9))


async def test_text_comes_with_the_message(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await case.store.submit(deliver(case.ids, alice, text=b"sealed text"))
    await case.store.submit(deliver(case.ids, alice))
    rows = await case.store.read(texts(alice))
    assert [(row[0], row[2]) for row in rows] == [(1, b"sealed text")]
