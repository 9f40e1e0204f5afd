"""CREATE and friends in a session; the transcript folders shows the dialogue."""

from skrytka.model.engine import Woken
from tests.support.imap import LOGIN, World


async def test_two_special_uses_are_too_many() -> None:
    conn = await World().play(LOGIN, b"1 CREATE x (USE (\\Sent \\Trash))\r\n")
    assert conn.said[2].startswith(b"1 NO [USEATTR]")


async def test_an_idle_session_ends_when_its_mailbox_goes() -> None:
    world = World()

    def vanish() -> None:
        world.inbox.is_gone = True

    conn = await world.selected(b"1 IDLE\r\n", vanish, Woken())
    assert conn.said[-1] == b"* BYE the selected mailbox was deleted\r\n"
    assert conn.cause == "gone"


async def test_a_command_is_answered_before_the_session_ends() -> None:
    world = World()

    def vanish() -> None:
        world.inbox.is_gone = True

    conn = await world.selected(vanish, b"1 NOOP\r\n2 NOOP\r\n")
    assert conn.said[-1] == b"1 OK done\r\n* BYE the selected mailbox was deleted\r\n"
