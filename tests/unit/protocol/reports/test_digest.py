"""Reports added up: by sender, each report once, and only what is proven."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.reports.aggregate import DkimResult, Row
from skrytka.protocol.reports.digest import (
    NEW_S,
    SOURCES_MAX,
    Source,
    TlsFailure,
    TlsTold,
    Told,
    digest,
    failures_of,
    policies_of,
    read_failure,
    read_policy,
    read_source,
    sources_of,
    tls_digest,
)
from skrytka.protocol.reports.tls_report import Failure, PolicyResult
from tests.unit.protocol.reports import test_aggregate, test_tls_report

DAY_S = 86_400
NOW_S = 1_800_000_000


def told(day: int, *sources: Source, **changes: object) -> Told:
    begin_s = NOW_S - day * DAY_S
    whole = Told(
        domain="example.org",
        organization="Big Mail",
        report_id=str(day),
        begin_s=begin_s,
        end_s=begin_s + DAY_S - 1,
        sources=sources,
    )
    return msgspec.structs.replace(whole, **changes)


def source(address: str, count: int, *, dkim: bool = False, spf: bool = False, proven: tuple[str, ...] = ()) -> Source:
    return Source(address=address, count=count, is_dkim_aligned=dkim, is_spf_aligned=spf, proven=proven)


def test_senders_are_told_apart_by_what_proves_them() -> None:
    (found,) = digest(
        [
            told(1, source("192.0.2.1", 90, dkim=True), source("192.0.2.2", 5, proven=("dkim:list.example",))),
            told(2, source("192.0.2.1", 10, spf=True), source("192.0.2.3", 7), source("192.0.2.4", 3, dkim=True)),
            told(3, source("192.0.2.4", 1)),
        ],
        NOW_S,
    )
    assert (found.reports, found.passed, found.failed) == (3, 103, 13)
    assert [(each.address, each.kind, each.passed, each.failed) for each in found.senders] == [
        ("192.0.2.1", "ours", 100, 0),
        ("192.0.2.3", "unknown", 0, 7),
        ("192.0.2.2", "unaligned", 0, 5),
        ("192.0.2.4", "partly", 3, 1),
    ]
    assert found.senders[2].proven == ("dkim:list.example",)


def test_a_report_counts_once_and_one_of_another_server_counts_too() -> None:
    one = told(1, source("192.0.2.1", 1, dkim=True))
    (found,) = digest([one, one, msgspec.structs.replace(one, organization="Other")], NOW_S)
    assert (found.reports, found.passed, found.organizations) == (2, 2, ("Big Mail", "Other"))


def test_what_anybody_may_have_sent_counts_for_nothing() -> None:
    (found,) = digest(
        [told(1, source("192.0.2.1", 1000), is_proven=False, policy="reject"), told(2, source("192.0.2.9", 1))], NOW_S
    )
    assert (found.reports, found.unproven, found.failed, found.policy) == (1, 1, 1, "none")
    assert [each.address for each in found.senders] == ["192.0.2.9"]
    (alone,) = digest([told(1, source("192.0.2.1", 1), is_proven=False)], NOW_S)
    assert (alone.reports, alone.senders) == (0, ())


def test_a_sender_is_new_when_older_reports_do_not_know_it() -> None:
    old, new = source("192.0.2.1", 1, dkim=True), source("192.0.2.2", 1)
    (found,) = digest([told(20, old), told(1, old, new)], NOW_S)
    assert {each.address: each.is_new for each in found.senders} == {"192.0.2.1": False, "192.0.2.2": True}
    (first,) = digest([told(1, old, new)], NOW_S)
    assert not any(each.is_new for each in first.senders), "with the first report all would be"
    assert NEW_S == 7 * DAY_S


def test_domains_are_told_one_by_one() -> None:
    found = digest([told(1, source("192.0.2.1", 1)), told(1, source("192.0.2.1", 1), domain="a.example")], NOW_S)
    assert [each.domain for each in found] == ["a.example", "example.org"]


def test_rows_that_are_alike_become_one_line_and_the_largest_are_kept() -> None:
    row = Row(
        source_ip="192.0.2.1", count=2, disposition="none", is_dkim_aligned=True, is_spf_aligned=False, header_from="a"
    )
    rows = [
        row,
        row,
        *(msgspec.structs.replace(row, source_ip=f"2001:db8::{n:x}", count=1) for n in range(SOURCES_MAX)),
    ]
    report = msgspec.structs.replace(test_aggregate.REPORT, rows=tuple(rows), left_off=5)
    lines, left_off = sources_of(report)
    assert lines[0] == "192.0.2.1 4 pass fail none a -"
    assert (len(lines), left_off) == (SOURCES_MAX, 6)


@given(st.text(max_size=30), st.text(max_size=30), st.booleans())
def test_a_line_is_read_as_it_was_written(header_from: str, proven: str, is_aligned: bool) -> None:
    row = Row(
        source_ip="192.0.2.1",
        count=3,
        disposition="none",
        is_dkim_aligned=is_aligned,
        is_spf_aligned=False,
        header_from=header_from,
        dkim=(DkimResult(proven, "s", "pass"), DkimResult("failed.example", "s", "fail")),
    )
    (line,), _ = sources_of(msgspec.structs.replace(test_aggregate.REPORT, rows=(row,)))
    found = read_source(line)
    assert found is not None
    assert (found.address, found.count, found.is_dkim_aligned, len(found.proven)) == ("192.0.2.1", 3, is_aligned, 1)
    assert line.isascii()
    assert line.isprintable()


@pytest.mark.parametrize("line", ["", "a b", "192.0.2.1 x pass fail none a -", "192.0.2.1 1 pass fail none a - b"])
def test_what_is_no_line_is_none(line: str) -> None:
    assert read_source(line) is None
    assert read_policy(line) is None
    assert read_failure(line) is None


def test_tls_reports_are_added_up_by_what_failed_where() -> None:
    report = msgspec.structs.replace(
        test_tls_report.REPORT,
        policies=(
            PolicyResult(
                kind="tlsa",
                domain="example.org",
                successes=10,
                failures=3,
                details=(
                    Failure(result="tlsa-invalid", count=2, mx_host="mx1.example.org", reason="no match"),
                    Failure(result="tlsa-invalid", count=1, mx_host="mx1.example.org", reason="no match"),
                ),
            ),
            PolicyResult(kind="sts", domain="example.com", failures=9),
        ),
    )
    assert policies_of(report, "example.org") == ("tlsa 10 3",)
    assert failures_of(report, "example.org") == ("tlsa-invalid 3 mx1.example.org no?match",)
    one = TlsTold(
        domain="example.org",
        organization="Big Mail",
        report_id="1",
        begin_s=1,
        end_s=2,
        policies=tuple(filter(None, map(read_policy, policies_of(report, "example.org")))),
        failures=tuple(filter(None, map(read_failure, failures_of(report, "example.org")))),
    )
    other = msgspec.structs.replace(one, report_id="2", end_s=9, policies=(("no-policy-found", 4, 0),), failures=())
    forged = msgspec.structs.replace(one, report_id="3", is_proven=False)
    (found,) = tls_digest([one, one, other, forged])
    assert (found.reports, found.unproven, found.successes, found.failures, found.end_s) == (2, 1, 14, 3, 9)
    assert found.kinds == (TlsFailure(kind="tlsa-invalid", count=3, mx_host="mx1.example.org", reason="no?match"),)
    assert found.is_without_policy
