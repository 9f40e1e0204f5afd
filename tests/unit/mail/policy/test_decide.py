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


ASKED = [
    (Reason.DMARC_REJECT, Action.REJECT, 550, "5.7.1"),
    (Reason.SPF_FAIL, Action.REJECT, 550, "5.7.23"),
    (Reason.SENDER_UNKNOWN, Action.DEFER, 451, "4.7.24"),
    (Reason.DMARC_QUARANTINE, Action.JUNK, 250, "2.6.0"),
]


@pytest.mark.parametrize(("reason", "action", "code", "enhanced"), ASKED)
def test_a_finding_is_carried_out(reason: Reason, action: Action, code: int, enhanced: str) -> None:
    finding = Finding("dmarc", reason, domain="bank.example", explanation="because")
    verdict = decide(HeaderScan(b""), [Finding("x", Reason.NOT_PERMITTED), finding])
    assert (verdict.action, verdict.reply.code, verdict.reply.enhanced) == (action, code, enhanced)
    assert (verdict.reason, verdict.detail) == (reason, "bank.example")


def test_the_strongest_finding_decides_and_the_form_before_all() -> None:
    findings = [Finding("dmarc", Reason.DMARC_QUARANTINE), Finding("spf", Reason.SPF_FAIL, domain="a.example")]
    assert decide(HeaderScan(b""), findings).reason is Reason.SPF_FAIL
    assert decide(HeaderScan(b"", received_count=100), findings).reason is Reason.MAIL_LOOP


def test_a_refusal_names_the_domain_and_who_can_help() -> None:
    verdict = decide(HeaderScan(b""), [Finding("dmarc", Reason.DMARC_REJECT, domain="d" * 250)])
    octets = verdict.reply.encode()
    assert octets.count(b"d" * 250) == 2
    assert max(map(len, octets.splitlines(keepends=True))) <= 512
