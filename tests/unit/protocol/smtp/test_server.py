import pytest

from skrytka.model import reply as replies
from skrytka.model.address import Address
from skrytka.model.engine import NEED_DATA, PAUSED
from skrytka.model.errors import LocalProtocolError
from skrytka.model.limits import SmtpLimits
from skrytka.model.reply import Reply
from skrytka.protocol.smtp import events
from skrytka.protocol.smtp.extensions import Extensions, Leniency
from skrytka.protocol.smtp.server import SmtpServer
from skrytka.protocol.smtp.states import State
from tests.support.smtp import HOSTNAME, TLS, Driver, agree, octets

EHLO = b"EHLO client.example.org\r\n"
OPEN = EHLO + b"MAIL FROM:<a@example.org>\r\nRCPT TO:<bob@example.test>\r\n"
BODY = b"Subject: hi\r\n\r\ntext\r\n"
LAST = b"BDAT %d LAST\r\n"


def ready(limits: SmtpLimits = SmtpLimits(), extensions: Extensions = Extensions()) -> SmtpServer:  # noqa: B008
    engine = SmtpServer(limits, HOSTNAME, extensions)
    engine.send(replies.GREETING)
    return engine


# -- replies ----------------------------------------------------------------------------------------------------------


def test_the_greeting_comes_before_anything_else() -> None:
    engine = SmtpServer(SmtpLimits(), HOSTNAME)
    engine.receive(b"EHLO early.example\r\n")
    assert engine.next_event() is PAUSED
    assert engine.send(replies.GREETING) == b"220 ESMTP\r\n"
    assert isinstance(engine.next_event(), events.Hello)


def test_a_refused_greeting_closes() -> None:
    engine = SmtpServer(SmtpLimits(), HOSTNAME)
    engine.send(replies.POLICY)
    assert engine.next_event() == events.Eof()


def test_pipelined_input_waits_for_the_reply() -> None:
    engine = ready()
    engine.receive(b"NOOP\r\nNOOP\r\n")
    assert engine.next_event() == events.Routine(replies.OK)
    assert engine.next_event() is PAUSED
    engine.send(replies.OK)
    assert engine.next_event() == events.Routine(replies.OK)


def test_a_second_reply_to_one_command_is_refused() -> None:
    engine = ready()
    engine.receive(b"NOOP\r\n")
    engine.next_event()
    engine.send(replies.OK)
    with pytest.raises(LocalProtocolError):
        engine.send(replies.OK)


def test_421_may_be_said_at_any_time_and_is_the_last_word() -> None:
    engine = ready()
    engine.receive(b"NOOP\r\n")
    assert engine.send(replies.SHUTTING_DOWN).startswith(b"421 ")
    assert engine.next_event() == events.Eof()
    with pytest.raises(LocalProtocolError):
        engine.send(replies.SHUTTING_DOWN)


def test_354_answers_data_and_nothing_else() -> None:
    engine = ready()
    engine.receive(b"NOOP\r\n")
    engine.next_event()
    with pytest.raises(LocalProtocolError):
        engine.send(replies.START_DATA)


def test_data_is_not_answered_250_before_it_came() -> None:
    with pytest.raises(LocalProtocolError):
        Driver(policy=lambda event: replies.OK if isinstance(event, events.DataStart) else agree(event)).feed(
            OPEN + b"DATA\r\n"
        )


@pytest.mark.parametrize("body", [b"DATA\r\na\nb\r\n.\r\n", b"BDAT 3 LAST\r\na\nb"])
def test_what_the_engine_refused_cannot_be_accepted(body: bytes) -> None:
    def accept(event: events.Event) -> Reply:
        return replies.ACCEPTED if isinstance(event, events.BodyEnd) else agree(event)

    with pytest.raises(LocalProtocolError):
        Driver(policy=accept).feed(OPEN + body)


def test_a_fault_cannot_be_answered_250() -> None:
    engine = ready()
    engine.receive(b"WHAT\r\n")
    engine.next_event()
    with pytest.raises(LocalProtocolError):
        engine.send(replies.OK)


