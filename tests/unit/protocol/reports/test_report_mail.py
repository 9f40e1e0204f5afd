"""Mails that carry reports, as Python's own parser and our inspector read them."""

import email
import email.policy
import gzip

import pytest

from skrytka.inspect.check import reports_of
from skrytka.inspect.reports import reports
from skrytka.model.address import Address
from skrytka.protocol.reports.aggregate import write_aggregate
from skrytka.protocol.reports.report_mail import ReportMail, write_dmarc_mail, write_tls_mail
from skrytka.protocol.reports.tls_report import write_tls_report
from tests.unit.protocol.reports import test_aggregate, test_tls_report


def mail(octets: bytes) -> ReportMail:
    return ReportMail(
        about="example.org",
        submitter="mail.example.net",
        from_=Address.parse("dmarc@example.net"),
        to=(Address.parse("a@example.org"), Address.parse("b@example.com")),
        report_id="20260921.example.org@mail.example.net",
        begin_s=1_790_000_000,
        end_s=1_790_086_399,
        now_ms=1_790_090_000_000,
        boundary="=_b1",
        octets=octets,
    )


def test_an_aggregate_report_is_an_attachment_with_the_name_of_the_rfc() -> None:
    octets = write_aggregate(test_aggregate.REPORT)
    raw = write_dmarc_mail(mail(octets))
    assert write_dmarc_mail(mail(octets)) == raw
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 160
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert found["subject"] == (
        "Report Domain: example.org Submitter: mail.example.net Report-ID: <20260921.example.org@mail.example.net>"
    )
    assert found["to"] == "a@example.org, b@example.com"
    assert found["auto-submitted"] == "auto-generated"
    _note, report = found.iter_parts()
    assert report.get_content_type() == "application/gzip"
    assert report.get_filename() == "mail.example.net!example.org!1790000000!1790086399.xml.gz"
    assert gzip.decompress(report.get_content()) == octets


def test_a_tls_report_is_a_report_with_its_own_fields() -> None:
    octets = write_tls_report(test_tls_report.REPORT)
    found = email.message_from_bytes(write_tls_mail(mail(octets)), policy=email.policy.default)
    assert (found["tls-report-domain"], found["tls-report-submitter"]) == ("example.org", "mail.example.net")
    assert found.get_content_type() == "multipart/report"
    assert found["content-type"].params["report-type"] == "tlsrpt"
    _note, report = found.iter_parts()
    assert report.get_content_type() == "application/tlsrpt+gzip"
    assert str(report.get_filename()).endswith("!1790000000!1790086399.json.gz")
    assert gzip.decompress(report.get_content()) == octets


@pytest.mark.parametrize("kind", ["dmarc", "tls"])
def test_we_read_what_we_write(kind: str) -> None:
    if kind == "dmarc":
        answer = reports_of(reports(write_dmarc_mail(mail(write_aggregate(test_aggregate.REPORT)))))
        assert answer.dmarc == (test_aggregate.REPORT,)
    else:
        answer = reports_of(reports(write_tls_mail(mail(write_tls_report(test_tls_report.REPORT)))))
        assert answer.tls == (test_tls_report.REPORT,)
