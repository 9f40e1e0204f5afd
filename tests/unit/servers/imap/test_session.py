"""The loop of a session: greeting, states, ends, bugs, IDLE (RFC 9051 3, 5.4, 6.1, 6.3.13, 7.1.5)."""

from typing import cast

import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.engine import TimedOut, Woken
from skrytka.model.errors import PermanentError, Reason, RemoteProtocolError, TransientError
from skrytka.model.events import BugCaught
from skrytka.model.limits import ImapLimits
from skrytka.protocol.imap.commands.base import Command
from skrytka.protocol.imap.states import ALLOWED
from skrytka.servers.imap.session import HANDLERS
from tests.support.imap import LOGIN, SELECT, World

SPECIAL = {"Logout", "StartTls", "Idle", "Authenticate", "Search", "Append"}


def test_every_command_has_a_handler() -> None:
    wanted: set[type[Command]] = set().union(*ALLOWED.values())
    assert {command.__name__ for command in wanted} - SPECIAL == {command.__name__ for command in HANDLERS}


async def test_the_greeting_tells_what_can_be_done() -> None:
    conn = await World().play()
    assert conn.text.startswith("* OK [CAPABILITY IMAP4rev1 IMAP4rev2 ")
    assert "AUTH=PLAIN" in conn.text
    assert conn.cause == "eof"


async def test_logout_says_bye_first() -> None:
    conn = await World().play(b"1 LOGOUT\r\n2 NOOP\r\n")
    assert conn.said[-1] == b"* BYE see you\r\n1 OK done\r\n"
    assert conn.cause == "quit"


async def test_silence_ends_the_session() -> None:
    conn = await World().play(TimedOut())
    assert conn.said[-1].startswith(b"* BYE ")
    assert conn.cause == "timeout"


async def test_strangers_have_one_deadline_and_users_one_per_command() -> None:
    limits = ImapLimits(before_login_s=11, after_login_s=22)
    conn = await World(limits).play(b"1 NOOP\r\n2 NOOP\r\n")
    assert conn.deadlines == [11]
    conn = await World(limits).play(LOGIN, b"1 NOOP\r\n")
    assert conn.deadlines == [11, 22, 22]


@pytest.mark.parametrize(
    "last", [b"1 NOOP\r\n", b"1 APPEND INBOX {3}\r\n", b"1 FETCH 1 BODY[]\r\n", b"1 IDLE\r\n", Woken()]
)
async def test_whose_login_was_revoked_hears_of_it_at_once_and_gets_nothing(last: bytes | Woken) -> None:
    world = World()
    world.inbox.deliver(b"\r\nsecret")

    def revoke() -> None:
        world.identity.is_revoked = True
        cast("FixedClock", world.deps.clock).advance(1.0)

    before = [b"0 IDLE\r\n"] if isinstance(last, Woken) else []
    conn = await world.play(LOGIN, SELECT, *before, revoke, last, b"2 NOOP\r\n")
    assert conn.said[-1] == b"* BYE [AUTHENTICATIONFAILED] this login is not valid any more\r\n"
    assert conn.cause == "refused"


async def test_drain_says_bye() -> None:
    world = World()
    conn = await world.play(LOGIN, Woken())
    assert conn.said[-1] == b""  # a wake without drain is nothing to a session that is not idle
    steps = [LOGIN, SELECT, b"1 IDLE\r\n"]
    draining = await _drained(world, steps)
    assert draining.startswith(b"* BYE [UNAVAILABLE] ")


async def _drained(world: World, steps: list[bytes]) -> bytes:
    from skrytka.net.connection import Connection
    from skrytka.servers.imap.session import serve_imap
    from tests.support.imap import FakeConnection

    conn = FakeConnection([])

    def drain() -> None:
        conn.is_draining = True

    conn.steps = [*steps, drain, Woken()]
    await serve_imap(cast("Connection", conn), world.deps)
    return conn.said[-1]


