"""The client engine, alone and against our server engine."""

import pytest

from skrytka.model import reply as replies
from skrytka.model.address import NULL_REVERSE_PATH, Address, ReversePath
from skrytka.model.envelope import BodyType, By, Notify, Ret
from skrytka.model.errors import LocalProtocolError, RemoteProtocolError
from skrytka.model.reply import Reply
from skrytka.model.secret import Secret
from skrytka.protocol.smtp import events
from skrytka.protocol.smtp.capabilities import NO_CAPABILITIES
from skrytka.protocol.smtp.client import SmtpClient, mail_parameters, rcpt_parameters
from skrytka.protocol.smtp.client_events import (
    Action,
    Answered,
    Closing,
    PeerEof,
    SayAuth,
    SayBody,
    SayChunk,
    SayData,
    SayEnd,
    SayHello,
    SayMail,
    SayNoop,
    SayQuit,
    SayRcpt,
    SayReset,
    SayResponse,
    SayStartTls,
)
from skrytka.protocol.smtp.client_states import ClientState
from skrytka.protocol.smtp.extensions import Extensions
from tests.support.smtp import TLS, agree
from tests.support.smtp_client import NAME, SENDER, Pair, drain, scripted, state, to

GREETING = b"220 x\r\n"
EHLO = b"250-x\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-AUTH PLAIN LOGIN\r\n250-STARTTLS\r\n250 8BITMIME\r\n"
PLAIN_EHLO = b"250 x\r\n"
MAIL = SayMail(reverse_path=SENDER)
RCPT = SayRcpt(to())


def greeted(ehlo: bytes = EHLO, *, is_lmtp: bool = False) -> SmtpClient:
    client = SmtpClient(is_lmtp=is_lmtp)
    client.receive(GREETING)
    drain(client)
    client.send(SayHello(NAME))
    client.receive(ehlo)
    drain(client)
    return client


def refuse(kind: type, reply: Reply) -> object:
    return lambda event: reply if isinstance(event, kind) else agree(event)


def test_a_message_by_data_arrives_as_it_was() -> None:
    pair = Pair().hello()
    assert pair.codes(MAIL, RCPT, SayRcpt(to("carol@example.test")), SayData()) == [250, 250, 250, 354]
    pair.say(SayBody(b".dot\r\n..two\r\n.\r"))
    pair.say(SayBody(b"\nend"))
    assert pair.codes(SayEnd()) == [250]
    assert pair.server.messages == [b".dot\r\n..two\r\n.\r\nend\r\n"]
    assert state(pair.client) is ClientState.READY
    assert pair.codes(SayQuit()) == [221]


def test_a_message_by_bdat_arrives_octet_by_octet() -> None:
    pair = Pair().hello()
    binary = SayMail(reverse_path=SENDER, body_type=BodyType.BINARY)
    assert pair.codes(binary) == [250]
    assert pair.codes(RCPT) == [250]
    assert pair.codes(SayChunk(b"\r\n.\r\n\n", is_last=False)) == [250]
    assert pair.codes(SayChunk(b"\r\xff", is_last=True)) == [250]
    assert pair.server.messages == [b"\r\n.\r\n\n\r\xff"]


def test_several_messages_go_over_one_session() -> None:
    pair = Pair().hello()
    for _ in range(3):
        assert pair.codes(MAIL, RCPT, SayData()) == [250, 250, 354]
        pair.say(SayBody(b"x\r\n"))
        assert pair.codes(SayEnd()) == [250]
    assert len(pair.server.messages) == 3


def test_each_recipient_has_its_own_reply() -> None:
    def policy(event: events.Event) -> Reply:
        is_bad = isinstance(event, events.RcptTo) and event.recipient.address.local == "no"
        return replies.NO_SUCH_USER if is_bad else agree(event)

    pair = Pair(policy=policy).hello()
    heard = pair.say(MAIL, RCPT, SayRcpt(to("no@example.test")))
    found = [
        (event.recipient.address.local, event.reply.status)
        for event in heard
        if isinstance(event, Answered) and event.recipient
    ]
    assert found == [("bob", "2.1.5"), ("no", "5.1.1")]
    assert [each.address.local for each in pair.client.accepted] == ["bob"]


