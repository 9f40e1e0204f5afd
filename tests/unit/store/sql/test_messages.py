"""Questions about messages when there is nothing to say; the rest stands with the commands."""

from skrytka.model.ids import AccountId, BlobId, EmailId, State
from skrytka.store.ranges import ALL
from skrytka.store.sql import messages
from tests.support.store import INBOX, StoreCase, deliver

NOBODY = AccountId(9)


async def test_what_is_not_there_is_none_or_empty(case: StoreCase) -> None:
    read = case.store.read
    assert await read(messages.snapshot(NOBODY, INBOX)) == []
    assert await read(messages.changed_since(NOBODY, INBOX, State(0))) == []
    assert await read(messages.vanished_since(NOBODY, INBOX, State(0))) == ()
    assert await read(messages.by_uids(NOBODY, INBOX, ALL)) == []
    assert await read(messages.contents(NOBODY, INBOX, ALL)) == []
    assert await read(messages.summaries(NOBODY, INBOX, ALL)) == []
    assert await read(messages.vault(NOBODY)) == []
    assert await read(messages.content(NOBODY, EmailId(bytes(16)))) is None
    assert await read(messages.blob(BlobId(bytes(16)))) is None


async def test_an_account_never_sees_another_ones_content(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    command = deliver(case.ids, alice)
    await case.store.submit(command)
    email_id = command.targets[0].email_id
    assert await case.store.read(messages.content(alice, email_id)) is not None
    assert await case.store.read(messages.content(bob, email_id)) is None
