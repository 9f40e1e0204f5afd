"""Failure reports of others: ours come back as they were, and what is none is refused."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.reports.failure import FailureTold, write_failure
from skrytka.protocol.reports.failure_reader import FEEDBACK_MAX_BYTES, FailureReportError, read_feedback
from tests.unit.protocol.reports.test_failure import REPORT

EXAMPLE = b"""Feedback-Type: auth-failure
Version: 1
User-Agent: DMARC-Filter/1.2.3
Auth-Failure: dmarc (it failed)
Authentication-Results: gen.example;
  dmarc=fail header.from=consumer.example
Identity-Alignment: dkim,
 spf
DKIM-Domain: consumer.example
DKIM-Identity: @consumer.example
DKIM-Selector: epsilon
Original-Envelope-Id: 65E1A3F0A0
Original-Mail-From: <author=gen.example@forwarder.example>
Source-IP: 192.0.2.2
Source-Port: 12345
Incidents: 3
Reported-Domain: Consumer.Example.
"""  # RFC 9991 A


def test_the_example_of_the_rfc_is_read() -> None:
    told = FailureTold(
        domain="consumer.example",
        failure="dmarc",
        alignment="dkim,spf",
        source_ip="192.0.2.2",
        dkim_domain="consumer.example",
        dkim_selector="epsilon",
        mail_from="forwarder.example",
        incidents=3,
    )
    assert read_feedback(EXAMPLE) == read_feedback(EXAMPLE.replace(b"\n", b"\r\n")) == told


def test_ours_comes_back() -> None:
    raw = write_failure(REPORT).split(b"message/feedback-report\r\n\r\n")[1].partition(b"\r\n\r\n--")[0]
    assert read_feedback(raw) == FailureTold(
        domain="example.org",
        failure="dmarc",
        alignment="dkim,spf",
        result="reject",
        source_ip="192.0.2.66",
        arrived="Fri, 15 Jan 2027 07:43:20 +0000",
        dkim_domain="example.org",
        dkim_selector="s1",
        mail_from="spam.example",
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"Feedback-Type: abuse\nAuth-Failure: dmarc\nReported-Domain: a.example\n",
        b"Feedback-Type: auth-failure\nAuth-Failure: dmarc\n",
        b"Feedback-Type: auth-failure\nReported-Domain: a.example\n",
        b"Feedback-Type: auth-failure\nAuth-Failure: d m\nReported-Domain: a.example\n",
        b"Feedback-Type: auth-failure\nAuth-Failure: dmarc\nReported-Domain: a example\n",
        b"x" * (FEEDBACK_MAX_BYTES + 1),
    ],
)
def test_what_is_none_is_refused(raw: bytes) -> None:
    with pytest.raises(FailureReportError):
        read_feedback(raw)


@given(
    st.binary(max_size=300),
    st.sampled_from([b"Auth-Failure", b"Source-IP", b"Incidents", b"Arrival-Date", b"DKIM-Domain"]),
)
def test_whatever_is_in_it_is_read_in_bounds_or_refused(value: bytes, name: bytes) -> None:
    raw = EXAMPLE.replace(name + b": ", name + b": " + value, 1) if name in EXAMPLE else EXAMPLE + name + b": " + value
    try:
        told = read_feedback(raw)
    except FailureReportError:
        return
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(told), type=FailureTold) == told
    assert all(text.isprintable() and text.isascii() for text in (told.source_ip, told.arrived, told.failure))
