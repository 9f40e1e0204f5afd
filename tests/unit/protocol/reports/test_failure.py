"""Failure reports as RFC 9991 and RFC 6591 have them, as Python's own parser reads them."""

import email
import email.policy
from email.message import Message
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.mail.delivery.incoming import rescan
from skrytka.model.address import Address
from skrytka.protocol.reports.failure import HEADER_MAX, FailedSignature, FailureReport, write_failure

HEADER = (
    b"Received: from a.example by b.example with ESMTP id 1\r\n"
    b" for <alice@example.net>; Fri, 1 Jan 2027 00:00:00 +0000\r\n"
    b"From: Boss <boss@example.org>\r\nTO : alice@example.net,\r\n bob@example.net\r\n"
    b"Delivered-To: alice@example.net\r\n"
    b"X-Envelope-To: alice@example.net\r\n"
    b"Message-ID: <alice=example.net.7@spam.example>\r\n"
    b"Subject: pay \xc5\xbc this\r\n\r\n"
)
HIDDEN = "eccc125b444f8284"
REPORT = FailureReport(
    from_=Address.parse("postmaster@example.net"),
    to=Address.parse("ruf@example.org"),
    submitter="example.net",
    message_id="1@example.net",
    boundary="=_b1",
    now_ms=1_800_000_000_000,
    arrived_at_ms=1_799_999_000_000,
    source_ip="192.0.2.66",
    domain="example.org",
    reverse_path="bounce+alice=example.net@spam.example",
    redaction_key=b"k",
    failed=("dkim", "spf"),
    result="reject",
    fields=rescan(HEADER).fields,
    recipients=("Alice@example.net",),
    signature=FailedSignature("example.org", "@example.org", "s1"),
    spf_records=(("example.org", 'v=spf1 "-all'),),
)


def parts(report: FailureReport) -> tuple[Message, list[Message]]:
    whole = email.message_from_bytes(write_failure(report), policy=email.policy.compat32)
    found: Any = whole.get_payload()
    return whole, found


def feedback(report: FailureReport) -> Message:
    inner: Any = parts(report)[1][1].get_payload()
    return inner[0] if isinstance(inner, list) else email.message_from_string(inner)


def test_it_is_a_report_of_three_parts() -> None:
    whole, (note, second, third) = parts(REPORT)
    assert whole.get_content_type() == "multipart/report"
    assert whole.get_param("report-type") == "feedback-report"
    assert note.get_content_type() == "text/plain"
    assert second.get_content_type() == "message/feedback-report"
    assert third.get_content_type() == "text/rfc822-headers"


def test_the_machine_reads_what_failed() -> None:
    assert dict(feedback(REPORT).items()) == {
        "Feedback-Type": "auth-failure",
        "Version": "1",
        "User-Agent": "Skrytka",
        "Auth-Failure": "dmarc",
        "Authentication-Results": "example.net; dmarc=fail header.from=example.org",
        "Identity-Alignment": "dkim, spf",
        "Original-Mail-From": f"<{HIDDEN}@spam.example>",
        "Arrival-Date": "Fri, 15 Jan 2027 07:43:20 +0000",
        "Source-IP": "192.0.2.66",
        "Reported-Domain": "example.org",
        "Delivery-Result": "reject",
        "DKIM-Domain": "example.org",
        "DKIM-Identity": "@example.org",
        "DKIM-Selector": "s1",
        "SPF-DNS": 'txt : example.org : "v=spf1 \\"-all"',
    }
    assert feedback(msgspec.structs.replace(REPORT, failed=()))["Identity-Alignment"] == "none"


def test_whom_it_was_for_and_what_about_is_left_out() -> None:
    raw = write_failure(REPORT)
    assert b"alice" not in raw.lower()
    assert b"bob@" not in raw
    names = b"".join(name + b": (left out)\r\n" for name in (b"TO", b"Delivered-To", b"X-Envelope-To"))
    assert names + b"Message-ID: <(left out).7@spam.example>\r\nSubject: (left out)\r\n" in raw
    assert b"From: Boss <boss@example.org>\r\n" in raw
    assert b"for (left out); Fri" in raw


def test_a_local_part_is_the_same_in_all_reports_and_says_nothing() -> None:
    again = feedback(msgspec.structs.replace(REPORT, reverse_path="other@spam.example"))["Original-Mail-From"]
    assert again != f"<{HIDDEN}@spam.example>"
    assert again.endswith("@spam.example>")
    assert feedback(msgspec.structs.replace(REPORT, reverse_path=""))["Original-Mail-From"] == "<>"
    other = feedback(msgspec.structs.replace(REPORT, redaction_key=b"another"))["Original-Mail-From"]
    assert other != f"<{HIDDEN}@spam.example>"


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({"kind": "signature", "authentication": "dkim=fail"}, "dkim=fail header.d=example.org header.s=s1"),
        (
            {"kind": "spf", "authentication": "spf=fail", "spf_domain": "spam.example"},
            "spf=fail smtp.mailfrom=spam.example",
        ),
        ({"authentication": "dmarc=pass"}, "dmarc=pass header.from=example.org"),
    ],
)
def test_it_is_about_one_result(changes: dict[str, Any], result: str) -> None:
    """RFC 6591 3.1."""
    found = feedback(msgspec.structs.replace(REPORT, **changes))
    assert found["Authentication-Results"] == f"example.net; {result}"
    assert found["Auth-Failure"] == changes.get("kind", "dmarc")


@given(st.text(max_size=600))
def test_what_strangers_chose_stays_in_its_line(text: str) -> None:
    signature = FailedSignature(text, text, text)
    odd = msgspec.structs.replace(
        REPORT, reverse_path=text, domain=text, signature=signature, spf_records=((text, text),)
    )
    found = feedback(odd)
    assert len(found.items()) == 15


def test_a_long_header_is_cut() -> None:
    long = rescan(b"From: " + b"y" * 2 * HEADER_MAX + b"\r\n\r\n").fields
    raw = write_failure(msgspec.structs.replace(REPORT, fields=long))
    assert len(raw) < HEADER_MAX + 3000
    assert raw.endswith(b"y\r\n\r\n--=_b1--\r\n")


def test_a_large_group_and_a_long_header_take_their_time_once() -> None:
    members = tuple(f"member{number}@example.net" for number in range(2_000))
    line = b"Received: by x; " + b"a" * 900 + b"\r\n"
    fields = rescan(line * 60 + b"Message-ID: <MEMBER77@EXAMPLE.NET>\r\n\r\n").fields
    raw = write_failure(msgspec.structs.replace(REPORT, recipients=members, fields=fields))
    assert b"member" not in raw.lower()
    assert b"Message-ID: <(left out)>\r\n" in raw
