"""Reports are read back by Python's own parser, and no foreign text breaks them."""

import base64
import email
import email.policy
from email.message import EmailMessage, Message

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.address import Address
from skrytka.protocol.reports.dsn import RecipientReport, Report, write
from skrytka.protocol.reports.texts import POLISH, ReportAction
from tests.support.dsn import taken_apart

HEADER = b"From: alice@example.test\r\nSubject: hi\r\nMessage-ID: <1@example.test>\r\n\r\n"
FAILED = RecipientReport(
    final=Address.parse("x@example.net"),
    action=ReportAction.FAILED,
    status="5.1.1",
    original="rfc822;X@example.org",
    remote_mta="mx.example.net",
    diagnostic="550 5.1.1 who?",
    is_remote=True,
    last_attempt_at_ms=1_800_000_000_000,
)
REPORT = Report(
    hostname="mx.example.test",
    to=Address.parse("alice@example.test"),
    arrived_at_ms=1_799_999_000_000,
    now_ms=1_800_000_000_000,
    message_id="r1@mx.example.test",
    boundary="=_b",
    recipients=(FAILED,),
    envid="QQ314159",
    log_id="01M8",
    about=b"<1@example.test>",
    header=HEADER,
)


def parsed(report: Report) -> EmailMessage:
    octets = write(report)
    assert octets.count(b"\r\n") == octets.count(b"\n") == octets.count(b"\r")
    assert all(len(line) <= 998 for line in octets.split(b"\r\n"))
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def status(report: Report) -> list[Message]:
    part = list(parsed(report).iter_parts())[1]
    groups = part.get_payload()
    assert isinstance(groups, list)
    return [group for group in groups if isinstance(group, Message)]


def test_a_report_is_a_multipart_report_of_three_parts() -> None:
    message = parsed(REPORT)
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain",
        "message/delivery-status",
        "text/rfc822-headers",
    ]
    assert message["To"] == "alice@example.test"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["In-Reply-To"] == message["References"] == "<1@example.test>"
    assert write(REPORT).isascii()


def test_the_fields_of_the_message_and_of_each_recipient() -> None:
    delayed = RecipientReport(
        final=Address.parse("y@example.net"),
        action=ReportAction.DELAYED,
        status="4.4.1",
        diagnostic="no answer",
        retry_until_ms=1_800_400_000_000,
    )
    about, first, second = status(msgspec.structs.replace(REPORT, recipients=(FAILED, delayed)))
    assert about["Original-Envelope-Id"] == "QQ314159"
    assert about["Reporting-MTA"] == "dns; mx.example.test"
    assert dict(first.items()) == {
        "Original-Recipient": "rfc822; X@example.org",
        "Final-Recipient": "rfc822; x@example.net",
        "Action": "failed",
        "Status": "5.1.1",
        "Remote-MTA": "dns; mx.example.net",
        "Diagnostic-Code": "smtp; 550 5.1.1 who?",
        "Last-Attempt-Date": "Fri, 15 Jan 2027 08:00:00 +0000",
        "Final-Log-ID": "01M8",
    }
    assert second["Diagnostic-Code"] == "X-Skrytka; no answer"
    assert second["Will-Retry-Until"] == "Tue, 19 Jan 2027 23:06:40 +0000"
    assert "Remote-MTA" not in second


@pytest.mark.parametrize("action", list(ReportAction))
def test_every_action_has_its_words(action: ReportAction) -> None:
    message = parsed(msgspec.structs.replace(REPORT, recipients=(msgspec.structs.replace(FAILED, action=action),)))
    assert message["Subject"].startswith("Your message")
    assert "x@example.net" in next(message.iter_parts()).get_content()


def test_the_whole_message_comes_back_when_it_is_asked_for() -> None:
    content = HEADER + b"8-bit: \xc5\xbc\r\nno end"
    message = parsed(msgspec.structs.replace(REPORT, content=content))
    part = list(message.iter_parts())[2]
    assert part.get_content_type() == "message/rfc822"
    assert message["Content-Transfer-Encoding"] == "8bit"
    assert part["Content-Transfer-Encoding"] == "8bit"  # RFC 2046 5.2.1: never encoded
    assert b"8-bit: \xc5\xbc\r\nno end\r\n" in write(msgspec.structs.replace(REPORT, content=content))


def test_internationalised_addresses_make_a_global_report() -> None:
    utf8 = msgspec.structs.replace(FAILED, final=Address.parse("ż@example.net"), diagnostic="550 nie ma ż")
    header = "Subject: ż\r\n\r\n".encode()
    report = msgspec.structs.replace(REPORT, recipients=(utf8,), header=header, is_local=True)
    assert report.is_utf8
    message = parsed(report)
    assert message.get_param("report-type") == "global-delivery-status"
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain",
        "message/global-delivery-status",
        "message/global-headers",
    ]
    assert "Final-Recipient: utf-8; ż@example.net\r\n".encode() in write(report)
    assert "Diagnostic-Code: smtp; 550 nie ma ż\r\n".encode() in write(report)


