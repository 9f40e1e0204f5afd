"""The engine: order of commands and answers, states, literals, SASL and IDLE (RFC 9051 3, 5.5, 6)."""

import pytest

from skrytka.model.engine import NEED_DATA, PAUSED, TlsFacts
from skrytka.model.errors import LocalProtocolError, RemoteProtocolError
from skrytka.model.limits import ImapLimits
from skrytka.protocol.imap import actions as a
from skrytka.protocol.imap.commands import mailboxes, session
from skrytka.protocol.imap.commands.mailboxes import Append
from skrytka.protocol.imap.server import BEFORE_LOGIN_BYTES, ImapServer
from skrytka.protocol.imap.states import ALLOWED, State

OK = a.Tagged(a.Status.OK, "done")
NO = a.Tagged(a.Status.NO, "no")
BAD = a.Tagged(a.Status.BAD, "bad")
LIMITS = ImapLimits()


def server(data: bytes = b"", *, state: State = State.NOT_AUTHENTICATED) -> ImapServer:
    found = ImapServer(LIMITS)
    if state is not State.NOT_AUTHENTICATED:
        do(found, b"l LOGIN a b\r\n")
    if state is State.SELECTED:
        do(found, b"s SELECT INBOX\r\n")
    if data:
        found.receive(data)
    return found


def do(engine: ImapServer, data: bytes, answer: a.Tagged = OK) -> a.Event:
    engine.receive(data)
    event = engine.next_event()
    assert isinstance(event, a.Event)
    engine.send(answer)
    return event


def test_commands_come_one_at_a_time() -> None:
    engine = server(b"1 NOOP\r\n2 CAPABILITY\r\n")
    assert engine.next_event() == a.Request("1", session.Noop())
    assert engine.next_event() is PAUSED
    assert engine.send(a.Untagged(b"* OK hi\r\n")) == b"* OK hi\r\n"
    assert engine.send(OK) == b"1 OK done\r\n"
    assert engine.next_event() == a.Request("2", session.Capability())
    assert engine.send(a.Tagged(a.Status.NO, "no", b"LIMIT")) == b"2 NO [LIMIT] no\r\n"
    assert engine.next_event() is NEED_DATA


def test_a_second_answer_is_our_bug() -> None:
    engine = server()
    with pytest.raises(LocalProtocolError):
        engine.send(OK)
    do(engine, b"1 NOOP\r\n")
    with pytest.raises(LocalProtocolError):
        engine.send(OK)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"1 FOO", b"1 BAD bad\r\n"),
        (b"1 NOOP x", b"1 BAD bad\r\n"),
        (b"+ NOOP", b"* BAD bad\r\n"),
        (b"1", b"* BAD bad\r\n"),
        (b"", b"* BAD bad\r\n"),
        (b"\0", b"* BAD bad\r\n"),
        (b"1 NOOP\n2 NOOP", b"1 BAD bad\r\n"),
    ],
)
def test_a_wrong_command_is_a_fault_with_its_tag(line: bytes, answer: bytes) -> None:
    engine = server(line + b"\r\n")
    assert isinstance(engine.next_event(), a.Fault)
    assert engine.send(BAD) == answer


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (State.NOT_AUTHENTICATED, b"SELECT a"),
        (State.NOT_AUTHENTICATED, b"FETCH 1 FLAGS"),
        (State.AUTHENTICATED, b"FETCH 1 FLAGS"),
        (State.AUTHENTICATED, b"CLOSE"),
        (State.AUTHENTICATED, b"LOGIN a b"),
        (State.SELECTED, b"STARTTLS"),
    ],
)
def test_the_state_decides_what_is_possible(state: State, line: bytes) -> None:
    event = server(b"1 " + line + b"\r\n", state=state).next_event()
    assert event == a.Fault(f"not possible in {state.value} state")


def test_every_command_is_possible_somewhere() -> None:
    from skrytka.protocol.imap.commands.base import Command

    possible = frozenset[type[Command]]().union(*ALLOWED.values())
    assert set(Command.__subclasses__()) == possible


