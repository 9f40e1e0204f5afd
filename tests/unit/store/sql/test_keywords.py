"""On both engines."""

from skrytka.store.commands import AddKeyword, CopyMessages, Expunge, StageCopy
from skrytka.store.sql import keywords as sql
from skrytka.store.sql.keywords import Table
from tests.support.store import INBOX, SENT, StoreCase, deliver


async def test_flags_of_an_account_are_read_in_pieces_in_order(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    for flags in (1, 2, 4):
        await case.store.submit(deliver(case.ids, alice, flags=flags))
    await case.store.submit(deliver(case.ids, bob, flags=8))
    await case.store.submit(
        CopyMessages(unit=case.ids.unit(), account=alice, mailbox=INBOX, uids=((2, 3),), target=SENT)
    )
    everything = [(INBOX, 1, 1), (INBOX, 2, 2), (INBOX, 3, 4), (SENT, 1, 2), (SENT, 2, 4)]
    for size in (1, 2, 10):
        found: list[tuple[int, int, int]] = []
        while rows := await case.store.read(
            sql.flags_after(alice, Table.MESSAGE, found[-1][:2] if found else (0, 0), size)
        ):
            assert len(rows) <= size
            found += [(mailbox, uid, flags) for mailbox, uid, flags in rows]
        assert found == everything
    gone = Expunge(unit=case.ids.unit(), account=alice, mailbox=INBOX, uids=((1, 2),), only_deleted=False)
    await case.store.submit(gone)
    assert [tuple(row) for row in await case.store.read(sql.flags_after(alice, Table.VAULT, (0, 0), 9))] == everything[
        :2
    ]


async def test_what_is_known_of_keywords_and_of_copies_under_way(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    await case.store.submit(deliver(case.ids, alice))
    known = await case.store.read(sql.known(alice))
    assert (known.bits, known.epoch) == ({}, 0)
    for name in (b"a", b"b"):
        await case.store.submit(AddKeyword(unit=case.ids.unit(), account=alice, name_mac=b"mac " + name, name=name))
    assert await case.store.read(sql.known(alice)) == (known.state + 2, {b"mac a": 8, b"mac b": 9}, 0)
    assert await case.store.read(sql.rows(alice)) == [(8, b"a"), (9, b"b")]
    assert not await case.store.read(sql.has_staged(alice))
    stage = StageCopy(unit=case.ids.unit(), account=alice, mailbox=INBOX, uids=((1, 1),), stage=case.ids.unit())
    await case.store.submit(stage)
    assert await case.store.read(sql.has_staged(alice))
    assert not await case.store.read(sql.has_staged(bob))
