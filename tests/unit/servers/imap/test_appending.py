"""APPEND in a session; the transcripts append and nul show the dialogue."""

from skrytka.model.errors import PermanentError, Reason, TransientError
from tests.support.imap import LOGIN, World


async def test_a_message_that_is_not_whole_leaves_nothing() -> None:
    world = World()
    await world.play(LOGIN, b"1 APPEND INBOX {5+}\r\nab")
    assert [appending.is_aborted for appending in world.appends.begun] == [True]
    assert world.inbox.messages == []


async def test_a_fault_behind_the_message_leaves_nothing() -> None:
    world = World()
    conn = await world.play(LOGIN, b"1 APPEND INBOX {2+}\r\nabc\r\n2 NOOP\r\n")
    assert conn.said[2] == b"1 BAD APPEND ends behind its message\r\n2 OK done\r\n"
    assert [appending.is_aborted for appending in world.appends.begun] == [True]
    assert world.inbox.messages == []


async def test_errors_of_the_store_are_told() -> None:
    world = World()
    for failure, answer in (
        (PermanentError(Reason.OVER_QUOTA), b"1 NO [OVERQUOTA] "),
        (TransientError(Reason.STORE_DOWN), b"1 NO [UNAVAILABLE] "),
        (PermanentError(Reason.NO_SUCH_MAILBOX), b"1 NO [TRYCREATE] "),
    ):
        world.inbox.failure = failure
        conn = await world.play(LOGIN, b"1 APPEND INBOX {2+}\r\nab\r\n")
        assert conn.said[2].startswith(answer)


async def test_append_needs_a_login() -> None:
    conn = await World().play(b"1 APPEND INBOX {2+}\r\nab\r\n2 NOOP\r\n")
    assert conn.said[1] == b"1 BAD not possible in not authenticated state\r\n2 OK done\r\n"
