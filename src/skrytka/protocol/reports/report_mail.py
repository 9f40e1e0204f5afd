"""The mail that carries an aggregate report (RFC 9990 3.5.2) or a TLS report (RFC 8460 5.3), packed with gzip."""

import zlib
from collections.abc import Sequence
from typing import Final

import msgspec

from skrytka.model.address import Address
from skrytka.protocol.mailauth.dkim.tags import write_base64
from skrytka.protocol.smtp.received import date_text

BASE64_LINE: Final = 76  # RFC 2045 6.8
_GZIP: Final = 16 + zlib.MAX_WBITS


class ReportMail(msgspec.Struct, frozen=True, kw_only=True):
    """What both kinds have in common; all names are A-labels."""

    about: str  # the domain that is told
    submitter: str  # us
    from_: Address
    to: tuple[Address, ...]
    report_id: str  # id-left@id-right, also in the body of the report
    begin_s: int
    end_s: int
    now_ms: int
    boundary: str  # unpredictable, so that no content can hold it
    octets: bytes  # XML or JSON


def write_dmarc_mail(mail: ReportMail) -> bytes:
    """The message; compressing takes some milliseconds for a large report."""
    note = f"DMARC aggregate report of {mail.submitter} about mail that claims to be from {mail.about}."
    return _message(mail, "multipart/mixed;", (), note, "application/gzip", "xml.gz")


def write_tls_mail(mail: ReportMail) -> bytes:
    """As :func:`write_dmarc_mail`."""
    fields = (
        f"TLS-Report-Domain: {mail.about}",
        f"TLS-Report-Submitter: {mail.submitter}",
        "TLS-Required: No",  # RFC 8460 5.3, RFC 8689 5: it may be about TLS that does not work
    )
    note = f"TLS report of {mail.submitter} about connections to the mail servers of {mail.about}."
    return _message(mail, 'multipart/report; report-type="tlsrpt";', fields, note, "application/tlsrpt+gzip", "json.gz")


def _message(mail: ReportMail, container: str, fields: Sequence[str], note: str, kind: str, extension: str) -> bytes:
    name = f"{mail.submitter}!{mail.about}!{mail.begin_s}!{mail.end_s}.{extension}"
    lines = [
        f"From: <{mail.from_}>",
        "To: " + ",\r\n ".join(f"<{each}>" for each in mail.to),
        f"Subject: Report Domain: {mail.about}\r\n Submitter: {mail.submitter}\r\n Report-ID: <{mail.report_id}>",
        f"Date: {date_text(mail.now_ms)}",
        f"Message-ID: <{mail.report_id}>",
        "Auto-Submitted: auto-generated",  # RFC 3834 5
        *fields,
        "MIME-Version: 1.0",
        f'Content-Type: {container}\r\n\tboundary="{mail.boundary}"',
        "",
        f"--{mail.boundary}",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        note,
        "",
        f"--{mail.boundary}",
        f"Content-Type: {kind}",
        "Content-Transfer-Encoding: base64",
        f'Content-Disposition: attachment;\r\n filename="{name}"',
        "",
        *_base64_lines(gzipped(mail.octets)),
        f"--{mail.boundary}--",
        "",
    ]
    return "\r\n".join(lines).encode()


def gzipped(octets: bytes) -> bytes:
    """Without a time, so that a report that is written again is the same (RFC 9990 3.5.2)."""
    stream = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
    return stream.compress(octets) + stream.flush()


def _base64_lines(octets: bytes) -> list[str]:
    text = write_base64(octets).decode()
    return [text[start : start + BASE64_LINE] for start in range(0, len(text), BASE64_LINE)]
