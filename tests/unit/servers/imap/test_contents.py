"""Damage is reported where it shows."""

from typing import cast

import pytest

from skrytka.mail.identity.login import Login
from skrytka.mail.mailbox.types import MailboxInfo
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError
from skrytka.model.events import MessageCorrupt
from skrytka.model.ids import AccountId, MailboxId, Uid
from skrytka.net.connection import Connection
from skrytka.servers.imap.contents import open_content
from skrytka.servers.imap.selected import Selected
from skrytka.servers.imap.state import ImapSession
from tests.support.imap import FakeConnection, World
from tests.support.imap_boxes import FakeMailbox, FakeMailboxes, FakeView


async def test_what_cannot_be_read_is_reported_with_its_place() -> None:
    world = World()
    box = FakeMailbox(MailboxInfo("INBOX", MailboxId(3)))
    box.deliver(b"0123456789", corrupt_from=5)
    session = ImapSession(cast("Connection", FakeConnection([])), world.deps)
    session.login = Login(AccountId(5), Address.parse("alice@example.test"))
    view = FakeView(box, FakeMailboxes())
    session.selected = Selected(view, await view.snapshot(), is_read_only=False)
    content = await open_content(session, Uid(1))
    assert content.size_bytes == 10
    assert await content.read(0, 5) == b"01234"
    assert world.recorder.events == []
    with pytest.raises(PermanentError):
        await content.read(0, 6)
    assert world.recorder.events == [MessageCorrupt(account=5, mailbox=3, uid=1, detail="segment")]
    content.close()
    assert box.contents[0].is_closed
    with pytest.raises(PermanentError):
        await open_content(session, Uid(2))
