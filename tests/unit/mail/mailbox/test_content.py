import os

import pytest

from skrytka.mail.mailbox.content import find, open_content
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import MailboxId, Uid
from tests.unit.mail.world import MESSAGE, World


async def test_prefix_and_blob_are_read_as_one_across_segments(world: World) -> None:
    body = os.urandom(400_000).hex().encode()
    await world.deliver(MESSAGE + body)
    view = await world.mailboxes.open(await world.account("alice"), "INBOX")
    content = await view.content(Uid(1))
    whole = await content.read(0, content.size_bytes + 1)
    assert whole.endswith(MESSAGE + body)
    assert len(whole) == content.size_bytes
    start = len(whole) - len(body) + 262_000
    assert await content.read(start, 1000) == whole[start : start + 1000]
    content.close()


async def test_the_prefix_of_another_message_does_not_open(world: World) -> None:
    await world.deliver(MESSAGE)
    await world.deliver(MESSAGE)
    account = await world.account("alice")
    first, blob = await world.store.read(find(account, MailboxId(1), Uid(1)))
    second, _ = await world.store.read(find(account, MailboxId(1), Uid(2)))
    keys = await world.keys.account(account)
    with pytest.raises(PermanentError) as caught:
        open_content(keys, first._replace(prefix=second.prefix), blob, world.blobs)
    assert caught.value.reason is Reason.CORRUPT