# -- the order of commands --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("commands", "codes"),
    [
        (b"MAIL FROM:<a@example.org>\r\n", [503]),
        (b"RCPT TO:<a@example.org>\r\nDATA\r\n", [503, 503]),
        (b"NOOP\r\nHELP\r\nVRFY bob\r\nRSET\r\nQUIT\r\n", [250, 214, 252, 250, 221]),
        (EHLO + b"RCPT TO:<bob@example.test>\r\n", [250, 503]),
        (EHLO + b"DATA\r\n", [250, 503]),
        (EHLO + b"MAIL FROM:<a@example.org>\r\nMAIL FROM:<b@example.org>\r\n", [250, 250, 503]),
        (EHLO + b"MAIL FROM:<a@example.org>\r\nDATA\r\n", [250, 250, 503]),
        (OPEN + b"RSET\r\nDATA\r\n", [250, 250, 250, 250, 503]),
        (OPEN + EHLO + b"DATA\r\n", [250, 250, 250, 250, 503]),
        (OPEN + b"STARTTLS\r\n", [250, 250, 250, 502]),
        (EHLO + b"AUTH PLAIN\r\nEXPN list\r\nVRFY\r\n", [250, 502, 502, 501]),
        (EHLO + b"DATA x\r\nRSET x\r\nQUIT x\r\nQUIT\r\n", [250, 503, 501, 501, 221]),
        (b"QUIT\r\nNOOP\r\n", [221]),
        (b"EHLO\r\nEHLO a b\r\nMAIL FROM:<a@example.org>\r\n", [501, 501, 503]),
    ],
)
def test_commands_have_their_order(commands: bytes, codes: list[int]) -> None:
    assert Driver().feed(commands).codes == codes


def test_a_message_goes_through() -> None:
    driver = Driver().feed(OPEN + b"DATA\r\n" + BODY + b".\r\nQUIT\r\n")
    assert driver.messages == [BODY]
    assert driver.codes == [250, 250, 250, 354, 250, 221]
    assert driver.engine.state is State.CLOSED


def test_after_a_message_a_new_transaction_is_needed() -> None:
    driver = Driver().feed(OPEN + b"DATA\r\n.\r\nDATA\r\nMAIL FROM:<>\r\nDATA\r\n")
    assert driver.codes[4:] == [250, 503, 250, 503]


def refuse_recipients(event: events.Event) -> Reply:
    return replies.NO_SUCH_USER if isinstance(event, events.RcptTo) else agree(event)


def test_data_without_a_valid_recipient_is_554() -> None:
    """RFC 5321 3.3."""
    driver = Driver(policy=refuse_recipients).feed(OPEN + b"DATA\r\nBDAT 3\r\nabcNOOP\r\n")
    assert driver.codes == [250, 250, 550, 554, 554, 250]


def test_a_refused_mail_begins_nothing() -> None:
    driver = Driver(policy=lambda event: replies.POLICY if isinstance(event, events.MailFrom) else agree(event))
    assert driver.feed(OPEN).codes == [250, 550, 503]


def test_a_refused_data_can_be_tried_again() -> None:
    answers = [replies.RATE_LIMITED, replies.START_DATA]
    driver = Driver(policy=lambda event: answers.pop(0) if isinstance(event, events.DataStart) else agree(event))
    driver.feed(OPEN + b"DATA\r\n")
    assert driver.engine.state is State.RCPT
    assert driver.feed(b"DATA\r\n" + BODY + b".\r\n").messages == [BODY]


def test_the_envelope_is_in_the_events() -> None:
    driver = Driver(extensions=Extensions(is_dsn=True)).feed(
        EHLO + b"MAIL FROM:<a@example.org> RET=HDRS\r\nRCPT TO:<Bob@example.test> NOTIFY=NEVER\r\n"
    )
    hello, mail, rcpt = driver.log
    assert isinstance(hello, events.Hello)
    assert hello.name.name == "client.example.org"
    assert isinstance(mail, events.MailFrom)
    assert mail.reverse_path.address == Address.parse("a@example.org")
    assert isinstance(rcpt, events.RcptTo)
    assert rcpt.recipient.address.local == "Bob"