async def test_errors_of_a_user_are_counted_in_a_row() -> None:
    conn = await World(ImapLimits(bad_commands=1)).play(LOGIN, b"1 FOO\r\n2 NOOP\r\n" * 10, b"3 FOO\r\n" * 3)
    assert conn.said[2].count(b"1 BAD") == 10
    assert conn.said[3].endswith(b"* BYE too many errors\r\n")
    conn = await World(ImapLimits(bad_commands=1)).play(b"1 FOO\r\n2 NOOP\r\n" * 10)
    assert conn.said[1].count(b"1 BAD") == 2


async def test_too_many_errors_end_the_session() -> None:
    conn = await World(ImapLimits(bad_commands=3)).play(b"1 FOO\r\n" * 10)
    assert conn.text.count("1 BAD") == 4
    assert conn.said[-1].endswith(b"* BYE too many errors\r\n")
    assert conn.errors == 4


async def test_commands_that_answer_bad_count_as_errors_too() -> None:
    conn = await World(ImapLimits(bad_commands=1)).selected(b"1 FETCH 9 FLAGS\r\n" * 5)
    assert conn.text.count("1 BAD") == 2


async def test_lost_framing_ends_the_session() -> None:
    conn = await World().play(b"x" * 100_000)
    assert conn.said[-1] == b"* BYE the line is too long\r\n"
    assert conn.cause == "error"


async def test_a_bug_is_answered_recorded_and_survived() -> None:
    world = World()
    world.mailboxes.failure = ZeroDivisionError("alice@example.test")
    conn = await world.play(LOGIN, b"1 SELECT INBOX\r\n2 NOOP\r\n")
    assert b"1 NO [SERVERBUG] " in conn.said[2]
    assert b"2 OK" in conn.said[2]
    bugs = [event for event in world.recorder.events if isinstance(event, BugCaught)]
    assert [bug.error for bug in bugs] == ["ZeroDivisionError"]
    assert "alice" not in repr(bugs)


@pytest.mark.parametrize(
    ("failure", "answer"),
    [
        (TransientError(Reason.STORE_DOWN, "secret detail"), b"1 NO [UNAVAILABLE] "),
        (PermanentError(Reason.NO_SUCH_MAILBOX), b"1 NO [NONEXISTENT] "),
        (PermanentError(Reason.NOT_PERMITTED), b"1 NO [NOPERM] "),
        (PermanentError(Reason.BAD_CONFIG), b"1 NO [CANNOT] "),
    ],
)
async def test_errors_are_answered_with_their_code(failure: Exception, answer: bytes) -> None:
    world = World()
    world.mailboxes.failure = failure
    conn = await world.play(LOGIN, b"1 SELECT INBOX\r\n")
    assert conn.said[2].startswith(answer)
    assert b"secret" not in conn.said[2]


async def test_a_failed_select_leaves_no_mailbox() -> None:
    conn = await World().selected(b"1 SELECT nothing\r\n2 FETCH 1 FLAGS\r\n")
    assert conn.said[0] == (
        b"* OK [CLOSED] the mailbox was left\r\n"
        b"1 NO [NONEXISTENT] there is no such mailbox\r\n"
        b"2 BAD not possible in authenticated state\r\n"
    )


async def test_views_are_closed_whatever_ends_the_session() -> None:
    world = World()
    await world.selected(b"1 IDLE\r\n")
    assert [view.is_closed for view in world.mailboxes.views] == [True]
    assert world.mailboxes.watchers == []


async def test_a_literal_is_asked_for() -> None:
    conn = await World().play(b"1 LOGIN {18}\r\n", b"alice@example.test {6}\r\n", b"secret\r\n")
    assert conn.said[1:3] == [b"+ OK\r\n", b"+ OK\r\n"]
    assert conn.said[3].startswith(b"1 OK ")


# -- IDLE


