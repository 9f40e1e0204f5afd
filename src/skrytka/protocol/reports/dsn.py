"""Delivery status notifications as text (RFC 3464, RFC 6522, RFC 6533).

Pure: everything that stands in a report is handed in, and nothing of it can break a line: foreign text is cut and freed
of control characters, and of what is not ASCII where the report itself has to be.
"""

import re
from enum import StrEnum
from typing import Final

import msgspec

from skrytka.model.address import Address
from skrytka.protocol.smtp.received import date_text

DIAGNOSTIC_MAX: Final = 400  # characters; two of them stand in one line, which has 998 at most (RFC 5322 2.1.1)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


class ReportAction(StrEnum):
    """RFC 3464 2.3.3."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


class RecipientReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one recipient."""

    final: Address
    action: ReportAction
    status: str  # RFC 3463
    original: str = ""  # ORCPT, decoded: "type;address"
    remote_mta: str = ""
    diagnostic: str = ""  # the other server's reply, or our own words
    is_remote: bool = False  # the diagnostic is a reply
    last_attempt_at_ms: int = 0
    retry_until_ms: int = 0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole report."""

    hostname: str  # Reporting-MTA
    to: Address
    arrived_at_ms: int
    now_ms: int
    message_id: str  # of the report, without angle brackets
    boundary: str  # unpredictable, so that no content can hold it
    recipients: tuple[RecipientReport, ...]
    envid: str = ""
    about: bytes = b""  # Message-ID of the reported message, with angle brackets
    header: bytes = b""  # of the reported message
    content: bytes | None = None  # all of it, where it is to be returned

    @property
    def is_utf8(self) -> bool:
        """Whether an address needs the forms of RFC 6533; such a report needs SMTPUTF8 to travel."""
        addresses = [self.to, *(each.final for each in self.recipients)]
        return not all(address.is_ascii for address in addresses)


_SUBJECTS: Final = (  # the first that is there names the report
    (ReportAction.FAILED, "Your message could not be delivered"),
    (ReportAction.DELAYED, "Your message is delayed"),
    (ReportAction.RELAYED, "Your message was handed on"),
    (ReportAction.EXPANDED, "Your message was delivered to a list"),
    (ReportAction.DELIVERED, "Your message was delivered"),
)
_SENTENCES: Final = {
    ReportAction.FAILED: "could not be delivered to",
    ReportAction.DELAYED: "could not be delivered yet, and will be tried again, to",
    ReportAction.RELAYED: "was handed to a server that sends no confirmations, for",
    ReportAction.EXPANDED: "was delivered to the members of",
    ReportAction.DELIVERED: "was delivered to",
}


def write(report: Report) -> bytes:
    """The message, header included; 8-bit only where the returned content or an address is."""
    parts = [
        _part(report, "text/plain; charset=utf-8", "Notification", _text(report)),
        _part(report, f"message/{_global(report)}delivery-status", "Delivery report", _status(report)),
        _returned(report),
    ]
    return _header(report, parts) + b"".join(parts) + f"--{report.boundary}--\r\n".encode()


def _global(report: Report) -> str:
    return "global-" if report.is_utf8 else ""


def _header(report: Report, parts: list[bytes]) -> bytes:
    subject = next(text for action, text in _SUBJECTS if any(each.action is action for each in report.recipients))
    is_8bit = not all(part.isascii() for part in parts)
    lines = [
        f"From: Mail delivery <mailer-daemon@{report.hostname}>",
        f"To: {report.to}",
        f"Subject: {subject}",
        f"Date: {date_text(report.now_ms)}",
        f"Message-ID: <{report.message_id}>",
        "Auto-Submitted: auto-replied",  # RFC 3834 3.1.7
        "MIME-Version: 1.0",
        f"Content-Type: multipart/report; report-type={_global(report)}delivery-status;",
        f'\tboundary="{report.boundary}"',
        *(["Content-Transfer-Encoding: 8bit"] if is_8bit else []),
    ]
    about = b"In-Reply-To: %b\r\nReferences: %b\r\n" % (report.about, report.about) if report.about else b""
    return "\r\n".join(lines).encode() + b"\r\n" + about + b"\r\n"


def _part(report: Report, kind: str, description: str, body: str) -> bytes:
    raw = body.encode()
    encoding = "" if raw.isascii() else "Content-Transfer-Encoding: 8bit\r\n"
    head = f"--{report.boundary}\r\nContent-Type: {kind}\r\nContent-Description: {description}\r\n{encoding}\r\n"
    return head.encode() + raw + b"\r\n"


def _text(report: Report) -> str:
    lines = [f"This is the mail server {report.hostname}.", ""]
    for each in report.recipients:
        lines += [f"Your message {_SENTENCES[each.action]}", f"    {_shown(report, str(each.final))}"]
        if each.diagnostic:
            said = f"{_shown(report, each.remote_mta)} said" if each.is_remote and each.remote_mta else "Reason"
            lines.append(f"    {said}: {_shown(report, each.diagnostic)}")
        if each.retry_until_ms:
            lines.append(f"    It will be tried until {date_text(each.retry_until_ms)}.")
        lines.append("")
    if any(each.action is ReportAction.DELAYED for each in report.recipients):
        lines += ["You need not send a delayed message again.", ""]
    return "\r\n".join(lines)


def _status(report: Report) -> str:
    """RFC 3464 2.1: fields about the message, then a group for each recipient."""
    groups = [
        [
            *([f"Original-Envelope-Id: {_shown(report, report.envid)}"] if report.envid else []),
            f"Reporting-MTA: dns; {report.hostname}",
            f"Arrival-Date: {date_text(report.arrived_at_ms)}",
        ],
        *(_recipient(report, each) for each in report.recipients),
    ]
    return "\r\n\r\n".join("\r\n".join(group) for group in groups) + "\r\n"


def _recipient(report: Report, each: RecipientReport) -> list[str]:
    kind = "rfc822" if each.final.is_ascii else "utf-8"  # RFC 6533 3
    lines = [f"Final-Recipient: {kind}; {each.final}", f"Action: {each.action}", f"Status: {each.status}"]
    if each.original:
        name, _, address = each.original.partition(";")
        lines.insert(0, f"Original-Recipient: {name}; {_shown(report, address)}")
    if each.remote_mta:
        lines.append(f"Remote-MTA: dns; {_shown(report, each.remote_mta)}")
    if each.diagnostic:
        lines.append(f"Diagnostic-Code: {'smtp' if each.is_remote else 'X-Skrytka'}; {_shown(report, each.diagnostic)}")
    if each.last_attempt_at_ms:
        lines.append(f"Last-Attempt-Date: {date_text(each.last_attempt_at_ms)}")
    if each.retry_until_ms:
        lines.append(f"Will-Retry-Until: {date_text(each.retry_until_ms)}")
    return lines


def _returned(report: Report) -> bytes:
    """The message or its header (RFC 6522 3); what is UTF-8 in a header has its own type (RFC 6533 5)."""
    octets = report.content if report.content is not None else report.header
    is_global = not report.header.isascii()
    if report.content is not None:
        kind = "message/global" if is_global else "message/rfc822"
    else:
        kind = "message/global-headers" if is_global else "text/rfc822-headers"
    encoding = "" if octets.isascii() else "Content-Transfer-Encoding: 8bit\r\n"
    end = b"" if octets.endswith(b"\r\n") else b"\r\n"
    head = f"--{report.boundary}\r\nContent-Type: {kind}\r\nContent-Description: Your message\r\n{encoding}\r\n"
    return head.encode() + octets + end + b"\r\n"


def _shown(report: Report, text: str) -> str:
    """Foreign text as it may stand in a line."""
    text = _SURROGATE.sub("?", _CONTROL.sub(" ", text))[:DIAGNOSTIC_MAX].strip()
    return text if report.is_utf8 else text.encode("ascii", "replace").decode()
