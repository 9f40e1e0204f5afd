"""Delivery status notifications as text (RFC 3464, RFC 6522, RFC 6533).

Pure: everything that stands in a report is handed in, and nothing of it can break a line: foreign text is cut and
freed of control characters, and of what is not ASCII where the report itself has to be. What is not ASCII stands in 8
bits in a report for a mailbox here or one that needs SMTPUTF8; in any other it is encoded, for nobody knows what the
servers on its way take (RFC 6533 4.5), but for a returned message/rfc822, which must not be (RFC 2046 5.2.1).
"""

import re
from base64 import b64encode
from binascii import b2a_qp
from typing import Final

import msgspec

from skrytka.model.address import Address
from skrytka.protocol.reports.texts import ENGLISH, ReportAction, Words, cause_of
from skrytka.protocol.smtp.parameters import decode_utf8_address, encode_utf8_address, is_utf8_type
from skrytka.protocol.smtp.received import date_text

DIAGNOSTIC_MAX: Final = 400  # characters; two of them stand in one line, which has 998 at most (RFC 5322 2.1.1)
BASE64_LINE: Final = 57  # octets in a line of 76 characters (RFC 2045 6.8)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_ORDER: Final = (  # the first that is there names the report
    ReportAction.FAILED,
    ReportAction.DELAYED,
    ReportAction.RELAYED,
    ReportAction.EXPANDED,
    ReportAction.DELIVERED,
)
_HAS_CAUSE: Final = frozenset({ReportAction.FAILED, ReportAction.DELAYED})


class RecipientReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one recipient."""

    final: Address
    action: ReportAction
    status: str  # RFC 3463
    original: str = ""  # ORCPT as model.envelope.Recipient has it
    remote_mta: str = ""
    diagnostic: str = ""  # the other server's reply, or our own words
    is_remote: bool = False  # the diagnostic is a reply
    is_late: bool = False  # the time by which its sender wanted it delivered has passed
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
    deliver_by_ms: int | None = None
    future_release: str = ""  # as model.envelope.Hold has it
    log_id: str = ""  # under which our log knows the message
    about: bytes = b""  # Message-ID of the reported message, with angle brackets
    header: bytes = b""  # of the reported message
    content: bytes | None = None  # all of it, where it is to be returned
    words: Words = ENGLISH
    is_local: bool = False  # it goes into a mailbox here
    is_tls_optional: bool = False  # the sender did without TLS (RFC 8689 6)

    @property
    def is_utf8(self) -> bool:
        """Whether an address needs the forms of RFC 6533."""
        addresses = [self.to, *(each.final for each in self.recipients)]
        return not all(address.is_ascii for address in addresses)

    @property
    def needs_smtputf8(self) -> bool:
        """Whether it travels by SMTPUTF8 only: it stands in its own header to whom it goes."""
        return not self.to.is_ascii


def write(report: Report) -> bytes:
    """The message, header included."""
    parts = [
        _part(report, "text/plain; charset=utf-8", "Notification", _text(report).encode()),
        _part(report, f"message/{_global(report)}delivery-status", "Delivery report", _status(report).encode()),
        _returned(report),
    ]
    return _header(report, parts) + b"".join(parts) + f"--{report.boundary}--\r\n".encode()


def _global(report: Report) -> str:
    return "global-" if report.is_utf8 else ""


def _header(report: Report, parts: list[bytes]) -> bytes:
    actions = {each.action for each in report.recipients}
    subject = report.words.subjects[next(action for action in _ORDER if action in actions)]
    is_8bit = not all(part.isascii() for part in parts)
    lines = [
        f"From: {report.words.sender} <mailer-daemon@{report.hostname}>",
        f"To: {report.to}",
        f"Subject: {_encoded_word(subject)}",
        f"Date: {date_text(report.now_ms)}",
        f"Message-ID: <{report.message_id}>",
        "Auto-Submitted: auto-replied",  # RFC 3834 3.1.7
        *(["TLS-Required: No"] if report.is_tls_optional else []),
        *([f"Content-Language: {report.words.tag}"] if report.words is not ENGLISH else []),
        "MIME-Version: 1.0",
        f"Content-Type: multipart/report; report-type={_global(report)}delivery-status;",
        f'\tboundary="{report.boundary}"',
        *(["Content-Transfer-Encoding: 8bit"] if is_8bit else []),
    ]
    about = b"In-Reply-To: %b\r\nReferences: %b\r\n" % (report.about, report.about) if report.about else b""
    return "\r\n".join(lines).encode() + b"\r\n" + about + b"\r\n"


def _encoded_word(text: str) -> str:
    """RFC 2047 2; short texts of ours only."""
    return text if text.isascii() else f"=?utf-8?B?{b64encode(text.encode()).decode()}?="


def _part(report: Report, kind: str, description: str, raw: bytes, *, is_encodable: bool = True) -> bytes:
    encoding = ""
    if not raw.isascii():
        encoding = "8bit"
        if is_encodable and not (report.is_local or report.needs_smtputf8):
            encoding = "quoted-printable" if kind.startswith("text/") else "base64"
            raw = _ENCODERS[encoding](raw)
    field = f"Content-Transfer-Encoding: {encoding}\r\n" if encoding else ""
    head = f"--{report.boundary}\r\nContent-Type: {kind}\r\nContent-Description: {description}\r\n{field}\r\n"
    return head.encode() + raw + b"\r\n"


def _quoted_printable(raw: bytes) -> bytes:
    lines = (b2a_qp(line, istext=True) for line in raw.split(b"\r\n"))
    return b"\r\n".join(line.replace(b"=\n", b"=\r\n") for line in lines)


def _base64(raw: bytes) -> bytes:
    return b"".join(b64encode(raw[at : at + BASE64_LINE]) + b"\r\n" for at in range(0, len(raw), BASE64_LINE))


_ENCODERS: Final = {"quoted-printable": _quoted_printable, "base64": _base64}


def _text(report: Report) -> str:
    words = report.words
    lines = [words.server.format(hostname=report.hostname), ""]
    for each in report.recipients:
        lines += [words.sentences[each.action], f"    {_shown(report, str(each.final))}", *_reason(report, each), ""]
    if any(each.action is ReportAction.DELAYED for each in report.recipients):
        lines += [words.not_again, ""]
    return "\r\n".join([*lines, words.returned, ""])


def _reason(report: Report, each: RecipientReport) -> list[str]:
    """Why, what may be done, and the words of whoever refused."""
    words = report.words
    lines: list[str] = []
    if each.action in _HAS_CAUSE:
        cause = words.late if each.is_late else cause_of(words, each.status)
        lines += ["", cause.why, *([cause.advice] if each.action is ReportAction.FAILED else [])]
    if each.retry_until_ms:
        lines.append(words.until.format(date=date_text(each.retry_until_ms)))
    if each.diagnostic:
        is_said = each.is_remote and each.remote_mta
        who = words.said.format(host=_shown(report, each.remote_mta)) if is_said else words.detail
        lines += ["", who, f"    {_shown(report, each.diagnostic)}"]
    return lines


def _status(report: Report) -> str:
    """RFC 3464 2.1: fields about the message, then a group for each recipient."""
    groups = [
        [
            *([f"Original-Envelope-Id: {_shown(report, report.envid)}"] if report.envid else []),
            f"Reporting-MTA: dns; {report.hostname}",
            f"Arrival-Date: {date_text(report.arrived_at_ms)}",
            # RFC 2852 5
            *([] if report.deliver_by_ms is None else [f"Deliver-By-Date: {date_text(report.deliver_by_ms)}"]),
            # RFC 4865 5.1.2
            *([f"Future-Release-Request: {_shown(report, report.future_release)}"] if report.future_release else []),
        ],
        *(_recipient(report, each) for each in report.recipients),
    ]
    return "\r\n\r\n".join("\r\n".join(group) for group in groups) + "\r\n"


def _recipient(report: Report, each: RecipientReport) -> list[str]:
    """RFC 3464 2.3, in the order of its grammar."""
    lines = [_original(report, each.original)] if each.original else []
    kind = "rfc822" if each.final.is_ascii else "utf-8"  # RFC 6533 3
    lines += [f"Final-Recipient: {kind}; {each.final}", f"Action: {each.action}", f"Status: {each.status}"]
    if each.remote_mta:
        lines.append(f"Remote-MTA: dns; {_shown(report, each.remote_mta)}")
    if each.diagnostic:
        lines.append(f"Diagnostic-Code: {'smtp' if each.is_remote else 'X-Skrytka'}; {_shown(report, each.diagnostic)}")
    if each.last_attempt_at_ms:
        lines.append(f"Last-Attempt-Date: {date_text(each.last_attempt_at_ms)}")
    if report.log_id:
        lines.append(f"Final-Log-ID: {_shown(report, report.log_id)}")
    if each.retry_until_ms:
        lines.append(f"Will-Retry-Until: {date_text(each.retry_until_ms)}")
    return lines


def _original(report: Report, original: str) -> str:
    """RFC 6533 3: as an address where UTF-8 may stand, in its ASCII form elsewhere."""
    kind, _, address = original.partition(";")
    if is_utf8_type(kind):
        address = decode_utf8_address(address) if report.is_utf8 else encode_utf8_address(address)
    return f"Original-Recipient: {_shown(report, kind)}; {_shown(report, address)}"


def _returned(report: Report) -> bytes:
    """The message or its header (RFC 6522 3); what is UTF-8 in a header has its own type (RFC 6533 5)."""
    octets = report.content if report.content is not None else report.header
    is_global = not report.header.isascii()
    if report.content is not None:
        kind = "message/global" if is_global else "message/rfc822"
    else:
        kind = "message/global-headers" if is_global else "text/rfc822-headers"
    if not octets.endswith(b"\r\n"):
        octets += b"\r\n"
    return _part(report, kind, "Your message", octets, is_encodable=kind != "message/rfc822")


def _shown(report: Report, text: str) -> str:
    """Foreign text as it may stand in a line."""
    text = _SURROGATE.sub("?", _CONTROL.sub(" ", text))[:DIAGNOSTIC_MAX].strip()
    return text if report.is_utf8 else text.encode("ascii", "replace").decode()