def test_a_refused_mail_fails_the_group_and_rset_mends_it() -> None:
    pair = Pair(policy=refuse(events.MailFrom, replies.POLICY)).hello()  # type: ignore[arg-type]
    assert pair.codes(MAIL, RCPT, SayData()) == [550, 503, 503]
    assert state(pair.client) is ClientState.FAILED
    with pytest.raises(LocalProtocolError):
        pair.client.send(MAIL)
    assert pair.codes(SayReset()) == [250]
    assert state(pair.client) is ClientState.READY


def test_when_354_is_said_for_nobody_only_a_dot_may_follow() -> None:
    client = greeted()
    for action in (MAIL, RCPT, SayData()):
        client.send(action)
    client.receive(b"250 ok\r\n550 no\r\n354 go\r\n")
    drain(client)
    with pytest.raises(LocalProtocolError):
        client.send(SayBody(b"x"))
    assert client.send(SayEnd()) == b".\r\n"


def test_without_an_accepted_recipient_there_is_no_data() -> None:
    client = greeted()
    client.send(MAIL)
    client.send(RCPT)
    client.receive(b"250 ok\r\n550 no\r\n")
    drain(client)
    for action in (SayData(), SayChunk(b"x", is_last=True)):
        with pytest.raises(LocalProtocolError):
            client.send(action)


def test_a_failed_chunk_leaves_only_rset() -> None:
    client = greeted()
    client.send(MAIL)
    client.send(RCPT)
    client.receive(b"250 ok\r\n250 ok\r\n")
    drain(client)
    client.send(SayChunk(b"abc", is_last=False))
    client.receive(b"552 too much\r\n")
    drain(client)
    with pytest.raises(LocalProtocolError):
        client.send(SayChunk(b"abc", is_last=True))
    client.send(SayReset())


def test_without_pipelining_every_command_waits() -> None:
    client = greeted(PLAIN_EHLO)
    client.send(MAIL)
    with pytest.raises(LocalProtocolError):
        client.send(RCPT)
    client.receive(b"250 ok\r\n")
    drain(client)
    client.send(RCPT)


@pytest.mark.parametrize("action", [SayHello(NAME), SayNoop(), SayStartTls()])
def test_what_is_no_part_of_a_group_waits_with_pipelining_too(action: Action) -> None:
    client = greeted()
    client.send(SayReset())
    with pytest.raises(LocalProtocolError):
        client.send(action)


def test_starttls_forgets_what_was_offered() -> None:
    pair = Pair(extensions=Extensions(is_starttls=True)).hello()
    assert [pair.client.capabilities.is_starttls] == [True]
    assert pair.codes(SayStartTls()) == [220]
    pair.handshake()
    assert pair.client.capabilities == NO_CAPABILITIES
    pair.hello()
    assert [pair.client.capabilities.is_starttls] == [False]
    assert state(pair.client) is ClientState.READY


def test_clear_text_behind_the_reply_to_starttls_is_refused() -> None:
    client = greeted()
    client.send(SayStartTls())
    client.receive(b"220 go\r\n250-evil\r\n")
    with pytest.raises(RemoteProtocolError):
        client.next_event()


def test_a_refused_starttls_goes_on_in_clear() -> None:
    client = greeted()
    client.send(SayStartTls())
    client.receive(b"454 not now\r\n")
    drain(client)
    client.send(MAIL)


def auth_client() -> SmtpClient:
    client = greeted()
    client.send(SayStartTls())
    client.receive(b"220 go\r\n")
    drain(client)
    client.tls_started(TLS)
    client.send(SayHello(NAME))
    client.receive(EHLO)
    drain(client)
    return client


def test_plain_goes_with_its_first_response() -> None:
    client = auth_client()
    assert client.send(SayAuth("PLAIN", "a", Secret(b"b"))) == b"AUTH PLAIN AGEAYg==\r\n"
    client.receive(b"235 in\r\n")
    drain(client)
    assert state(client) is ClientState.READY
    assert client.send(MAIL).endswith(b" AUTH=<>\r\n")  # RFC 4954 5


