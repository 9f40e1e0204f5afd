"""``store check`` finds what does not agree."""

from pathlib import Path

import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.ids import BlobId, State
from skrytka.store.check import Report, check
from skrytka.store.commands import (
    AddAlias,
    BlobIn,
    CopyMessages,
    Deliver,
    Enqueue,
    Expunge,
    Pack,
    PutMailboxPack,
    PutPacks,
    QueuedRecipient,
)
from skrytka.store.files import StorePaths
from skrytka.store.local import LocalStore
from skrytka.store.sql.check import TABLE
from tests.support.store import INBOX, SENT, StoreCase, blob, deliver, target

# What is spoilt, and the rules that must see it.
DAMAGE = {
    "UPDATE mailbox SET unseen = unseen + 1 WHERE mailbox = 1 AND account = 1": {"mailbox counters"},
    "UPDATE mailbox SET bytes = 5 WHERE mailbox = 1 AND account = 1": {"mailbox counters"},
    "UPDATE mailbox SET uidnext = 3 WHERE mailbox = 1 AND account = 1": {"mailbox UIDNEXT and HIGHESTMODSEQ"},
    "UPDATE mailbox SET modseq = 0 WHERE mailbox = 1 AND account = 1": {"mailbox UIDNEXT and HIGHESTMODSEQ"},
    "UPDATE vault SET uid = 900": {"mailbox UIDNEXT above the vault's UIDs"},
    "UPDATE message SET mailbox = 50 WHERE uid = 2": {"messages without a mailbox", "mailbox counters"},
    "INSERT INTO vault SELECT account, mailbox, uid, flags, size, received_at_ms, saved_at_ms, email_id, thread_id,"
    " hold, retention, 0 FROM message WHERE uid = 2": {
        "messages both in a mailbox and in the vault",
        "content references",
    },
    "UPDATE mail_account SET used_bytes = 1 WHERE account = 1": {"account counters (quota)"},
    "DELETE FROM mail_account WHERE account = 2": {"accounts without mail rows"},
    "UPDATE content SET refs = 7": {"content references"},
    "UPDATE shared_content SET refs = 7": {"content references"},
    "UPDATE shared_content SET email_id = zeroblob(16)": {"content references", "references to shared content"},
    "UPDATE rendered_pack SET messages = 9": {"packs of what is gone"},
    "UPDATE rendered_pack SET low = 257": {"packs of what is gone"},
    "UPDATE mailbox_pack SET state = 99": {"packs of mailboxes"},
    "UPDATE mailbox_pack SET mailbox = 99": {"packs of mailboxes"},
    "DELETE FROM content": {"messages without content", "blob references", "references to shared content"},
    "UPDATE blob SET refs = 9": {"blob references"},
    "DELETE FROM blob": {"content without a blob"},
    "UPDATE blob SET stored_size = 1 WHERE stored IS NOT NULL": {"sizes of stored blobs"},
    "DELETE FROM queue_recipient": {"queue messages and recipients"},
    "UPDATE mail_account SET state = state + 1 WHERE account = 1": {"journal and state of accounts"},
    "UPDATE meta SET value = 1 WHERE name = 'directory'": {"journal and state of the directory"},
    "DELETE FROM journal WHERE subject = 1 AND state = 2": {"gaps in the journal"},
    "DELETE FROM domain": {"addresses without a domain"},
    "UPDATE account SET status = 'removed' WHERE account = 1": {"addresses without an account"},
    "UPDATE blob SET stored_size = 1 WHERE stored IS NULL": {"blob files"},
}


@pytest.fixture
async def local(tmp_path: Path) -> LocalStore:
    """A store with something in every table."""
    store = LocalStore(tmp_path / "store", FixedClock())
    case = StoreCase(store, tmp_path / "store", "sqlite", FixedClock())
    ids = case.ids
    alice, bob = await case.two_accounts()
    await store.submit(AddAlias(unit=ids.unit(), key="x@example.test", domain="example.test", targets=("y@y.test",)))
    await store.submit(deliver(ids, alice, alice, alice, alice))
    await store.submit(Expunge(unit=ids.unit(), account=alice, mailbox=INBOX, uids=((1, 1),), only_deleted=False))
    await store.submit(CopyMessages(unit=ids.unit(), account=alice, mailbox=INBOX, uids=((2, 2),), target=SENT))
    await store.submit(PutPacks(unit=ids.unit(), account=alice, mailbox=SENT, kind=b"k", packs=(Pack(1, 1, b"s"),)))
    pack = PutMailboxPack(unit=ids.unit(), account=alice, mailbox=SENT, state=State(1), sealed=b"s")
    await store.submit(pack)
    (case.root / "spool" / "large").write_bytes(b"s" * 30)
    large = BlobIn(BlobId(ids()), size=50, stored_size=30, spool_name="large")
    await store.submit(Deliver(unit=ids.unit(), blob=large, targets=(target(ids, bob),)))
    waiting = QueuedRecipient(b"r", 5)
    await store.submit(
        Enqueue(
            unit=ids.unit(),
            queue_id=ids.queue(),
            blob=blob(ids),
            wrapped_key=b"",
            envelope=b"",
            recipients=(waiting,),
        )
    )
    return store


async def report_of(store: LocalStore) -> Report:
    report = await store.read(check(StorePaths(store.reader.paths.root).blob_size))
    await store.close()
    return report


async def test_a_sound_store_has_no_difference(local: LocalStore) -> None:
    report = await report_of(local)
    assert report.count == 0
    assert report.rules == (*TABLE, "blob files")


def test_every_rule_is_shown_by_some_damage() -> None:
    assert set().union(*DAMAGE.values()) == {*TABLE, "blob files"}


@pytest.mark.parametrize("damage", list(DAMAGE))
async def test_damage_is_found_by_the_rules_meant_for_it(local: LocalStore, damage: str) -> None:
    local.writer.db.execute(damage, {})
    report = await report_of(local)
    assert report.count > 0
    assert {difference.rule for difference in report.differences} >= DAMAGE[damage]
    assert all(difference.examples for difference in report.differences)