def test_smtputf8_holds_for_its_transaction() -> None:
    rcpt = "RCPT TO:<łukasz@example.test>\r\n".encode()
    driver = Driver().feed(EHLO + b"MAIL FROM:<a@example.org> SMTPUTF8\r\n" + rcpt + b"RSET\r\n")
    driver.feed(b"MAIL FROM:<a@example.org>\r\n" + rcpt)
    assert driver.codes == [250, 250, 250, 250, 250, 553]


# -- BDAT -------------------------------------------------------------------------------------------------------------


def test_bdat_chunks_make_one_message() -> None:
    driver = Driver().feed(OPEN + b"BDAT 5\r\nSubjeBDAT 4\r\nct: BDAT 6 LAST\r\nab\r\n\r\n")
    assert driver.messages == [b"Subject: ab\r\n\r\n"]
    assert driver.codes[3:] == [250, 250, 250]


def test_bdat_0_last_ends_a_message() -> None:
    assert Driver().feed(OPEN + b"BDAT 3\r\na\r\nBDAT 0 LAST\r\n").messages == [b"a\r\n"]
    assert Driver().feed(OPEN + b"BDAT 0 LAST\r\n").messages == [b""]


def test_bdat_data_is_not_dot_stuffed() -> None:
    data = b"..\r\n.\r\n.a\r\n"
    assert Driver().feed(OPEN + LAST % len(data) + data).messages == [data]


def test_bdat_after_the_last_is_a_bad_sequence() -> None:
    driver = Driver().feed(OPEN + b"BDAT 0 LAST\r\nBDAT 4 LAST\r\nRSETNOOP\r\n")
    assert driver.codes[3:] == [250, 503, 250]


def test_bdat_and_data_do_not_mix() -> None:
    """RFC 3030 2: only RSET goes on."""
    driver = Driver().feed(OPEN + b"BDAT 1\r\naDATA\r\nBDAT 1 LAST\r\nbMAIL FROM:<>\r\nRSET\r\nMAIL FROM:<>\r\n")
    assert driver.codes[3:] == [250, 503, 503, 503, 250, 250]
    assert driver.messages == []


def test_a_refused_chunk_is_swallowed_and_fails_the_transaction() -> None:
    def refuse(event: events.Event) -> Reply:
        return replies.DISK_FULL if isinstance(event, events.ChunkEnd) else agree(event)

    driver = Driver().feed(OPEN + b"BDAT 5\r\nNOOP\nBDAT 6 LAST\r\nRSET\r\nDATA\r\nRSET\r\n")
    assert driver.codes[3:] == [550, 503, 503, 250]
    driver = Driver(policy=refuse).feed(OPEN + b"BDAT 4\r\nNOOPBDAT 6 LAST\r\nRSET\r\nRSET\r\n" + OPEN)
    assert driver.codes[3:] == [452, 503, 250, 250, 250, 250]


@pytest.mark.parametrize("before", [b"", EHLO, EHLO + b"MAIL FROM:<a@example.org>\r\n"])
def test_a_chunk_out_of_order_is_swallowed_whole(before: bytes) -> None:
    for data in (before + b"BDAT 6\r\nQUIT\r\nNOOP\r\n", before + b"BDAT 0\r\nNOOP\r\n"):
        assert Driver().feed(data).codes[-2:] == [503, 250]
        assert Driver().feed(*octets(data)).codes[-2:] == [503, 250]


def test_a_chunk_out_of_order_does_not_touch_the_next_message() -> None:
    data = b"BDAT 2\r\na\nMAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<bob@example.test>\r\nBDAT 2 LAST\r\nb\n"
    assert Driver().feed(EHLO + data).messages == [b"b\n"]


def test_bdat_needs_ehlo() -> None:
    driver = Driver().feed(OPEN.replace(b"EHLO", b"HELO") + b"BDAT 2 LAST\r\nabNOOP\r\n")
    assert driver.codes[3:] == [503, 250]


