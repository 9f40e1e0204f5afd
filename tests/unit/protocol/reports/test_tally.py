"""A day added up: messages that are alike are one row, each policy domain has its report."""

from typing import Any

import pytest

from skrytka.protocol.reports import tally
from skrytka.protocol.reports.aggregate import DkimResult, Override, SpfResult, write_aggregate
from skrytka.protocol.reports.aggregate_reader import read_aggregate
from skrytka.protocol.reports.tally import Checked, DmarcTally, Reporter, Session, TlsTally
from skrytka.protocol.reports.tls_report import write_tls_report
from skrytka.protocol.reports.tls_report_reader import read_tls_report

REPORTER = Reporter(
    organization="mx.example.net",
    contact="postmaster@example.net",
    submitter="example.net",
    begin_s=1_790_035_200,
    end_s=1_790_121_599,
)


def checked(**changes: Any) -> Checked:
    whole = {
        "remote": "192.0.2.1",
        "recipient_domains": ("example.net",),
        "spf": "pass",
        "spf_scope": "mfrom",
        "spf_domain": "bounce.example.org",
        "dkim": (
            "fail d=list.example s=k a=rsa-sha256 bits=2048 reason=body_changed",
            "pass d=example.org s=s1 a=rsa-sha256 bits=2048 reason=verified",
            "neutral d= s= a= bits=0 reason=syntax",
        ),
        "header_from": "example.org",
        "dmarc": "pass",
        "dmarc_dkim": True,
        "policy_domain": "example.org",
        "p": "reject",
        "adkim": "r",
        "aspf": "s",
        "fo": "1",
        "rua": ("d@example.org",),
        "disposition": "pass",
    }
    return Checked(**{**whole, **changes})


def added(*found: Checked) -> DmarcTally:
    made = DmarcTally()
    for each in found:
        made.add(each)
    return made


def test_messages_that_are_alike_are_one_row() -> None:
    failed = checked(dmarc="fail", dmarc_dkim=False, disposition="none", override="trusted_forwarder", comment="ours")
    ((report, wanted),) = added(checked(), checked(), failed).reports(REPORTER)
    assert wanted == ("d@example.org",)
    assert report.report_id == "1790035200.dmarc.example.org@example.net"
    first, second = report.rows
    assert (first.count, first.disposition, first.is_dkim_aligned, first.is_spf_aligned) == (2, "pass", True, False)
    assert (first.envelope_from, first.envelope_to) == ("bounce.example.org", "example.net")
    assert first.dkim == (DkimResult("example.org", "s1", "pass"), DkimResult("list.example", "k", "fail"))
    assert first.spf == SpfResult("bounce.example.org", "pass", "mfrom")
    assert second.overrides == (Override("trusted_forwarder", "ours"),)
    assert read_aggregate(write_aggregate(report)) == report


def test_each_policy_domain_has_its_report_with_the_newest_policy() -> None:
    reports = list(
        added(
            checked(p="none"),
            checked(header_from="mail.example.org", p="quarantine", is_testing=True),
            checked(policy_domain="a.example", header_from="a.example"),
        ).reports(REPORTER)
    )
    assert [report.policy.domain for report, _ in reports] == ["a.example", "example.org"]
    assert (reports[1][0].policy.p, reports[1][0].policy.testing, len(reports[1][0].rows)) == ("quarantine", "y", 2)


@pytest.mark.parametrize(
    "changes",
    [{"policy_domain": ""}, {"rua": ()}, {"dmarc": "none"}, {"dmarc": "temperror"}, {"remote": ""}],
)
def test_what_nobody_asked_about_or_was_erased_does_not_count(changes: dict[str, Any]) -> None:
    assert list(added(checked(**changes)).reports(REPORTER)) == []


def test_several_recipients_and_a_null_reverse_path_name_no_domain() -> None:
    found = checked(recipient_domains=("a.example", "b.example"), spf_scope="helo")
    ((report, _),) = added(found).reports(REPORTER)
    assert (report.rows[0].envelope_to, report.rows[0].envelope_from) == ("", "")


def test_a_day_has_bounds_and_says_what_is_beyond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "ROWS_MAX", 3)
    monkeypatch.setattr(tally, "DOMAINS_MAX", 2)
    many = [checked(remote=f"192.0.2.{number}") for number in range(9)]
    others = [checked(policy_domain=f"{number}.example") for number in range(9)]
    reports = list(added(*many, checked(remote="192.0.2.1"), *others).reports(REPORTER))
    assert len(reports) == 2
    report = reports[1][0]
    assert (len(report.rows), report.rows[0].count) == (3, 2)
    assert report.error == "6 further messages are not in this report"


def session(**changes: Any) -> Session:
    return Session(**{"domain": "example.org", "host": "mx.example.org", "address": "192.0.2.9", **changes})


def test_sessions_are_counted_by_policy_and_failure() -> None:
    made = TlsTally()
    strings = ("version: STSv1", "mode: enforce", "mx: *.example.org", "max_age: 86400")
    sts = {"policy_type": "sts", "policy_domain": "example.org", "policy_strings": strings}
    for found in (
        session(**sts),
        session(**sts),
        session(**sts, result="certificate-expired", detail="X"),
        session(**sts, result="certificate-expired", detail="X"),
        session(result="starttls-not-supported"),
        session(domain="a.example"),
    ):
        made.add(found)
    assert made.domains == ["a.example", "example.org"]
    report = made.report("example.org", REPORTER)
    none, policy = report.policies
    assert (none.kind, none.domain, none.successes, none.failures) == ("no-policy-found", "example.org", 0, 1)
    assert (policy.kind, policy.mx_hosts, policy.successes, policy.failures) == ("sts", ("*.example.org",), 2, 2)
    assert [(each.result, each.count, each.mx_host) for each in policy.details] == [
        ("certificate-expired", 2, "mx.example.org")
    ]
    assert read_tls_report(write_tls_report(report)) == report


def test_details_and_policies_have_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "DETAILS_MAX", 2)
    monkeypatch.setattr(tally, "POLICIES_MAX", 2)
    monkeypatch.setattr(tally, "DOMAINS_MAX", 1)
    made = TlsTally()
    for number in range(9):
        made.add(session(result="validation-failure", detail=str(number)))
        made.add(session(policy_type="tlsa", policy_strings=(str(number),)))
        made.add(session(domain=f"{number}.example"))
    report = made.report("example.org", REPORTER)
    assert made.domains == ["example.org"]
    assert len(report.policies) == 2
    assert report.policies[0].failures == 9
    assert len(report.policies[0].details) <= 4