def test_login_answers_two_challenges_and_gives_up_at_a_third() -> None:
    client = auth_client()
    assert client.send(SayAuth("LOGIN", "a", Secret(b"b"))) == b"AUTH LOGIN\r\n"
    for expected in (b"YQ==\r\n", b"Yg==\r\n", b"*\r\n"):
        client.receive(b"334 x\r\n")
        drain(client)
        assert client.send(SayResponse()) == expected
    client.receive(b"535 no\r\n")
    drain(client)
    assert state(client) is ClientState.READY


def test_no_password_in_clear_and_no_mechanism_that_is_not_offered() -> None:
    with pytest.raises(LocalProtocolError):
        greeted().send(SayAuth("PLAIN", "a", Secret(b"b")))
    with pytest.raises(LocalProtocolError):
        auth_client().send(SayAuth("CRAM-MD5", "a", Secret(b"b")))


def test_lmtp_has_a_reply_for_each_recipient() -> None:
    client = greeted(is_lmtp=True)
    assert state(client) is ClientState.READY
    for action in (MAIL, RCPT, SayRcpt(to("carol@example.test")), SayData()):
        client.send(action)
    client.receive(b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n")
    drain(client)
    client.send(SayBody(b"x\r\n"))
    client.send(SayEnd())
    client.receive(b"250 ok\r\n")
    (first,) = drain(client)
    assert state(client) is ClientState.ENDING
    client.receive(b"452 full\r\n")
    (second,) = drain(client)
    assert state(client) is ClientState.READY
    assert [e.recipient.address.local for e in (first, second) if isinstance(e, Answered) and e.recipient] == [
        "bob",
        "carol",
    ]


def test_helo_offers_nothing() -> None:
    client = scripted(GREETING)
    drain(client)
    client.send(SayHello(NAME))
    client.receive(b"500 what\r\n")
    drain(client)
    assert client.send(SayHello(NAME, is_extended=False)) == b"HELO client.example.org\r\n"
    client.receive(b"250-x\r\n250 PIPELINING\r\n")
    (event,) = drain(client)
    assert isinstance(event, Answered)
    assert not client.capabilities.is_pipelining


def test_a_refused_greeting_leaves_only_quit() -> None:
    client = scripted(b"554 go away\r\n")
    drain(client)
    with pytest.raises(LocalProtocolError):
        client.send(SayHello(NAME))
    assert client.send(SayQuit()) == b"QUIT\r\n"


def test_421_out_of_turn_is_told_and_nothing_else_is() -> None:
    client = greeted()
    client.receive(b"421 bye\r\n")
    (event,) = drain(client)
    assert isinstance(event, Closing)
    client.receive(b"")
    assert drain(client) == [PeerEof(is_expected=True)]
    other = greeted()
    other.receive(b"250 what\r\n")
    with pytest.raises(RemoteProtocolError):
        other.next_event()


def test_the_end_is_unexpected_unless_it_was_said() -> None:
    client = greeted()
    client.receive(b"")
    assert drain(client) == [PeerEof(is_expected=False)]
    quitting = greeted()
    quitting.send(SayQuit())
    quitting.receive(b"221 bye\r\n")
    drain(quitting)
    quitting.receive(b"")
    assert drain(quitting) == [PeerEof(is_expected=True)]


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ((MAIL,), b"354 go\r\n"),
        ((MAIL, RCPT, SayData()), b"250 ok\r\n250 ok\r\n250 done?\r\n"),
        ((MAIL,), b"334 x\r\n"),
    ],
)
def test_a_reply_that_answers_something_else_ends_the_session(said: tuple[Action, ...], reply: bytes) -> None:
    client = greeted()
    for action in said:
        client.send(action)
    client.receive(reply)
    with pytest.raises(RemoteProtocolError):
        drain(client)