def test_rset_between_chunks_drops_them() -> None:
    driver = Driver().feed(OPEN + b"BDAT 1\r\naRSET\r\n" + OPEN + b"BDAT 1 LAST\r\nb")
    assert driver.messages == [b"b"]


@pytest.mark.parametrize("size", [b"x", b"", b"-1", b"5 FIRST", b"1" * 19, b"9" * 17])
def test_a_chunk_without_a_usable_size_ends_the_connection(size: bytes) -> None:
    driver = Driver().feed(OPEN + b"BDAT " + size + b"\r\nNOOP\r\n")
    assert driver.codes[3:] in ([501], [552])
    assert driver.engine.state is State.CLOSED


def test_binarymime_needs_bdat() -> None:
    driver = Driver().feed(OPEN.replace(b"org>", b"org> BODY=BINARYMIME") + b"DATA\r\nBDAT 2 LAST\r\na\n")
    assert driver.codes[3:] == [503, 250]
    assert driver.messages == [b"a\n"]


# -- limits -----------------------------------------------------------------------------------------------------------


def test_a_message_above_the_size_is_swallowed_and_refused() -> None:
    driver = Driver(SmtpLimits(message_bytes=10)).feed(
        OPEN + b"DATA\r\n", *[b"0123456789" * 100] * 5, b"\r\n.\r\nNOOP\r\n"
    )
    assert driver.codes[4:] == [552, 250]
    assert driver.messages == []


def test_an_endless_message_ends_the_connection() -> None:
    driver = Driver(SmtpLimits(message_bytes=10)).feed(OPEN + b"DATA\r\n", *[b"x" * 1024 * 1024] * 17)
    assert driver.codes[4:] == [552]
    assert driver.engine.state is State.CLOSED


def test_recipients_beyond_the_limit_are_452_and_no_errors() -> None:
    driver = Driver(SmtpLimits(recipients=2)).feed(
        OPEN + b"RCPT TO:<bob@example.test>\r\n" * 50 + b"DATA\r\na\r\n.\r\n"
    )
    assert driver.codes == [250, 250, 250, 250, *[452] * 49, 354, 250]


def test_too_many_errors_end_the_connection() -> None:
    driver = Driver(SmtpLimits(errors=3)).feed(b"WHAT\r\n" * 10)
    assert driver.codes == [500, 500, 500, 421]
    assert driver.engine.errors == 3


def test_refused_recipients_are_errors() -> None:
    driver = Driver(SmtpLimits(errors=3), policy=refuse_recipients).feed(OPEN + b"RCPT TO:<c@example.test>\r\n" * 9)
    assert driver.codes == [250, 250, 550, 550, 550, 421]


def test_too_many_commands_end_the_connection() -> None:
    assert Driver(SmtpLimits(commands=2)).feed(b"NOOP\r\n" * 5).codes == [250, 250, 421]


def test_too_many_messages_end_the_connection() -> None:
    driver = Driver(SmtpLimits(messages=2)).feed(EHLO + b"MAIL FROM:<>\r\nRSET\r\n" * 3)
    assert driver.codes == [250, 250, 250, 250, 250, 421]


def test_long_lines_are_faults() -> None:
    driver = Driver(SmtpLimits(command_line_bytes=512)).feed(
        b"NOOP " + b"x" * 505 + b"\r\nNOOP " + b"x" * 506 + b"\r\n"
    )
    assert driver.codes == [250, 500]


