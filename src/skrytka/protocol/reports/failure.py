"""DMARC failure reports (RFC 9991, in the format of RFC 6591): one message that was not proven, for its domain's owner.

Nothing sends them: they carry other people's mail. What one would hold is the header, without body, and without whom
the message was for (RFC 6590): fields that name a recipient keep their name only.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal

import msgspec

from skrytka.model.address import Address
from skrytka.protocol.smtp.received import date_text

USER_AGENT: Final = "Skrytka"
HEADER_MAX: Final = 64 * 1024  # octets of the reported header; what is behind is left out
_RECIPIENTS: Final = frozenset(
    {b"to", b"cc", b"bcc", b"resent-to", b"resent-cc", b"resent-bcc", b"delivered-to", b"x-original-to", b"envelope-to"}
)
_FOR: Final = re.compile(rb"\bfor\s+<?[^\s;<>]+@[^\s;<>]+>?")  # of Received (RFC 5321 4.4)
_UNFIT: Final = re.compile(r"[^\x20-\x7e]+")
DeliveryResult = Literal["delivered", "spam", "policy", "reject", "other"]


class FailedSignature(msgspec.Struct, frozen=True):
    """An aligned signature that failed."""

    domain: str
    identity: str
    selector: str


class FailureReport(msgspec.Struct, frozen=True, kw_only=True):
    """One report; texts of strangers come as they are."""

    from_: Address
    to: Address
    submitter: str  # our domain
    message_id: str
    boundary: str  # unpredictable, so that no header can hold it
    now_ms: int
    arrived_at_ms: int
    source_ip: str
    domain: str  # in From
    reverse_path: str
    failed: tuple[Literal["dkim", "spf"], ...]  # that did not authenticate an aligned identity
    result: DeliveryResult
    fields: tuple[tuple[bytes, bytes], ...]  # of the reported header, as HeaderScan has them
    signature: FailedSignature | None = None
    spf_records: tuple[tuple[str, str], ...] = ()  # domain and record, if SPF of an aligned identity failed


def write_failure(report: FailureReport) -> bytes:
    """The message (RFC 6591 3.1)."""
    note = (
        f"A message from {_line(report.source_ip)} that claims to be from {_line(report.domain)} was not proven to be.",
        "The addresses of whom it was for are left out.",
    )
    lines = [
        f"From: <{report.from_}>",
        f"To: <{report.to}>",
        f"Subject: DMARC failure report about {_line(report.domain)}",
        f"Date: {date_text(report.now_ms)}",
        f"Message-ID: <{report.message_id}>",
        "Auto-Submitted: auto-generated",  # RFC 3834 5
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=feedback-report;\r\n\tboundary="{report.boundary}"',
        "",
        f"--{report.boundary}",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        *note,
        f"--{report.boundary}",
        "Content-Type: message/feedback-report",
        "",
        *_feedback(report),
        "",
        f"--{report.boundary}",
        "Content-Type: text/rfc822-headers",
        "Content-Transfer-Encoding: 8bit",
        "",
        "",
    ]
    header = b"".join(_without_recipients(report.fields))[:HEADER_MAX]
    end = b"" if header.endswith(b"\r\n") or not header else b"\r\n"
    return "\r\n".join(lines).encode() + header + end + f"\r\n--{report.boundary}--\r\n".encode()


def _feedback(report: FailureReport) -> Iterator[str]:
    yield "Feedback-Type: auth-failure"
    yield "Version: 1"
    yield f"User-Agent: {USER_AGENT}"
    yield "Auth-Failure: dmarc"
    yield f"Authentication-Results: {_line(report.submitter)}; dmarc=fail header.from={_line(report.domain)}"
    yield f"Identity-Alignment: {', '.join(report.failed) or 'none'}"
    yield f"Original-Mail-From: <{_line(report.reverse_path)}>"
    yield f"Arrival-Date: {date_text(report.arrived_at_ms)}"
    yield f"Source-IP: {_line(report.source_ip)}"
    yield f"Reported-Domain: {_line(report.domain)}"
    yield f"Delivery-Result: {report.result}"
    if report.signature is not None:
        yield f"DKIM-Domain: {_line(report.signature.domain)}"
        yield f"DKIM-Identity: {_line(report.signature.identity)}"
        yield f"DKIM-Selector: {_line(report.signature.selector)}"
    for domain, record in report.spf_records:
        quoted = _line(record).replace("\\", "\\\\").replace('"', '\\"')
        yield f'SPF-DNS: txt : {_line(domain)} : "{quoted}"'


def _without_recipients(fields: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
    for name, field in fields:
        if name in _RECIPIENTS:
            yield field.partition(b":")[0].rstrip(b" \t") + b": (left out)\r\n"
        elif name == b"received":
            yield _FOR.sub(b"for (left out)", field)
        else:
            yield field


def _line(text: str) -> str:
    """On one line, in ASCII."""
    return _UNFIT.sub("?", text[:500])
