"""Reports of others (DMARC, TLS, failures) in a message, or in a file: the job ``reports``. In the sandbox only."""

from collections.abc import Iterator
from typing import Final

import msgspec

from skrytka.inspect.wire import REPORTS_MAX, ReportsAnswer
from skrytka.protocol.mime.part import Part
from skrytka.protocol.mime.scan import scan
from skrytka.protocol.mime.transfer import undo
from skrytka.protocol.reports.aggregate import AggregateReport
from skrytka.protocol.reports.aggregate_reader import ReportError, read_aggregate
from skrytka.protocol.reports.failure import FailureTold
from skrytka.protocol.reports.failure_reader import FailureReportError, read_feedback
from skrytka.protocol.reports.packed import PackedError, unpacked
from skrytka.protocol.reports.tls_report import TlsReport
from skrytka.protocol.reports.tls_report_reader import TlsReportError, read_tls_report

PROBLEM_MAX: Final = 200
_BOM: Final = b"\xef\xbb\xbf"
_TYPES: Final = frozenset(
    {
        (b"application", b"gzip"),
        (b"application", b"x-gzip"),
        (b"application", b"zip"),
        (b"application", b"x-zip"),
        (b"application", b"x-zip-compressed"),
        (b"application", b"xml"),
        (b"application", b"json"),
        (b"application", b"tlsrpt"),
        (b"application", b"tlsrpt+json"),
        (b"application", b"tlsrpt+gzip"),
        (b"text", b"xml"),
    }
)
_FEEDBACK: Final = (b"message", b"feedback-report")
_ENDINGS: Final = (b".xml", b".xml.gz", b".json", b".json.gz", b".zip", b".gz")
_encoder: Final = msgspec.msgpack.Encoder()


def reports(data: bytes) -> bytes:
    """A message, or the report itself: XML, JSON, gzip, zip (wire.ReportsAnswer)."""
    found: list[AggregateReport | TlsReport | FailureTold] = []
    problem = ""
    for octets, is_feedback in _candidates(data):
        try:
            found.append(read_feedback(octets) if is_feedback else _read(octets))
        except (ReportError, TlsReportError, FailureReportError, PackedError) as exc:
            problem = problem or str(exc)[:PROBLEM_MAX]
        if len(found) == REPORTS_MAX:
            break
    return _encoder.encode(
        ReportsAnswer(
            dmarc=tuple(each for each in found if isinstance(each, AggregateReport)),
            tls=tuple(each for each in found if isinstance(each, TlsReport)),
            failures=tuple(each for each in found if isinstance(each, FailureTold)),
            problem=problem if not found else "",
        )
    )


def _read(octets: bytes) -> AggregateReport | TlsReport:
    plain = unpacked(octets).removeprefix(_BOM).lstrip()
    return read_tls_report(plain) if plain.startswith(b"{") else read_aggregate(plain)


def _candidates(data: bytes) -> Iterator[tuple[bytes, bool]]:
    """What may be one, and whether it is feedback about one message (RFC 5965)."""
    start = data[:64].removeprefix(_BOM).lstrip()
    if start.startswith((b"\x1f\x8b", b"PK\x03\x04", b"<", b"{")):
        yield data, False
        return
    for part in _leaves(scan(data)):
        is_feedback = (part.type, part.subtype) == _FEEDBACK
        if is_feedback or (part.type, part.subtype) in _TYPES or _name(part).lower().endswith(_ENDINGS):
            yield undo(part.encoding, data[part.body_start : part.body_end], is_last=True)[0], is_feedback


def _leaves(part: Part) -> Iterator[Part]:
    if not part.children:
        yield part
    for child in part.children:
        yield from _leaves(child)


def _name(part: Part) -> bytes:
    return part.disposition.parameters.get(b"filename", b"") or part.parameters.get(b"name", b"")