def test_the_answer_moves_the_state() -> None:
    engine = server()
    steps = [
        (b"1 LOGIN a b\r\n", NO, State.NOT_AUTHENTICATED),
        (b"1 LOGIN a b\r\n", OK, State.AUTHENTICATED),
        (b"2 SELECT a\r\n", OK, State.SELECTED),
        (b"3 SELECT b\r\n", BAD, State.SELECTED),
        (b"3 SELECT b\r\n", NO, State.AUTHENTICATED),
        (b"4 EXAMINE a\r\n", OK, State.SELECTED),
        (b"5 CLOSE\r\n", OK, State.AUTHENTICATED),
    ]
    for line, answer, state in steps:
        do(engine, line, answer)
        assert engine.state is state


def test_after_logout_nothing_is_said_or_heard() -> None:
    engine = server(b"1 LOGOUT\r\n2 NOOP\r\n")
    engine.next_event()
    assert engine.send(a.Bye("bye")) == b"* BYE bye\r\n"
    assert engine.send(OK) == b"1 OK done\r\n"
    assert engine.next_event() is NEED_DATA
    engine.receive(b"")
    assert engine.next_event() == a.Eof()
    with pytest.raises(LocalProtocolError):
        engine.send(a.Untagged(b"* OK\r\n"))


def test_bye_ends_the_conversation() -> None:
    engine = server(b"2 NOOP\r\n")
    assert engine.send(a.Bye("too many errors", b"UNAVAILABLE")) == b"* BYE [UNAVAILABLE] too many errors\r\n"
    assert engine.next_event() is NEED_DATA


def test_end_of_file_comes_after_what_was_sent() -> None:
    engine = server(b"1 NOOP\r\n2 NO")
    engine.receive(b"")
    assert isinstance(engine.next_event(), a.Request)
    assert engine.next_event() is PAUSED
    engine.send(OK)
    assert engine.next_event() == a.Eof()


def test_a_literal_waits_for_its_continuation() -> None:
    engine = server(b"1 LOGIN {1}\r\n", state=State.NOT_AUTHENTICATED)
    assert engine.next_event() == a.LiteralWanted(1)
    assert engine.next_event() is PAUSED
    assert engine.send(a.Continue()) == b"+ OK\r\n"
    engine.receive(b"a {1}\r\n")
    assert engine.next_event() == a.LiteralWanted(1)
    engine.send(a.Continue())
    engine.receive(b"b\r\n")
    event = engine.next_event()
    assert isinstance(event, a.Request)
    assert isinstance(event.command, session.Login)


def test_a_literal_can_be_refused_with_a_tagged_answer() -> None:
    engine = server(b"1 APPEND a {5000000}\r\n2 NOOP\r\n", state=State.AUTHENTICATED)
    assert engine.next_event() == a.Request("1", Append("a", (), None, 5_000_000))
    assert engine.send(NO) == b"1 NO no\r\n"
    assert engine.next_event() == a.Request("2", session.Noop())


def test_a_literal_that_is_too_large_is_a_fault() -> None:
    engine = server(
        b"1 SELECT {65537}\r\n2 SELECT {65537+}\r\n" + b"x" * 65537 + b"\r\n3 NOOP\r\n", state=State.SELECTED
    )
    for tag in (b"1", b"2"):
        assert engine.next_event() == a.Fault("the literal is too large", b"TOOBIG")
        assert engine.send(BAD) == tag + b" BAD bad\r\n"
    assert isinstance(engine.next_event(), a.Request)


def test_strangers_have_less_room() -> None:
    engine = server(b"1 LOGIN {%d}\r\n" % (BEFORE_LOGIN_BYTES + 1))
    assert isinstance(engine.next_event(), a.Fault)
    engine.send(BAD)
    engine.receive(b"1 APPEND a {5}\r\n")
    assert engine.next_event() == a.Fault("not possible in not authenticated state")
    engine.send(BAD)
    engine.receive(b"x" * (BEFORE_LOGIN_BYTES + 2))
    for _ in range(2):
        with pytest.raises(RemoteProtocolError):
            engine.next_event()


