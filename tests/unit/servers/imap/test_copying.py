"""COPY and MOVE in a session; the transcript copy_and_move shows the dialogue."""

import pytest

from skrytka.model.errors import PermanentError, Reason
from tests.support.imap import LOGIN, World


@pytest.mark.parametrize(("command", "answer"), [("MOVE 1 Sent", "NO [NOPERM]"), ("COPY 1 Sent", "OK [COPYUID")])
async def test_nothing_moves_out_of_a_mailbox_open_for_reading(command: str, answer: str) -> None:
    world = World()
    world.inbox.deliver(b"x")
    world.mailboxes.add("Sent")
    conn = await world.play(LOGIN, b"e EXAMINE INBOX\r\n", f"1 {command}\r\n".encode())
    assert conn.said[3].decode().startswith(f"1 {answer}")


async def test_messages_that_are_gone_are_not_copied() -> None:
    world = World()
    for _ in range(2):
        world.inbox.deliver(b"x")
    world.mailboxes.add("Sent")
    conn = await world.selected(lambda: world.inbox.remove(1), b"1 COPY 1:2 Sent\r\n")
    assert conn.said[1].endswith(b"1 NO [EXPUNGEISSUED] some of the messages are gone\r\n")
    assert len(world.mailboxes.boxes["Sent"].messages) == 1


async def test_a_full_mailbox_is_told() -> None:
    world = World()
    world.inbox.deliver(b"x")
    world.inbox.failure = PermanentError(Reason.OVER_QUOTA)
    assert (await world.ask("COPY 1 INBOX"))[-1].startswith("t1 NO [OVERQUOTA]")
