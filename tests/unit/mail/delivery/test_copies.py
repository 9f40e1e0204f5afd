import msgspec
import pytest

from skrytka.mail.delivery.copies import QUARANTINE, THREAD_KEYS_MAX, blob_in, quarantine, thread_keys
from skrytka.mail.delivery.incoming import HeaderScan, rescan
from skrytka.model.errors import PermanentError
from skrytka.model.ids import BlobId
from skrytka.model.secret import Secret
from skrytka.store.rows import Role
from skrytka.store.seal.blob import SealedBlob
from tests.unit.mail.world import World


def scan(references: int) -> HeaderScan:
    names = b" ".join(b"<%d@x>" % number for number in range(references))
    return rescan(b"Message-ID: <own@x>\r\nReferences: " + names + b"\r\n\r\n")


def test_the_message_comes_first_then_the_newest_it_answers() -> None:
    assert thread_keys(scan(3)) == [b"<own@x>", b"<2@x>", b"<1@x>", b"<0@x>"]


def test_of_a_long_thread_the_newest_and_the_root_are_kept() -> None:
    keys = thread_keys(scan(50))
    assert len(keys) == THREAD_KEYS_MAX
    assert (keys[0], keys[1], keys[-1]) == (b"<own@x>", b"<49@x>", b"<0@x>")


def test_a_message_without_ids_has_no_thread_keys() -> None:
    assert thread_keys(HeaderScan(b"")) == []


def test_a_message_that_answers_itself_has_one_key() -> None:
    assert thread_keys(rescan(b"Message-ID: <a@x>\r\nIn-Reply-To: <a@x>\r\n\r\n")) == [b"<a@x>"]


def test_a_blob_is_handed_over_as_bytes_or_as_the_name_of_its_file() -> None:
    blob = SealedBlob(BlobId(b"b" * 16), Secret(b"k" * 32), 3, b"h" * 32, b"sealed", None, 6)
    assert blob_in(blob).stored == b"sealed"
    spooled = SealedBlob(BlobId(b"b" * 16), Secret(b"k" * 32), 3, b"h" * 32, None, "/data/spool/01ABC", 6)
    handed = blob_in(spooled)
    assert (handed.stored, handed.spool_name) == (None, "01ABC")
    assert b"/data" not in msgspec.msgpack.encode(handed)


async def test_no_client_can_make_or_name_the_hidden_mailbox(world: World) -> None:
    account = await world.account("alice")
    folder = quarantine(await world.keys.account(account))
    assert folder.role is Role.QUARANTINE
    with pytest.raises(PermanentError):
        await world.mailboxes.folders.create(account, QUARANTINE)
    with pytest.raises(PermanentError):
        await world.mailboxes.folders.create(account, "x", "\\Quarantine")
