"""Search text, on both engines."""

from typing import Any

from skrytka.model.ids import EmailId
from skrytka.store.commands import ExpireVault, Expunge, MergeTexts
from skrytka.store.sql import messages, search_text
from skrytka.store.statement import Query, Rows, Statement
from tests.support.store import INBOX, StoreCase, deliver

_LEFT = Statement(
    "SELECT (SELECT count(*) FROM single_text WHERE account = :account AND email_id = :email_id)"
    " + (SELECT count(*) FROM search_text WHERE account = :account AND email_id = :email_id)"
)


def texts(account: int) -> Query[Rows]:
    return (yield search_text._TEXTS(account=account, mailbox=1, low=1, high=9))


def left(account: int, email_id: EmailId) -> Query[int]:
    rows: Any = yield _LEFT(account=account, email_id=email_id)
    return rows[0][0]  # type: ignore[no-any-return]


async def test_text_comes_with_the_message(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await case.store.submit(deliver(case.ids, alice, text=b"sealed text"))
    await case.store.submit(deliver(case.ids, alice))
    rows = await case.store.read(texts(alice))
    assert [(row[0], row[2]) for row in rows] == [(1, b"sealed text")]


async def test_a_text_goes_with_its_message_alone_or_from_its_chunk(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    for _ in range(2):
        await case.store.submit(deliver(case.ids, alice, text=b"sealed text"))
    first, second = (row.email_id for row in await case.store.read(messages.by_uids(alice, INBOX, ((1, 9),))))
    merge = MergeTexts(unit=case.ids.unit(), account=alice, chunk=7, sealed=b"chunk", emails=(first,))
    await case.store.submit(merge)
    expunge = Expunge(unit=case.ids.unit(), account=alice, mailbox=INBOX, uids=((1, 2),), only_deleted=False)
    await case.store.submit(expunge)
    await case.store.submit(ExpireVault(unit=case.ids.unit(), before_ms=2**50, limit=9))
    for email_id in (first, second):
        assert await case.store.read(left(alice, email_id)) == 0