async def test_idle_tells_news_when_woken() -> None:
    world = World()
    world.inbox.deliver(b"Subject: a\r\n\r\n")

    def change() -> None:
        assert len(world.mailboxes.watchers) == 1
        world.inbox.deliver(b"Subject: b\r\n\r\n")
        world.inbox.flag(1, 1)

    def expunge() -> None:
        world.inbox.remove(1)

    conn = await world.selected(b"1 IDLE\r\n", change, Woken(), Woken(), expunge, Woken(), b"DONE\r\n2 NOOP\r\n")
    assert conn.said[0] == b"+ idling\r\n"
    assert conn.said[2] == b"* 2 EXISTS\r\n* 0 RECENT\r\n* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n"
    assert conn.said[3] == b""
    assert conn.said[5] == b"* 1 EXPUNGE\r\n"
    assert conn.said[6] == b"1 OK done\r\n2 OK done\r\n"
    assert world.mailboxes.watchers == []


async def test_idle_starts_with_what_happened_before() -> None:
    world = World()

    def deliver() -> None:
        world.inbox.deliver(b"\r\n")

    conn = await world.selected(deliver, b"1 IDLE\r\n")
    assert conn.said[1] == b"+ idling\r\n* 1 EXISTS\r\n* 0 RECENT\r\n"


async def test_idle_works_without_a_mailbox() -> None:
    conn = await World().play(LOGIN, b"1 IDLE\r\n", Woken(), b"DONE\r\n")
    assert conn.said[2:5] == [b"+ idling\r\n", b"", b"1 OK done\r\n"]


async def test_idle_ends_with_done_only() -> None:
    conn = await World().play(LOGIN, b"1 IDLE\r\n", b"2 NOOP\r\n", b"3 NOOP\r\n")
    assert conn.said[3] == b"1 BAD IDLE ends with DONE\r\n"
    assert conn.said[4] == b"3 OK done\r\n"


async def test_trouble_during_idle_waits_for_the_next_command() -> None:
    world = World()

    def spoil() -> None:
        view = world.mailboxes.views[0]

        async def fail() -> None:
            raise TransientError(Reason.STORE_DOWN)

        view.snapshot = fail  # type: ignore[method-assign, assignment]

    conn = await world.selected(b"1 IDLE\r\n", spoil, Woken(), b"DONE\r\n")
    assert conn.said[2] == b""
    assert conn.said[3].startswith(b"1 NO [UNAVAILABLE]")


# -- STARTTLS


async def test_starttls_upgrades_and_forgets() -> None:
    world = World()
    conn = await world.play(
        b"1 CAPABILITY\r\n",
        b"2 STARTTLS\r\n3 LOGIN evil evil\r\n",
        b"4 CAPABILITY\r\n" + LOGIN,
        is_tls=False,
        can_start_tls=True,
    )
    assert b"STARTTLS LOGINDISABLED" in conn.said[1]
    assert b"AUTH=" not in conn.said[1]
    assert conn.said[2] == b"2 OK begin TLS\r\n"
    assert b"AUTH=PLAIN" in conn.said[3]
    assert b"STARTTLS" not in conn.said[3]
    assert world.identity.tried == [("alice@example.test", "LOGIN")]


async def test_starttls_twice_is_an_error() -> None:
    conn = await World().play(b"1 STARTTLS\r\n")
    assert conn.said[1] == b"1 BAD TLS is active\r\n"


async def test_starttls_without_a_certificate_is_refused() -> None:
    conn = await World().play(b"1 STARTTLS\r\n2 CAPABILITY\r\n", is_tls=False)
    assert conn.said[1].startswith(b"1 NO [UNAVAILABLE]")
    assert b"STARTTLS" not in conn.said[1].split(b"\r\n", 1)[1]


async def test_a_failed_handshake_ends_the_session() -> None:
    from typing import cast

    from skrytka.net.connection import Connection
    from skrytka.servers.imap.session import serve_imap
    from tests.support.imap import FakeConnection

    conn = FakeConnection([b"1 STARTTLS\r\n", b"2 NOOP\r\n"], is_tls=False, can_start_tls=True)
    conn.handshake_failure = RemoteProtocolError("TLS: error")
    await serve_imap(cast("Connection", conn), World().deps)
    assert conn.said[1:] == [b"1 OK begin TLS\r\n"]
