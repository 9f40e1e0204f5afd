"""protocol/smtp/owed.py: one reply to one event, and of the right kind."""

import pytest

from skrytka.model import reply as replies
from skrytka.model.errors import LocalProtocolError
from skrytka.model.reply import Reply
from skrytka.protocol.smtp.owed import OwedReply
from skrytka.protocol.smtp.states import Verb


def test_the_greeting_is_owed_once() -> None:
    owed = OwedReply()
    assert (owed.is_owed, owed.verb) == (True, Verb.GREETING)
    owed.settle(replies.GREETING)
    assert (owed.is_owed, owed.verb) == (False, Verb.GREETING)
    with pytest.raises(LocalProtocolError):
        owed.settle(replies.GREETING)


@pytest.mark.parametrize(
    ("verb", "reply", "is_answer"),
    [
        (Verb.DATA, replies.START_DATA, True),
        (Verb.DATA, replies.OK, False),
        (Verb.DATA, replies.LOCAL_ERROR, True),
        (Verb.NOOP, replies.START_DATA, False),
        (Verb.AUTH, replies.AUTH_CONTINUE, True),
        (Verb.AUTH, replies.AUTH_OK, True),
        (Verb.AUTH, replies.START_DATA, False),
        (Verb.END, replies.ACCEPTED, True),
        (None, replies.OK, True),
        (None, replies.BAD_SYNTAX, True),
    ],
)
def test_a_reply_is_of_the_kind_that_is_owed(verb: Verb | None, reply: Reply, is_answer: bool) -> None:
    owed = OwedReply()
    owed.owe(verb)
    if is_answer:
        owed.settle(reply)
    else:
        with pytest.raises(LocalProtocolError):
            owed.settle(reply)
    assert owed.is_owed is not is_answer


def test_what_was_refused_is_not_accepted_afterwards() -> None:
    owed = OwedReply()
    owed.owe(Verb.END, must_refuse=True)
    with pytest.raises(LocalProtocolError):
        owed.settle(replies.ACCEPTED)
    owed.settle(replies.TOO_LARGE)
    owed.owe(Verb.END)
    owed.settle(replies.ACCEPTED)
