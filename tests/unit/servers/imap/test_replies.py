"""RFC 5530: errors have a code; their detail stays here."""

import pytest

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.protocol.imap.actions import Status
from skrytka.servers.imap import replies


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("kind", [TransientError, PermanentError])
def test_every_error_has_an_answer_without_its_detail(
    reason: Reason, kind: type[TransientError] | type[PermanentError]
) -> None:
    answer = replies.for_error(kind(reason, "detail"))
    assert answer.status is Status.NO
    assert answer.code
    assert "detail" not in answer.text


def test_waiting_helps_is_told_apart() -> None:
    assert replies.for_error(TransientError(Reason.STORE_DOWN)).code == b"UNAVAILABLE"
    assert replies.for_error(PermanentError(Reason.UNSUPPORTED)).code == b"CANNOT"
    assert replies.ok("x", b"Y").code == b"Y"
    assert replies.bad("x").status is Status.BAD


def test_messages_that_are_gone_may_have_another_code() -> None:
    assert replies.messages_gone(b"") is replies.MESSAGES_GONE
    assert replies.messages_gone(b"MODIFIED 2").code == b"MODIFIED 2"


def test_a_mailbox_among_those_of_others_is_not_to_be_made() -> None:
    assert replies.no_target("Sent") is replies.TRY_CREATE
    assert replies.no_target("Other Users/a@example.org/Sent").code == b"NONEXISTENT"
