"""protocol/smtp/transaction.py: what MAIL said holds for the message."""

from skrytka.model import reply as replies
from skrytka.model.address import ReversePath
from skrytka.model.envelope import BodyType
from skrytka.model.limits import SmtpLimits
from skrytka.protocol.smtp.events import BodyChunk, BodyDropped, MailFrom
from skrytka.protocol.smtp.lines import Input
from skrytka.protocol.smtp.transaction import Transaction

EIGHT_BIT = b"\xc5\x82\r\n"


def test_before_mail_nothing_is_declared() -> None:
    assert Transaction().body_type is BodyType.SEVEN_BIT
    assert not Transaction().is_smtputf8


def test_mail_says_what_the_octets_may_be() -> None:
    mail = MailFrom(ReversePath(), body_type=BodyType.EIGHT_BIT, is_smtputf8=True)
    transaction = Transaction(mail=mail)
    assert transaction.is_smtputf8
    message = transaction.begin_message(SmtpLimits(), is_8bit_accepted=False)
    assert transaction.message is message
    message.begin_chunk(len(EIGHT_BIT), is_last=True)
    assert message.take(fed(EIGHT_BIT)) == BodyChunk(EIGHT_BIT)


def test_undeclared_8bit_is_refused_where_it_is_not_accepted() -> None:
    message = Transaction(mail=MailFrom(ReversePath())).begin_message(SmtpLimits(), is_8bit_accepted=False)
    message.begin_chunk(len(EIGHT_BIT), is_last=True)
    assert message.take(fed(EIGHT_BIT)) == BodyDropped(len(EIGHT_BIT))
    assert message.refusal == replies.EIGHT_BIT_NEEDED


def fed(octets: bytes) -> Input:
    source = Input()
    source.feed(octets)
    return source
