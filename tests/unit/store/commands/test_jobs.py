"""The keeper's work, on both engines."""

import pytest

from skrytka.model.ids import AccountId, BlobId
from skrytka.store.commands import (
    BlobIn,
    CollectBlobs,
    Deliver,
    ExpireJournal,
    ExpireVault,
    Expunge,
    MendTimes,
    Post,
    QueueDone,
    QueuedRecipient,
    QueueIn,
    Schedule,
)
from skrytka.store.commands.dkim import AddDkimKeys, NewDkimKey
from skrytka.store.ranges import ALL
from skrytka.store.sql import dkim, journal, messages, outbound
from skrytka.store.statement import Query, Statement
from tests.support.store import INBOX, StoreCase, blob, deliver, target

SET_READER = Statement("INSERT INTO journal_reader (name, shipped_commit_no) VALUES ('standby', :commit_no_shipped)")
FAR_MS = 2**52


async def expunge_all(case: StoreCase, account: AccountId) -> None:
    await case.store.submit(Expunge(unit=case.ids.unit(), account=account, mailbox=INBOX, uids=ALL, only_deleted=False))


async def test_the_vault_lets_go_after_its_time_and_then_the_blobs_go(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    shared = deliver(case.ids, alice, bob)
    await case.store.submit(shared)
    await expunge_all(case, alice)
    case.clock.advance(10)
    await case.store.submit(deliver(case.ids, alice))
    await expunge_all(case, alice)
    now = case.clock.now_ms()
    assert await case.store.submit(ExpireVault(unit=case.ids.unit(), before_ms=now)) == 1
    assert [row.uid for row in await case.store.read(messages.vault(alice))] == [2]
    assert await case.store.submit(CollectBlobs(unit=case.ids.unit())) == 0, "bob has the blob still"
    await expunge_all(case, bob)
    assert await case.store.submit(ExpireVault(unit=case.ids.unit(), before_ms=now + 1)) == 2
    assert await case.store.submit(CollectBlobs(unit=case.ids.unit())) == 2
    assert await case.store.read(messages.blob(shared.blob.blob_id)) is None


async def test_the_vault_lets_go_in_small_steps(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await case.store.submit(deliver(case.ids, *[alice] * 5))
    await expunge_all(case, alice)
    before = case.clock.now_ms() + 1
    counts = [await case.store.submit(ExpireVault(unit=case.ids.unit(), before_ms=before, limit=2)) for _ in range(4)]
    assert counts == [2, 2, 1, 0]


async def test_the_file_of_a_collected_blob_goes_after_the_commit(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    blob_id = BlobId(case.ids())
    (case.root / "spool" / "large").write_bytes(b"s" * 300)
    large = BlobIn(blob_id, size=500, stored_size=300, spool_name="large")
    await case.store.submit(Deliver(unit=case.ids.unit(), blob=large, targets=(target(case.ids, alice),)))
    await expunge_all(case, alice)
    await case.store.submit(ExpireVault(unit=case.ids.unit(), before_ms=case.clock.now_ms() + 1))
    assert list(case.root.glob("blobs/*/*"))
    assert await case.store.submit(CollectBlobs(unit=case.ids.unit())) == 1
    assert not list(case.root.glob("blobs/*/*"))


async def test_the_journal_loses_what_is_old_but_never_its_newest_row(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    case.clock.advance(1000)
    edge = case.clock.now_ms()
    await case.store.submit(deliver(case.ids, alice))
    await case.store.submit(deliver(case.ids, alice))
    total = len(await case.store.read(journal.after((0, 0), 1000)))
    gone = await case.store.submit(ExpireJournal(unit=case.ids.unit(), latest_ms=FAR_MS, before_ms=edge))
    left = await case.store.read(journal.after((0, 0), 1000))
    assert gone == total - 2
    assert [row.op for row in left] == ["deliver", "deliver"]
    assert await case.store.submit(ExpireJournal(unit=case.ids.unit(), latest_ms=FAR_MS, before_ms=edge + 10**9)) == 1
    assert len(await case.store.read(journal.after((0, 0), 1000))) == 1


async def test_rows_of_a_clock_that_was_wrong_hold_no_older_ones_up(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    case.clock.jump(10**8)
    await case.store.submit(deliver(case.ids, alice))
    case.clock.jump(-(10**8))
    case.clock.advance(1000)
    now = case.clock.now_ms()
    await case.store.submit(deliver(case.ids, alice))
    await case.store.submit(ExpireJournal(unit=case.ids.unit(), latest_ms=now + 1, before_ms=now))
    assert [row.at_ms for row in await case.store.read(journal.after((0, 0), 1000))] == [now]


async def mended(case: StoreCase, sure_ms: int) -> int:
    return await case.store.submit(
        MendTimes(
            unit=case.ids.unit(),
            now_ms=case.clock.now_ms(),
            due_latest_ms=case.clock.now_ms() + 5000,
            sure_ms=sure_ms,
            latest_ms=sure_ms + 5000,
            earliest_ms=sure_ms - 10**9,
        )
    )


async def test_times_of_a_clock_that_was_wrong_are_mended_and_others_stay(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    began = case.clock.now_ms()
    for jump in (0, 10**8, -2 * 10**8):  # seconds: right, years ahead, years back
        case.clock.jump(jump)
        await case.store.submit(deliver(case.ids, alice))
        await expunge_all(case, alice)
        await case.store.submit(queued(case, due_at_ms=case.clock.now_ms() + 100))
        held = queued(case, due_at_ms=0)
        await case.store.submit(held)
        assert held.queue is not None
        every = (QueueDone(held.queue.queue_id, (0,)),)
        hold = Schedule(unit=case.ids.unit(), messages=every, due_at_ms=0, is_held=True)
        await case.store.submit(hold)
    case.clock.jump(10**8)
    assert case.clock.now_ms() == began
    assert await mended(case, began) == 1 + 4 + 2  # due, queued, deleted
    assert {row.deleted_at_ms for row in await case.store.read(messages.vault(alice))} == {began}
    rows = await case.store.read(outbound.listed(100))
    assert {row.created_at_ms for row in rows} == {began}
    assert max(row.due_at_ms for row in rows if not row.is_held) == began + 100
    assert await mended(case, began) == 0


@pytest.mark.parametrize("jump", [10**8, -2 * 10**8])
async def test_what_waits_for_its_time_waits_as_long_as_it_was_to_whatever_the_clock_did(
    case: StoreCase, jump: int
) -> None:
    began = case.clock.now_ms()
    right = queued(case, due_at_ms=began + 50_000, release_at_ms=began + 50_000)
    await case.store.submit(right)
    case.clock.jump(jump)
    wrong_ms = case.clock.now_ms() + 50_000
    await case.store.submit(queued(case, due_at_ms=wrong_ms, release_at_ms=wrong_ms))
    case.clock.jump(-jump)
    await mended(case, began)
    rows = await case.store.read(outbound.listed(10))
    assert [(row.due_at_ms, row.release_at_ms) for row in rows] == [(began + 50_000, began + 50_000)] * 2
    assert await mended(case, began) == 0


def queued(case: StoreCase, *, due_at_ms: int, release_at_ms: int = 0) -> Post:
    return Post(
        unit=case.ids.unit(),
        blob=blob(case.ids),
        queue=QueueIn(
            queue_id=case.ids.queue(),
            wrapped_key=b"k" * 60,
            envelope=b"sealed",
            recipients=(QueuedRecipient(b"sealed", due_at_ms),),
            release_at_ms=release_at_ms,
        ),
    )


async def test_the_journal_goes_in_small_steps(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    for _ in range(6):
        await case.store.submit(deliver(case.ids, alice))
    before = case.clock.now_ms() + 1
    total = len(await case.store.read(journal.after((0, 0), 1000)))
    counts = []
    while count := await case.store.submit(
        ExpireJournal(unit=case.ids.unit(), latest_ms=FAR_MS, before_ms=before, limit=3)
    ):
        counts.append(count)
    assert sum(counts) == total - 1
    assert max(counts) <= 3


async def test_the_journal_waits_for_its_readers(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    for _ in range(3):
        await case.store.submit(deliver(case.ids, alice))
    rows = await case.store.read(journal.after((0, 0), 1000))
    shipped = rows[-3].commit_no
    await register(case, shipped)
    await case.store.submit(ExpireJournal(unit=case.ids.unit(), latest_ms=FAR_MS, before_ms=case.clock.now_ms() + 1))
    assert await case.store.read(journal.after((0, 0), 1000)) == rows[-2:]


async def register(case: StoreCase, commit_no: int) -> None:
    """What a reader will do by a command of its own."""

    def write() -> Query[None]:
        yield SET_READER(commit_no_shipped=commit_no)

    if case.engine == "sqlite":
        from skrytka.store.local import LocalStore

        assert isinstance(case.store, LocalStore)
        case.store.writer.read(write())
    else:
        from skrytka.store.drivers import postgres

        assert isinstance(case.store, postgres.PostgresStore)
        async with case.store._pool.acquire() as connection:
            await postgres._drive(connection, write())


async def test_a_key_from_the_future_has_an_age_again(case: StoreCase) -> None:
    await case.domain()
    began = case.clock.now_ms()
    case.clock.jump(10**8)
    key = NewDkimKey("s1", "rsa-sha256", "MIIB", b"sealed")
    await case.store.submit(AddDkimKeys(unit=case.ids.unit(), domain="example.test", keys=(key,)))
    case.clock.jump(-(10**8))
    assert await mended(case, began) == 1
    (row,) = await case.store.read(dkim.keys())
    assert row.changed_at_ms == began
