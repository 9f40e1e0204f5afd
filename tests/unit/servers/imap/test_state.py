"""What a session remembers."""

from typing import cast

import pytest

from skrytka.mail.identity.login import Login
from skrytka.model.address import Address
from skrytka.model.engine import DisconnectedError
from skrytka.model.ids import AccountId
from skrytka.net.connection import Connection
from skrytka.servers.imap.state import ImapSession, NotSelectedError
from tests.support.imap import FakeConnection, World


def session(world: World) -> tuple[ImapSession, FakeConnection]:
    conn = FakeConnection([])
    return ImapSession(cast("Connection", conn), world.deps), conn


def test_a_handler_in_the_wrong_state_is_a_bug() -> None:
    found, _conn = session(World())
    with pytest.raises(NotSelectedError):
        _ = found.account
    with pytest.raises(NotSelectedError):
        _ = found.mailbox


async def test_watching_begins_and_ends_once() -> None:
    world = World()
    found, conn = session(world)
    found.login = Login(AccountId(5), Address.parse("alice@example.test"))
    found.watch()
    found.watch()
    assert len(world.mailboxes.watchers) == 1
    world.mailboxes.watchers[0]()
    assert conn.wakes == 1
    found.close()
    found.close()
    assert world.mailboxes.watchers == []


async def test_work_for_a_lost_client_ends() -> None:
    found, conn = session(World())
    await found.breathe()
    conn.is_lost = True
    with pytest.raises(DisconnectedError):
        await found.breathe()


async def test_nothing_is_written_for_nothing() -> None:
    found, conn = session(World())
    await found.write(b"")
    assert conn.said == []