def test_other_protocols_are_cut_off() -> None:
    driver = Driver().feed(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n" + OPEN)
    assert driver.codes == [500]
    assert driver.engine.state is State.CLOSED


def test_undeclared_8bit_is_a_leniency() -> None:
    body = "DATA\r\nzażółć\r\n.\r\n".encode()
    assert Driver().feed(OPEN + body).codes[-1] == 250
    strict = Leniency(is_undeclared_8bit_accepted=False)
    assert Driver(leniency=strict).feed(OPEN + body).last.startswith("550 5.6.3")
    declared = OPEN.replace(b"org>", b"org> BODY=8BITMIME")
    assert Driver(leniency=strict).feed(declared + body).codes[-1] == 250


# -- TLS --------------------------------------------------------------------------------------------------------------

STARTTLS = Extensions(is_starttls=True)


def test_starttls_forgets_everything() -> None:
    driver = Driver(extensions=STARTTLS).feed(EHLO, b"STARTTLS\r\n", b"MAIL FROM:<>\r\n", EHLO)
    assert driver.codes == [250, 220, 503, 250]
    assert b"STARTTLS" in driver.out[0]
    assert b"STARTTLS" not in driver.out[3]


def test_clear_text_behind_starttls_is_dropped() -> None:
    """CVE-2011-0411: it would be taken as if it had come under TLS."""
    engine = ready(extensions=STARTTLS)
    engine.receive(EHLO + b"STARTTLS\r\nMAIL FROM:<evil@example.org>\r\nRSET")
    engine.send(agree(engine.next_event()))  # type: ignore[arg-type]
    assert engine.next_event() == events.StartTls()
    engine.send(replies.READY_FOR_TLS)
    assert engine.next_event() is PAUSED
    engine.tls_started(TLS)
    assert engine.next_event() is NEED_DATA
    engine.receive(b"\r\nNOOP\r\n")
    assert engine.next_event() == events.Fault(replies.UNKNOWN_COMMAND)


def test_tls_starts_once() -> None:
    driver = Driver(extensions=STARTTLS).feed(EHLO, b"STARTTLS\r\n", EHLO, b"STARTTLS\r\n")
    assert driver.codes == [250, 220, 250, 503]
    with pytest.raises(LocalProtocolError):
        driver.engine.tls_started(TLS)


def test_starttls_takes_no_argument_and_no_open_transaction() -> None:
    driver = Driver(extensions=STARTTLS).feed(EHLO + b"STARTTLS now\r\nMAIL FROM:<>\r\nSTARTTLS\r\n")
    assert driver.codes == [250, 501, 250, 503]


def test_a_refused_starttls_changes_nothing() -> None:
    def refuse(event: events.Event) -> Reply:
        return replies.TLS_UNAVAILABLE if isinstance(event, events.StartTls) else agree(event)

    driver = Driver(extensions=STARTTLS, policy=refuse).feed(EHLO + b"STARTTLS\r\nMAIL FROM:<>\r\n")
    assert driver.codes == [250, 454, 250]


def test_with_implicit_tls_there_is_no_starttls() -> None:
    engine = SmtpServer(SmtpLimits(), HOSTNAME, STARTTLS)
    engine.tls_implicit()
    engine.send(replies.GREETING)
    engine.receive(EHLO)
    hello = engine.next_event()
    assert isinstance(hello, events.Hello)
    assert "STARTTLS" not in hello.reply.lines
    with pytest.raises(LocalProtocolError):
        engine.tls_implicit()


# -- end of file ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "is_in_message"),
    [
        (b"", False),
        (b"NOOP\r\nNOO", False),
        (OPEN, False),
        (OPEN + b"DATA\r\nabc\r\n.", True),
        (OPEN + b"BDAT 3\r\nab", True),
        (OPEN + b"BDAT 3\r\nabc", True),
        (b"BDAT 3\r\nab", True),
    ],
)
def test_the_end_of_file_says_whether_a_message_was_cut(data: bytes, is_in_message: bool) -> None:
    driver = Driver().feed(data) if data else Driver()
    assert driver.feed(b"").log[-1] == events.Eof(is_in_message)
    assert driver.messages == []


def test_what_came_before_the_end_of_file_is_still_answered() -> None:
    engine = ready()
    engine.receive(b"NOOP\r\nQUIT\r\n")
    engine.receive(b"")
    assert isinstance(engine.next_event(), events.Routine)
    engine.send(replies.OK)
    assert isinstance(engine.next_event(), events.Quit)