def test_lines_grow_after_login() -> None:
    engine = server(b"1 UID FETCH 1" + b",2" * 20_000 + b" FLAGS\r\n", state=State.SELECTED)
    assert isinstance(engine.next_event(), a.Request)


def test_a_sasl_exchange_takes_lines() -> None:
    engine = server(b"1 AUTHENTICATE PLAIN\r\nAGEAYg==\r\n")
    assert isinstance(engine.next_event(), a.Request)
    assert engine.send(a.Continue(b"")) == b"+ \r\n"
    event = engine.next_event()
    assert isinstance(event, a.SaslResponse)
    assert event.message is not None
    assert event.message.reveal() == b"\0a\0b"
    assert engine.send(OK) == b"1 OK done\r\n"
    assert engine.state is State.AUTHENTICATED


@pytest.mark.parametrize(("line", "event"), [(b"*", a.SaslResponse(None)), (b"{5}", a.Fault("not base64"))])
def test_a_sasl_exchange_can_fail(line: bytes, event: a.Event) -> None:
    engine = server(b"1 AUTHENTICATE PLAIN\r\n" + line + b"\r\n2 NOOP\r\n")
    engine.next_event()
    engine.send(a.Continue(b""))
    assert engine.next_event() == event
    engine.send(BAD)
    assert engine.state is State.NOT_AUTHENTICATED
    assert isinstance(engine.next_event(), a.Request)


@pytest.mark.parametrize(("line", "is_clean"), [(b"done", True), (b"2 NOOP", False)])
def test_idle_lasts_until_done(line: bytes, is_clean: bool) -> None:
    engine = server(b"1 IDLE\r\n", state=State.SELECTED)
    engine.next_event()
    assert engine.send(a.Continue(b"idling")) == b"+ idling\r\n"
    assert engine.next_event() is NEED_DATA
    assert engine.send(a.Untagged(b"* 2 EXISTS\r\n")) == b"* 2 EXISTS\r\n"
    engine.receive(line + b"\r\n")
    assert engine.next_event() == a.IdleDone(is_clean=is_clean)
    assert engine.send(OK) == b"1 OK done\r\n"


def test_a_continuation_nobody_waits_for_is_our_bug() -> None:
    engine = server(b"1 NOOP\r\n")
    engine.next_event()
    with pytest.raises(LocalProtocolError):
        engine.send(a.Continue())


def test_starttls_forgets_what_came_in_clear_text() -> None:
    engine = server(b"1 STARTTLS\r\n2 LOGIN evil evil\r\n3 NO")
    engine.next_event()
    with pytest.raises(LocalProtocolError):
        engine.tls_started(TlsFacts(version="TLSv1.3", cipher="x"))
    engine.send(OK)
    engine.tls_started(TlsFacts(version="TLSv1.3", cipher="x"))
    assert engine.next_event() is NEED_DATA
    engine.receive(b"4 NOOP\r\n")
    assert engine.next_event() == a.Request("4", session.Noop())


def test_names_are_utf8_once_the_session_says_so() -> None:
    engine = server(b'1 SELECT "&AUI-"\r\n2 SELECT "&AUI-"\r\n', state=State.AUTHENTICATED)
    assert engine.next_event() == a.Request("1", mailboxes.Select("ł"))
    engine.send(BAD)
    engine.is_utf8 = True
    assert engine.next_event() == a.Request("2", mailboxes.Select("&AUI-"))


def test_a_name_that_no_mailbox_can_have_is_refused_not_wrong() -> None:
    engine = server(b"1 CREATE &x\r\n2 APPEND &x {1}\r\n", state=State.AUTHENTICATED)
    assert engine.next_event() == a.Fault("the mailbox name has an unfinished shift", b"CANNOT", a.Status.NO)
    engine.send(BAD)
    assert engine.next_event() == a.Fault("the mailbox name has an unfinished shift", b"CANNOT", a.Status.NO)


