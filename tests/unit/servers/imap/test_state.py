"""What a session remembers."""

from collections.abc import Callable
from dataclasses import replace as replace_deps
from types import SimpleNamespace
from typing import cast

import pytest
from msgspec.structs import replace

from skrytka.mail.identity.login import Login
from skrytka.model.address import Address
from skrytka.model.engine import DisconnectedError
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.net.connection import Connection
from skrytka.servers.imap.deps import Sessions
from skrytka.servers.imap.selected import Selected
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


async def test_with_anothers_mailbox_selected_his_account_is_watched() -> None:
    world, watched, told = World(), list[AccountId](), list[AccountId]()
    found, _conn = session(world)
    found.login = Login(AccountId(5), Address.parse("alice@example.test"))
    view = await world.mailboxes.open(AccountId(5), "INBOX")
    view.info = replace(view.info, owner=AccountId(7), rights="lr")
    found.selected = Selected(view, await view.snapshot(), is_read_only=True)

    def watch(account: AccountId, _notify: object) -> Callable[[], None]:
        watched.append(account)
        return lambda: watched.remove(account)

    def add(account: AccountId, _wake: object) -> Callable[[], None]:
        told.append(account)
        return lambda: told.remove(account)

    world.mailboxes.watch = watch  # type: ignore[method-assign, assignment]
    found.deps = replace_deps(world.deps, sessions=cast("Sessions", SimpleNamespace(add=add)))
    found.watch()
    assert (watched, told) == ([7], [7])
    assert not found.is_damaged(1)
    found.report_corrupt(1, PermanentError(Reason.CORRUPT))
    assert found.is_damaged(1)
    assert (7, view.info.mailbox, 1) in world.deps.damaged
    found.close()
    assert (watched, told) == ([], [])
