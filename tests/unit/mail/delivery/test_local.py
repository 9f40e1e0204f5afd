import os

import msgspec
import pytest

from skrytka.model import reply
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import MessageDelivered, MessageQuarantined, MessageReceived, MessageRefused
from skrytka.model.reply import Reply
from skrytka.store.commands.deliver import Deliver
from skrytka.store.commands.queue import Enqueue
from skrytka.store.rows import Role
from skrytka.store.seal.keys import Kind
from skrytka.store.seal.text import decode_text
from skrytka.store.sql import mailboxes, messages
from tests.unit.mail.world import MESSAGE, World, fails


async def test_a_message_is_in_the_mailbox_when_250_is_said(world: World) -> None:
    verdict = await world.deliver(MESSAGE)
    assert verdict.reply == reply.ACCEPTED
    (content,) = await world.inbox()
    assert content.endswith(MESSAGE)
    prefix = content.removesuffix(MESSAGE)
    assert prefix.startswith(b"Return-Path: <bob@example.net>\r\nDelivered-To: alice@example.test\r\nReceived: from ")
    assert b"for <alice@example.test>;" in prefix


async def test_each_event_of_a_message_has_its_trace(world: World) -> None:
    await world.deliver(MESSAGE, "alice@example.test", "bob@example.test")
    assert world.events.names() == ["MessageDelivered", "MessageDelivered", "MessageReceived"]
    assert len({event.trace for event in world.events.events}) == 1
    received = world.events.events[-1]
    assert isinstance(received, MessageReceived)
    assert received.recipients == ("alice@example.test", "bob@example.test")
    assert received.size_bytes == len(MESSAGE)


async def test_all_recipients_share_one_blob_and_one_commit(world: World) -> None:
    world.store.commands.clear()
    await world.deliver(MESSAGE, "alice@example.test", "bob@example.test")
    (command,) = world.store.commands
    assert isinstance(command, Deliver)
    assert len(command.targets) == 2
    for name in ("alice", "bob"):
        (content,) = await world.inbox(name)
        assert b"Delivered-To: " + name.encode() in content
        assert content.endswith(MESSAGE)


async def test_an_account_gets_one_copy_however_often_it_is_named(world: World) -> None:
    await world.deliver(MESSAGE, "alice@example.test", "ALICE@example.test", "alice+tag@example.test")
    assert len(await world.inbox()) == 1


async def test_our_own_results_are_cut_out_before_the_blob_is_sealed(world: World) -> None:
    forged = b"Authentication-Results: mx.example.test; spf=pass\r\n"
    await world.deliver(forged + MESSAGE)
    (content,) = await world.inbox()
    assert forged not in content
    assert content.endswith(MESSAGE)


async def test_a_large_message_goes_through_a_spool_file_and_leaves_none(world: World) -> None:
    body = os.urandom(300_000).hex().encode()
    large = MESSAGE + b"\r\n".join(body[at : at + 70] for at in range(0, len(body), 70))
    verdict = await world.deliver(large)
    assert verdict.reply == reply.ACCEPTED
    (content,) = await world.inbox()
    assert content.endswith(large)
    assert list((world.root / "spool").iterdir()) == []
    view = await world.mailboxes.open(await world.account("alice"), "INBOX")
    (row,) = await view.rows([1], with_summary=True)
    assert row.summary is not None
    assert row.summary.parts[0].body_end == row.size_bytes


LOOP = b"Received: from a by b\r\n" * 100 + MESSAGE
REFUSED = [
    (LOOP, reply.MAIL_LOOP, "mail_loop"),
    (b"X: " + b"x" * 300_000 + b"\r\n" + MESSAGE, reply.HEADER_TOO_LARGE, "too_large"),
    (b"A: b\nC: d\r\n\r\n", reply.BARE_NEWLINE_DATA, "bare_newline"),
]


@pytest.mark.parametrize(("message", "answer", "reason"), REFUSED)
async def test_what_the_decision_refuses_is_in_no_mailbox(
    world: World, message: bytes, answer: Reply, reason: str
) -> None:
    verdict = await world.deliver(message)
    assert verdict.reply == answer
    (event,) = world.events.events
    assert isinstance(event, MessageRefused)
    assert event.reason == reason
    assert await world.inbox() == []
    assert world.memory.held_bytes == 0
    assert list((world.root / "spool").iterdir()) == []


TROUBLE = [
    (Reason.STORE_DOWN, reply.STORE_DOWN),
    (Reason.DISK_FULL, reply.DISK_FULL),
]


@pytest.mark.parametrize(("reason", "answer"), TROUBLE)
async def test_without_the_store_the_peer_keeps_the_message(world: World, reason: Reason, answer: Reply) -> None:
    world.store.failures[Deliver] = fails(TransientError(reason))
    assert (await world.deliver(MESSAGE)).reply == answer
    assert await world.inbox() == []
    assert world.events.names() == ["MessageRefused"]


async def test_a_busy_store_leaves_the_message_to_the_queue_and_then_it_arrives(world: World) -> None:
    world.store.failures[Deliver] = fails(TransientError(Reason.STORE_BUSY))
    assert (await world.deliver(MESSAGE)).reply == reply.ACCEPTED
    assert world.events.names() == ["MessageQueued", "MessageReceived"]
    assert await world.courier.run_once() == 1
    (content,) = await world.inbox()
    assert content.endswith(MESSAGE)


async def test_when_the_queue_fails_too_the_peer_keeps_the_message(world: World) -> None:
    world.store.failures[Deliver] = fails(TransientError(Reason.STORE_BUSY))
    world.store.failures[Enqueue] = fails(TransientError(Reason.DISK_FULL))
    assert (await world.deliver(MESSAGE)).reply == reply.DISK_FULL


