"""TLS reports of ours as RFC 8460 4.4 writes them."""

import msgspec

from skrytka.protocol.reports.tls_report import Failure, PolicyResult, TlsReport, write_tls_report
from skrytka.protocol.reports.tls_report_reader import read_tls_report

REPORT = TlsReport(
    organization="Skrytka",
    contact="tls@example.net",
    report_id="1@example.net",
    begin_s=1_459_468_800,
    end_s=1_459_555_199,
    policies=(
        PolicyResult(
            kind="sts",
            domain="example.org",
            strings=("version: STSv1", "mode: testing", "mx: *.example.org", "max_age: 86400"),
            mx_hosts=("*.example.org",),
            successes=5326,
            failures=3,
            details=(
                Failure(
                    result="certificate-expired",
                    count=3,
                    sending_ip="2001:db8::1",
                    mx_host="mx.example.org",
                    receiving_ip="192.0.2.1",
                    reason="X509_V_ERR_CERT_HAS_EXPIRED",
                ),
            ),
        ),
        PolicyResult(kind="no-policy-found", domain="example.com", successes=1),
    ),
)


def test_the_fields_have_the_names_of_the_rfc() -> None:
    found = msgspec.json.decode(write_tls_report(REPORT))
    assert found["date-range"] == {"start-datetime": "2016-04-01T00:00:00Z", "end-datetime": "2016-04-01T23:59:59Z"}
    first, second = found["policies"]
    assert first["policy"] == {
        "policy-type": "sts",
        "policy-domain": "example.org",
        "policy-string": ["version: STSv1", "mode: testing", "mx: *.example.org", "max_age: 86400"],
        "mx-host": ["*.example.org"],
    }
    assert first["failure-details"] == [
        {
            "result-type": "certificate-expired",
            "sending-mta-ip": "2001:db8::1",
            "receiving-mx-hostname": "mx.example.org",
            "receiving-ip": "192.0.2.1",
            "failed-session-count": 3,
            "failure-reason-code": "X509_V_ERR_CERT_HAS_EXPIRED",
        }
    ]
    assert second == {
        "policy": {"policy-type": "no-policy-found", "policy-domain": "example.com"},
        "summary": {"total-successful-session-count": 1, "total-failure-session-count": 0},
    }


def test_what_is_written_is_read_again() -> None:
    assert read_tls_report(write_tls_report(REPORT)) == REPORT
