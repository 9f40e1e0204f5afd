import pytest

from skrytka.mail.queue.outcome import Fate, failed, of_error, of_reply
from skrytka.model.errors import Reason, TransientError
from skrytka.protocol.smtp.peer_reply import PeerReply


@pytest.mark.parametrize(
    ("code", "fate", "status"), [(250, Fate.SENT, "2.0.0"), (450, Fate.DEFERRED, "4.0.0"), (554, Fate.FAILED, "5.0.0")]
)
def test_the_class_of_a_reply_is_the_fate(code: int, fate: Fate, status: str) -> None:
    outcome = of_reply(PeerReply(code, "", ("said",)), "mx.example.net", is_dsn=True)
    assert (outcome.fate, outcome.status, outcome.text) == (fate, status, f"{code} said")
    assert outcome.is_remote
    assert outcome.is_dsn


def test_our_own_trouble_has_a_status_of_its_class() -> None:
    error = TransientError(Reason.TIMEOUT, "no answer")
    assert of_error(error, Fate.DEFERRED).status == "4.4.2"
    assert of_error(error, Fate.FAILED).status == "5.4.2"
    assert of_error(TransientError(Reason.CORRUPT), Fate.DEFERRED).text == "corrupt"
    assert not failed("5.6.7", "no").is_remote
