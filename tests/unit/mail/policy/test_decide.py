import pytest

from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.mail.policy.decide import decide
from skrytka.model import reply
from skrytka.model.errors import Reason
from skrytka.model.reply import Reply
from skrytka.model.verdict import Action, Finding

ROWS = [
    (HeaderScan(b""), Action.ACCEPT, reply.ACCEPTED, None),
    (HeaderScan(b"", received_count=99), Action.ACCEPT, reply.ACCEPTED, None),
    (HeaderScan(b"", received_count=100), Action.REJECT, reply.MAIL_LOOP, Reason.MAIL_LOOP),
    (HeaderScan(b"", has_bare_newline=True), Action.REJECT, reply.BARE_NEWLINE_DATA, Reason.BARE_NEWLINE),
    (HeaderScan(b" x: y\r\n\r\n"), Action.REJECT, reply.HEADER_BEGINS_FOLDED, Reason.BAD_SYNTAX),
    (HeaderScan(b"\tx\r\n"), Action.REJECT, reply.HEADER_BEGINS_FOLDED, Reason.BAD_SYNTAX),
    (HeaderScan(b"\r\n"), Action.ACCEPT, reply.ACCEPTED, None),
]


@pytest.mark.parametrize(("scan", "action", "answer", "reason"), ROWS)
def test_the_first_rule_that_fits_decides(scan: HeaderScan, action: Action, answer: Reply, reason: Reason) -> None:
    verdict = decide(scan)
    assert (verdict.action, verdict.reply, verdict.reason) == (action, answer, reason)


def test_findings_travel_with_the_verdict() -> None:
    finding = Finding("test", Reason.NOT_PERMITTED, 1.5)
    assert decide(HeaderScan(b""), [finding]).findings == (finding,)