def test_on_its_way_to_others_a_report_is_encoded_unless_it_needs_smtputf8() -> None:
    utf8 = msgspec.structs.replace(FAILED, final=Address.parse("ż@example.net"), original=r"utf-8;\x{17C}@example.org")
    header = "Subject: ż\r\n\r\n".encode()
    report = msgspec.structs.replace(REPORT, recipients=(utf8,), header=header)
    octets = write(report)
    assert octets.isascii()  # RFC 6533 4.5
    assert not report.needs_smtputf8
    text, status, returned = parsed(report).iter_parts()
    assert "ż@example.net" in text.get_content()
    assert [part["Content-Transfer-Encoding"] for part in (text, status, returned)] == [
        "quoted-printable",
        "base64",
        "base64",
    ]
    assert "\r\nOriginal-Recipient: utf-8; ż@example.org\r\n".encode() in decoded(octets, 2)
    assert decoded(octets, 3) == header
    to = Address.parse("łukasz@example.test")
    assert msgspec.structs.replace(report, to=to).needs_smtputf8
    assert "To: łukasz@example.test\r\n".encode() in write(msgspec.structs.replace(report, to=to))
    assert b"base64" not in write(msgspec.structs.replace(report, to=to))


def decoded(octets: bytes, number: int) -> bytes:
    """A part in base64; Python's parser does not decode messages in messages."""
    body = octets.split(b"\r\n--=_b")[number].split(b"\r\n\r\n", 1)[1]
    return base64.b64decode(body)


@pytest.mark.parametrize(
    ("original", "field"),
    [
        (r"utf-8;\x{17C}@example.org", r"Original-Recipient: utf-8; \x{17C}@example.org"),
        ("utf-8;ż@example.org", r"Original-Recipient: utf-8; \x{17C}@example.org"),
        (r"UTF-8;a\x{2B}b@example.org", r"Original-Recipient: UTF-8; a\x{2B}b@example.org"),
        ("rfc822;a+b@example.org", "Original-Recipient: rfc822; a+b@example.org"),
    ],
)
def test_in_an_ascii_report_a_utf8_address_stands_in_its_ascii_form(original: str, field: str) -> None:
    report = msgspec.structs.replace(REPORT, recipients=(msgspec.structs.replace(FAILED, original=original),))
    assert f"\r\n{field}\r\n".encode() in write(report)
    assert write(report).isascii()


def test_a_report_in_polish_says_so() -> None:
    report = msgspec.structs.replace(REPORT, words=POLISH)
    message = parsed(report)
    assert message["Subject"] == "Nie udało się doręczyć wiadomości"
    assert message["Content-Language"] == "pl"
    assert "Nie udało się doręczyć Twojej wiadomości do" in next(message.iter_parts()).get_content()
    assert write(report).isascii()
    assert "się".encode() in write(msgspec.structs.replace(report, is_local=True))


def test_a_person_reads_what_happened_why_and_what_to_do() -> None:
    text = next(parsed(REPORT).iter_parts()).get_content()
    assert text.splitlines() == [
        "This is the mail server mx.example.test.",
        "",
        "Your message could not be delivered to",
        "    x@example.net",
        "",
        "There is no such address at that server.",
        "Look whether it is written as it should be.",
        "",
        "mx.example.net said:",
        "    550 5.1.1 who?",
        "",
        "Your message, or its header, is attached.",
    ]


@given(st.text(), st.text(), st.booleans(), st.booleans())
def test_any_foreign_text_stays_where_it_belongs(one: str, other: str, is_utf8: bool, is_local: bool) -> None:
    final = Address.parse("ż@example.net" if is_utf8 else "x@example.net")
    recipient = RecipientReport(
        final=final,
        action=ReportAction.FAILED,
        status="5.0.0",
        original=f"rfc822;{one}",
        remote_mta=other,
        diagnostic=one,
        is_remote=bool(other),
    )
    report = msgspec.structs.replace(REPORT, recipients=(recipient,), envid=other, log_id=one, is_local=is_local)
    dsn = taken_apart(write(report))
    names = [line.partition(":")[0] for line in dsn.status.split("\r\n") if line]
    assert len(names) == len(set(names))
    assert dsn.field("Action") == "failed"
    assert all(len(line) <= 998 for line in dsn.status.split("\r\n"))


@pytest.mark.parametrize(
    "evil", ["a\r\nBcc: eve@example.org", "a\n\n--=_b--", "a\x00b", "é" * 3000, "\ud800x", "x\x85y"]
)
def test_foreign_text_breaks_no_line(evil: str) -> None:
    one = msgspec.structs.replace(FAILED, diagnostic=evil, original=f"rfc822;{evil}", remote_mta=evil)
    report = msgspec.structs.replace(REPORT, recipients=(one,), envid=evil)
    assert len(status(report)) == 2
    assert write(report).isascii()
    assert write(report).count(b"\r\n--=_b") == 4
    assert b"\r\nBcc" not in write(report)