async def test_a_recipient_that_vanished_after_rcpt_is_asked_for_again(world: World) -> None:
    resolutions = await world.resolve("alice@example.test", "bob@example.test")
    world.store.failures[Deliver] = [PermanentError(Reason.NO_SUCH_OBJECT, "account 3")]
    incoming = world.delivery.begin()
    await incoming.write(MESSAGE)
    verdict = await world.delivery.deliver(world.facts(), resolutions, incoming)
    assert verdict.reply == reply.LOCAL_ERROR
    assert await world.inbox() == []


async def test_the_memory_of_a_message_is_given_back(world: World) -> None:
    await world.deliver(MESSAGE)
    assert world.memory.held_bytes == 0


async def test_answers_to_a_thread_are_in_the_thread(world: World) -> None:
    await world.deliver(MESSAGE)
    answer = b"Message-ID: <2@x>\r\nIn-Reply-To: <1@example.net>\r\n\r\n"
    await world.deliver(answer)
    await world.deliver(b"Message-ID: <3@x>\r\n\r\n")
    view = await world.mailboxes.open(await world.account("alice"), "INBOX")
    first, second, third = await view.rows([1, 2, 3], with_summary=False)
    assert first.thread_id == second.thread_id != third.thread_id


async def test_the_delivered_event_names_where_the_message_is(world: World) -> None:
    await world.deliver(MESSAGE)
    event = world.events.events[0]
    assert isinstance(event, MessageDelivered)
    assert (event.recipient, event.uid, event.via) == ("alice@example.test", 1, "direct")


ODD = [
    b"",
    b"\r\n",
    b"no header at all",
    b"\0\xff: \r\n\r\n\0\r\n.\r\n",
    b"Subject: x\r\n",
    b"A: b\r\n\r\n" + b"x" * 70_000,
    b"A: b\r\n\r\nlone \r and \n in a binary body",
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x\r\n\r\n--x--",
    b"A: b\r\n\r\n" + b"\r\n--" * 50_000,
]


@pytest.mark.parametrize("message", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("chunk", [3, 65536])
async def test_any_message_is_read_back_octet_by_octet(world: World, message: bytes, chunk: int) -> None:
    if chunk == 3:
        message = message[:3000]
    assert (await world.deliver(message, chunk=chunk)).reply == reply.ACCEPTED
    (content,) = await world.inbox()
    assert content.endswith(b" +0000\r\n" + message)
    view = await world.mailboxes.open(await world.account("alice"), "INBOX")
    (row,) = await view.rows([1], with_summary=True)
    assert row.size_bytes == len(content)
    assert row.summary is not None


async def test_a_poisoned_message_is_taken_into_a_mailbox_that_no_client_sees(world: World) -> None:
    world.inspector.poison = b"Hello"
    for _ in range(2):
        verdict = await world.deliver(MESSAGE, "alice@example.test", "bob@example.test")
        assert verdict.reply == reply.ACCEPTED
    alice = await world.account("alice")
    told = [event for event in world.events.events if isinstance(event, MessageQuarantined)]
    assert [(event.recipient, event.uid, event.reason) for event in told] == [
        ("alice@example.test", 1, "poisoned"),
        ("bob@example.test", 1, "poisoned"),
        ("alice@example.test", 2, "poisoned"),
        ("bob@example.test", 2, "poisoned"),
    ]
    assert told[0].trace is not None
    assert "MessageDelivered" not in world.events.names()
    hidden = await world.store.read(mailboxes.by_role(alice, Role.QUARANTINE))
    assert hidden is not None
    assert (hidden.mailbox, hidden.messages, hidden.unseen) == (told[0].mailbox, 2, 2)
    assert len(await world.store.read(messages.snapshot(alice, hidden.mailbox))) == 2
    assert await world.inbox() == []
    names = [info.name for info in await world.mailboxes.names(alice)]
    assert len(names) == 6
    for name in ("\0quarantine", "quarantine"):
        with pytest.raises(PermanentError) as caught:
            await world.mailboxes.open(alice, name)
        assert caught.value.reason is Reason.NO_SUCH_MAILBOX


async def test_who_submits_a_poisoned_message_keeps_it(world: World) -> None:
    world.inspector.poison = b"Hello"
    incoming = world.delivery.begin_submission()
    await incoming.write(MESSAGE)
    facts = msgspec.structs.replace(world.facts(), is_submission=True)
    verdict = await world.delivery.deliver(facts, await world.resolve("alice@example.test"), incoming)
    assert verdict.reply.code == 451
    assert world.events.names() == ["MessageRefused"]
    assert await world.inbox() == []


@pytest.mark.parametrize("reason", [Reason.INSPECTOR_DOWN, Reason.SHUTTING_DOWN])
async def test_without_inspectors_the_peer_keeps_the_message(world: World, reason: Reason) -> None:
    world.inspector.failures = [TransientError(reason)]
    verdict = await world.deliver(MESSAGE)
    assert verdict.reply.code == 451
    assert await world.inbox() == []
    assert list((world.root / "spool").iterdir()) == []


async def test_search_text_is_sealed_beside_the_message(world: World) -> None:
    world.store.commands.clear()
    await world.deliver(MESSAGE)
    (command,) = world.store.commands
    assert isinstance(command, Deliver)
    (target,) = command.targets
    keys = await world.keys.account(target.account)
    text = decode_text(keys.open(Kind.TEXT, target.email_id, target.text))
    assert b"from: bob <bob@example.net>" in text.header
    assert text.body == b"hello alice"
