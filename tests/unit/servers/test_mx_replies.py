import pytest

from skrytka.model import reply as replies
from skrytka.model.errors import PermanentError, Reason, ReasonedError, TransientError
from skrytka.model.ids import TraceId
from skrytka.model.reply import Reply
from skrytka.servers.mx_replies import accepted, reason_of, refused, reply_to

TRACE = TraceId(bytes(16))
ID = "0" * 26


@pytest.mark.parametrize("reason", Reason)
def test_a_transient_error_is_4xx_and_a_permanent_one_5xx(reason: Reason) -> None:
    assert reply_to(TransientError(reason, "secret")).is_transient
    assert reply_to(PermanentError(reason, "secret")).code >= 500


@pytest.mark.parametrize(
    ("error", "reply"),
    [
        (TransientError(Reason.DISK_FULL), replies.DISK_FULL),
        (TransientError(Reason.DNS_TIMEOUT), replies.LOCAL_ERROR),
        (PermanentError(Reason.NO_SUCH_USER), replies.NO_SUCH_USER),
        (PermanentError(Reason.CORRUPT), replies.POLICY),
    ],
)
def test_known_reasons_have_their_reply(error: ReasonedError, reply: Reply) -> None:
    assert reply_to(error) == reply


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (replies.BARE_NEWLINE_DATA, Reason.BARE_NEWLINE),
        (replies.TOO_LARGE, Reason.TOO_LARGE),
        (replies.BAD_SYNTAX, Reason.BAD_SYNTAX),
    ],
)
def test_a_refusal_of_the_engine_has_a_reason(refusal: Reply, reason: Reason) -> None:
    assert reason_of(refusal) is reason


def test_the_last_word_is_the_trace_id() -> None:
    assert accepted(replies.ACCEPTED, TRACE).encode() == f"250 2.6.0 Accepted {ID}\r\n".encode()
    assert refused(replies.LOCAL_ERROR, TRACE).lines[-1].endswith(f"(trace {ID})")


def test_a_priority_that_was_changed_is_the_first_word() -> None:
    """RFC 6710 4.1."""
    changed = replies.PRIORITY_CHANGED.with_text("3 is the new priority assigned to the message")
    said = f"250 2.3.6 3 is the new priority assigned to the message, accepted {ID}\r\n"
    assert accepted(changed, TRACE).encode() == said.encode()
