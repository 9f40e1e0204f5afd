"""Questions about mailboxes, on both engines."""

from skrytka.model.ids import AccountId, MailboxId
from skrytka.store.rows import Role
from skrytka.store.sql import mailboxes
from tests.support.store import JUNK, StoreCase


async def test_a_mailbox_is_found_by_id_name_and_role(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    read = case.store.read
    by_id = await read(mailboxes.by_id(alice, JUNK))
    assert by_id is not None
    assert by_id.role is Role.JUNK
    assert by_id.is_subscribed is True
    assert await read(mailboxes.by_name(alice, b"mac junk")) == by_id
    assert await read(mailboxes.by_role(alice, Role.JUNK)) == by_id
    assert by_id in await read(mailboxes.list_(alice))
    assert {box.role for box in await read(mailboxes.list_(bob))} == set(Role) - {Role.QUARANTINE}  # made when needed


async def test_what_is_not_there_is_none_or_empty(case: StoreCase) -> None:
    read = case.store.read
    nobody = AccountId(9)
    assert await read(mailboxes.by_id(nobody, MailboxId(1))) is None
    assert await read(mailboxes.by_name(nobody, b"x")) is None
    assert await read(mailboxes.by_role(nobody, Role.INBOX)) is None
    assert await read(mailboxes.list_(nobody)) == []
