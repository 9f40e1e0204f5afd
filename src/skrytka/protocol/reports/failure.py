"""DMARC failure reports (RFC 9991, in the format of RFC 6591): one message that was not proven, for its domain's owner.

They carry other people's mail, so little is in one: of the header what authentication depends on, and of other fields
their names; no body; nothing that says whom the message was for (RFC 6590).
"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from typing import Annotated, Final, Literal

import msgspec

from skrytka.model.address import Address
from skrytka.protocol.smtp.received import date_text

USER_AGENT: Final = "Skrytka"
HEADER_MAX: Final = 64 * 1024  # octets of the reported header; what is behind is left out
LEFT_OUT: Final = b"(left out)"
_KEPT: Final = frozenset(
    {
        b"received", b"received-spf", b"dkim-signature", b"authentication-results",
        b"arc-seal", b"arc-message-signature", b"arc-authentication-results",
        b"from", b"sender", b"date", b"message-id", b"mime-version", b"content-type", b"content-transfer-encoding",
        b"list-id", b"precedence", b"auto-submitted",
    }
)  # fmt: skip
_FOR: Final = re.compile(rb"\bfor\s+<?[^\s;<>]+@[^\s;<>]+>?")  # of Received (RFC 5321 4.4)
_NO_ASCII: Final = re.compile(rb"[\x80-\xff]")
_UNFIT: Final = re.compile(r"[^\x20-\x7e]+")
TEXT_MAX: Final = 255  # characters of a value of another's report
INCIDENTS_MAX: Final = 2**32 - 1  # RFC 5965 3.2
Text = Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]
DeliveryResult = Literal["delivered", "spam", "policy", "reject", "other"]
FailureKind = Literal["dmarc", "signature", "bodyhash", "revoked", "spf"]  # RFC 6591 3.3, RFC 9991 4


class FailedSignature(msgspec.Struct, frozen=True):
    """A signature that failed."""

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
    redaction_key: bytes  # so that a local part is the same in every report, and nobody's
    failed: tuple[Literal["dkim", "spf"], ...]  # that did not authenticate an aligned identity
    result: DeliveryResult
    fields: tuple[tuple[bytes, bytes], ...]  # of the reported header, as HeaderScan has them
    kind: FailureKind = "dmarc"
    authentication: str = "dmarc=fail"  # the one result that it is about, as RFC 8601 writes it, without properties
    recipients: tuple[str, ...] = ()  # whose addresses stand nowhere in the report
    signature: FailedSignature | None = None
    spf_domain: str = ""
    spf_records: tuple[tuple[str, str], ...] = ()  # domain and record, if SPF of an aligned identity failed


class FailureTold(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a report of another server says (``failure_reader``); "" for what it does not."""

    domain: Text  # that the message claims to be from
    failure: Text  # dmarc, signature, bodyhash, spf...
    alignment: Text = ""  # "dkim,spf"
    result: Text = ""
    source_ip: Text = ""
    arrived: Text = ""  # a date as RFC 5322 has it, not parsed
    dkim_domain: Text = ""
    dkim_selector: Text = ""
    mail_from: Text = ""  # its domain
    incidents: Annotated[int, msgspec.Meta(ge=0, le=INCIDENTS_MAX)] = 1


def write_failure(report: FailureReport) -> bytes:
    """The message (RFC 6591 3.1). In a thread: a long header and a large group take some milliseconds."""
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
        "",
        "",
    ]
    header = _NO_ASCII.sub(b"?", b"".join(_redacted(report))[:HEADER_MAX])  # so that any server takes it as it is
    end = b"" if header.endswith(b"\r\n") or not header else b"\r\n"
    return "\r\n".join(lines).encode() + header + end + f"\r\n--{report.boundary}--\r\n".encode()


def _feedback(report: FailureReport) -> Iterator[str]:
    yield "Feedback-Type: auth-failure"
    yield "Version: 1"
    yield f"User-Agent: {USER_AGENT}"
    yield f"Auth-Failure: {report.kind}"
    yield f"Authentication-Results: {_line(report.submitter)}; {report.authentication} {_about(report)}"
    yield f"Identity-Alignment: {', '.join(report.failed) or 'none'}"
    yield f"Original-Mail-From: <{_line(_hidden(report))}>"
    yield f"Arrival-Date: {date_text(report.arrived_at_ms)}"
    yield f"Source-IP: {_line(report.source_ip)}"
    yield f"Reported-Domain: {_line(report.domain)}"
    yield f"Delivery-Result: {report.result}"
    if report.signature is not None:
        yield f"DKIM-Domain: {_line(report.signature.domain)}"
        yield f"DKIM-Identity: @{_line(report.signature.identity.rpartition('@')[2])}"
        yield f"DKIM-Selector: {_line(report.signature.selector)}"
    for domain, record in report.spf_records:
        quoted = _line(record).replace("\\", "\\\\").replace('"', '\\"')
        yield f'SPF-DNS: txt : {_line(domain)} : "{quoted}"'


def _about(report: FailureReport) -> str:
    """What the result is of."""
    if report.kind == "dmarc":
        return f"header.from={_line(report.domain)}"
    if report.kind == "spf" or report.signature is None:
        return f"smtp.mailfrom={_line(report.spf_domain)}"
    return f"header.d={_line(report.signature.domain)} header.s={_line(report.signature.selector)}"


def _hidden(report: FailureReport) -> str:
    """The reverse path without its local part (RFC 6590 3): a list writes there whom it was for."""
    local, at, domain = report.reverse_path.rpartition("@")
    if not at:
        return ""
    digest = hmac.digest(report.redaction_key, local.encode(errors="replace"), hashlib.sha256)
    return f"{digest[:8].hex()}@{domain}"


def _redacted(report: FailureReport) -> Iterator[bytes]:
    hidden = _addresses(report)
    for name, field in report.fields:
        if name not in _KEPT:
            yield field.partition(b":")[0].rstrip(b" \t") + b": " + LEFT_OUT + b"\r\n"
            continue
        kept = _FOR.sub(b"for " + LEFT_OUT, field) if name == b"received" else field
        yield kept if hidden is None else hidden.sub(LEFT_OUT, kept)


def _addresses(report: FailureReport) -> re.Pattern[bytes] | None:
    """Those that are there, each in its usual form or as bounces of lists have it (alice=example.org).

    A group has thousands of members: only what is found at all is looked for in each field.
    """
    text = b"".join(field for name, field in report.fields if name in _KEPT).lower()
    forms = (
        form.lower().encode(errors="replace") for each in report.recipients for form in (each, each.replace("@", "="))
    )
    found = [form for form in forms if form in text]
    return re.compile(b"|".join(map(re.escape, found)), re.IGNORECASE) if found else None


def _line(text: str) -> str:
    """On one line, in ASCII."""
    return _UNFIT.sub("?", text[:500])
