"""The job ``reports``: in the sandbox, with mail and files, honest and not."""

import gzip

import msgspec
import pytest

from skrytka.inspect.check import reports_of
from skrytka.inspect.errors import HostileAnswerError
from skrytka.inspect.reports import reports
from skrytka.inspect.spawn import zygote_command
from skrytka.inspect.wire import REPORTS_MAX, ReportsAnswer
from skrytka.protocol.reports.aggregate import write_aggregate
from skrytka.protocol.reports.failure import write_failure
from skrytka.protocol.reports.tls_report import write_tls_report
from tests.support.inspectors import inspectors, zygote
from tests.unit.protocol.reports import test_aggregate, test_failure, test_tls_report

XML = write_aggregate(test_aggregate.REPORT)
JSON = write_tls_report(test_tls_report.REPORT)
PART = b"--b\r\nContent-Type: %s\r\nContent-Disposition: attachment; filename=%s\r\n\r\n%s\r\n"


def message(*parts: tuple[bytes, bytes, bytes]) -> bytes:
    head = b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    return head + b"".join(PART % part for part in parts) + b"--b--\r\n"


def read(data: bytes) -> ReportsAnswer:
    return reports_of(reports(data))


@pytest.mark.parametrize("data", [XML, b"\xef\xbb\xbf\r\n" + XML, gzip.compress(XML)])
def test_a_file_may_be_the_report_itself(data: bytes) -> None:
    assert read(data) == ReportsAnswer(dmarc=(test_aggregate.REPORT,))


def test_a_message_may_have_both_kinds_by_type_or_by_name() -> None:
    found = read(
        message(
            (b"text/plain", b"note.txt", XML),
            (b"application/octet-stream", b"a!b!1!2.XML", XML),
            (b"application/tlsrpt+json", b"x", JSON),
        )
    )
    assert found == ReportsAnswer(dmarc=(test_aggregate.REPORT,), tls=(test_tls_report.REPORT,))


def test_a_few_reports_of_a_message_are_enough() -> None:
    assert len(read(message(*[(b"text/xml", b"r.xml", XML)] * 9)).dmarc) == REPORTS_MAX


def test_what_looked_like_one_is_told_and_what_did_not_is_not() -> None:
    assert read(message((b"text/xml", b"r.xml", b"<feedback/>"))).problem == "no record"
    assert read(message((b"application/gzip", b"r.gz", b"\x1f\x8bxx"))).problem == "damaged"
    assert read(message((b"text/plain", b"note.txt", b"hello"))) == ReportsAnswer()
    assert read(b"") == ReportsAnswer()


def test_a_child_that_answers_something_else_is_hostile() -> None:
    nothing = msgspec.msgpack.encode([[], [], "", 1])
    many = msgspec.msgpack.encode(ReportsAnswer(dmarc=(test_aggregate.REPORT,) * (REPORTS_MAX + 1)))
    long = msgspec.msgpack.encode(
        ReportsAnswer(dmarc=(msgspec.structs.replace(test_aggregate.REPORT, org_name="x" * 300),))
    )
    for raw in (b"", b"\xc1", nothing, many, long):
        with pytest.raises(HostileAnswerError):
            reports_of(raw)


async def test_it_runs_in_the_sandbox() -> None:
    with zygote(zygote_command) as owner:
        async with inspectors(owner) as made:
            found = await made.pool.reports(message((b"text/xml", b"r.xml", XML), (b"x/y", b"r.json.gz", b"\x1f\x8b")))
            assert found.dmarc == (test_aggregate.REPORT,)
            assert (await made.pool.reports(gzip.compress(JSON))).tls == (test_tls_report.REPORT,)
            assert made.watcher.deaths == []


def test_a_failure_report_is_read_and_its_message_is_not() -> None:
    raw = write_failure(test_failure.REPORT)
    (found,) = read(raw).failures
    assert (found.domain, found.alignment) == ("example.org", "dkim,spf")
    odd = read(raw.replace(b"auth-failure", b"abuse", 1))
    assert (odd.failures, odd.problem) == ((), "feedback of another kind")