def test_parameters_go_only_where_they_are_offered() -> None:
    full = SayMail(
        reverse_path=SENDER,
        body_type=BodyType.EIGHT_BIT,
        is_smtputf8=True,
        size_bytes=77,
        ret=Ret.HEADERS,
        envid="a+b=c d",
    )
    offered = Pair(extensions=Extensions(is_dsn=True)).hello().client.capabilities
    assert mail_parameters(full, offered) == " SIZE=77 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+2Bb+3Dc+20d"
    plain = greeted(PLAIN_EHLO).capabilities
    assert mail_parameters(SayMail(reverse_path=NULL_REVERSE_PATH, size_bytes=7, envid="x"), plain) == ""
    for wrong in (
        SayMail(reverse_path=SENDER, body_type=BodyType.EIGHT_BIT),
        SayMail(reverse_path=SENDER, body_type=BodyType.BINARY),
        SayMail(reverse_path=SENDER, is_smtputf8=True),
        SayMail(reverse_path=ReversePath(Address.parse("ż@example.org"))),
    ):
        with pytest.raises(LocalProtocolError):
            mail_parameters(wrong, plain)


def test_time_and_priority_go_only_where_they_are_offered() -> None:
    """RFC 2852 4.1.4, RFC 6710 4.2 and 4.3."""
    offered = Pair(extensions=Extensions(deliver_by_min_s=30, is_priority=True)).hello().client.capabilities
    said = SayMail(reverse_path=SENDER, by=By(98, is_return=True), priority=-3)
    assert mail_parameters(said, offered) == " BY=98;R MT-PRIORITY=-3"
    told = SayMail(reverse_path=SENDER, by=By(-5, is_return=False, is_traced=True), priority=0)
    assert mail_parameters(told, offered) == " BY=-5;NT MT-PRIORITY=0"
    plain = greeted(PLAIN_EHLO).capabilities
    assert mail_parameters(told, plain) == ""
    soon = SayMail(reverse_path=SENDER, by=By(29, is_return=True))
    for wrong, server in ((said, plain), (soon, offered)):
        with pytest.raises(LocalProtocolError):
            mail_parameters(wrong, server)


def test_dsn_parameters_come_back_as_they_went() -> None:
    wanted = to(notify=frozenset({Notify.SUCCESS, Notify.FAILURE}), original="rfc822;a+b=c@example.org")
    assert rcpt_parameters(wanted, is_smtputf8=False) == " NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a+2Bb+3Dc@example.org"
    encoded = to(original=r"utf-8;\x{17C}@example.org")
    assert rcpt_parameters(encoded, is_smtputf8=True) == r" ORCPT=utf-8;\x{17C}@example.org"
    plain = to(original="utf-8;ż@example.org")
    assert rcpt_parameters(plain, is_smtputf8=True) == " ORCPT=utf-8;ż@example.org"
    assert rcpt_parameters(plain, is_smtputf8=False) == r" ORCPT=utf-8;\x{17C}@example.org"
    pair = Pair(extensions=Extensions(is_dsn=True)).hello()
    pair.say(SayMail(reverse_path=SENDER, ret=Ret.FULL, envid="a+b"), SayRcpt(wanted))
    mail, rcpt = pair.server.log[-2:]
    assert isinstance(mail, events.MailFrom)
    assert (mail.ret, mail.envid) == (Ret.FULL, "a+b")
    assert isinstance(rcpt, events.RcptTo)
    assert rcpt.recipient == wanted


def test_a_recipient_that_needs_smtputf8_has_it() -> None:
    client = greeted()
    client.send(MAIL)
    with pytest.raises(LocalProtocolError):
        client.send(SayRcpt(to("ż@example.test")))


def test_a_bare_newline_never_leaves_by_data() -> None:
    for message in (b"a\nb", b"a\rb", b"\r\n.\n", b"\n.\r\n"):
        pair = Pair().hello()
        pair.say(MAIL, RCPT, SayData())
        with pytest.raises(LocalProtocolError):
            pair.client.send(SayBody(message))
    pair = Pair().hello()
    pair.say(MAIL, RCPT, SayData())
    pair.client.send(SayBody(b"a\r"))
    with pytest.raises(LocalProtocolError):
        pair.client.send(SayEnd())
