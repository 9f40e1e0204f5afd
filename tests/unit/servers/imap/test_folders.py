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


async def test_after_enable_a_session_outlives_its_mailbox() -> None:
    """RFC 9051 3: an unsolicited CLOSED."""
    world = World()

    def vanish() -> None:
        world.inbox.is_gone = True

    conn = await world.selected(b"1 ENABLE IMAP4rev2\r\n", vanish, b"2 SEARCH ALL\r\n3 NOOP\r\n4 SEARCH ALL\r\n")
    assert conn.said[2] == (
        b"* OK [CLOSED] the selected mailbox was deleted\r\n2 NO [NONEXISTENT] the selected mailbox was deleted\r\n"
        b"3 OK done\r\n4 BAD not possible in authenticated state\r\n"
    )


async def test_a_command_is_answered_before_the_session_ends() -> None:
    world = World()

    def vanish() -> None:
        world.inbox.is_gone = True

    conn = await world.selected(vanish, b"1 NOOP\r\n2 NOOP\r\n")
    assert conn.said[-1] == b"1 OK done\r\n* BYE the selected mailbox was deleted\r\n"