def test_a_mailbox_that_is_gone_is_selected_no_more() -> None:
    engine = server(b"1 CLOSE\r\n", state=State.SELECTED)
    engine.mailbox_closed()
    assert engine.next_event() == a.Fault("not possible in authenticated state")


def test_the_greeting_is_an_untagged_ok() -> None:
    assert server().send(a.Greeting("hello", b"CAPABILITY IMAP4rev1")) == b"* OK [CAPABILITY IMAP4rev1] hello\r\n"


# -- APPEND


@pytest.mark.parametrize(("mark", "continuation"), [(b"", b"+ OK\r\n"), (b"+", b"")])
def test_a_message_comes_in_chunks(mark: bytes, continuation: bytes) -> None:
    engine = server(b"1 APPEND a {5%b}\r\n" % mark, state=State.AUTHENTICATED)
    assert engine.next_event() == a.Request("1", Append("a", (), None, 5))
    assert engine.next_event() is PAUSED
    assert engine.send(a.Continue()) == continuation
    engine.receive(b"ab")
    assert engine.next_event() == a.AppendChunk(b"ab")
    assert engine.next_event() is NEED_DATA
    engine.receive(b"c\0\n\r\n2 NOOP\r\n")
    assert engine.next_event() == a.AppendChunk(b"c\0\n")
    assert engine.next_event() == a.AppendEnd()
    assert engine.next_event() is PAUSED
    assert engine.send(OK) == b"1 OK done\r\n"
    assert engine.next_event() == a.Request("2", session.Noop())


def test_the_name_of_the_mailbox_can_be_a_literal() -> None:
    engine = server(b"1 APPEND {1}\r\n", state=State.AUTHENTICATED)
    assert engine.next_event() == a.LiteralWanted(1)
    engine.send(a.Continue())
    engine.receive(b"a UTF8 (~{1+}\r\nx)\r\n2 APPEND {1+}\r\nb {1+}\r\ny\r\n")
    assert engine.next_event() == a.Request("1", Append("a", (), None, 1, is_utf8=True))
    engine.send(a.Continue())
    assert [engine.next_event(), engine.next_event()] == [a.AppendChunk(b"x"), a.AppendEnd()]
    engine.send(OK)
    assert engine.next_event() == a.Request("2", Append("b", (), None, 1))


@pytest.mark.parametrize("rest", [b" (\\Seen) {2+}\r\nyz\r\n", b" {2}\r\n", b"x\r\n"])
def test_more_behind_the_message_is_a_fault_and_is_passed_over(rest: bytes) -> None:
    engine = server(b"1 APPEND a {1+}\r\nx" + rest + b"2 NOOP\r\n", state=State.AUTHENTICATED)
    engine.next_event()
    engine.send(a.Continue())
    assert engine.next_event() == a.AppendChunk(b"x")
    assert engine.next_event() == a.Fault("APPEND ends behind its message")
    engine.send(BAD)
    assert engine.next_event() == a.Request("2", session.Noop())


def test_a_refused_message_is_passed_over() -> None:
    engine = server(b"1 APPEND a {3+}\r\nabc\r\n2 APPEND a %% {3+}\r\nabc\r\n3 NOOP\r\n", state=State.AUTHENTICATED)
    assert isinstance(engine.next_event(), a.Request)
    assert engine.send(NO) == b"1 NO no\r\n"
    assert isinstance(engine.next_event(), a.Fault)
    assert engine.send(BAD) == b"2 BAD bad\r\n"
    assert engine.next_event() == a.Request("3", session.Noop())


def test_a_connection_that_ends_inside_a_message_is_at_its_end() -> None:
    engine = server(b"1 APPEND a {3+}\r\na", state=State.AUTHENTICATED)
    engine.next_event()
    engine.send(a.Continue())
    engine.receive(b"")
    assert engine.next_event() == a.AppendChunk(b"a")
    assert engine.next_event() == a.Eof()
