"""Aggregate reports of ours: the schema's order, and nothing of a stranger's leaves its element."""

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.reports.aggregate import (
    NAMESPACE,
    SIGNATURES_MAX,
    AggregateReport,
    DkimResult,
    Override,
    PublishedPolicy,
    Row,
    SpfResult,
    write_aggregate,
)
from skrytka.protocol.reports.aggregate_reader import read_aggregate

ROW = Row(
    source_ip="192.0.2.1",
    count=3,
    disposition="quarantine",
    is_dkim_aligned=False,
    is_spf_aligned=True,
    header_from="mail.example.org",
    envelope_from="bounce.example.org",
    envelope_to="example.net",
    overrides=(Override("mailing_list", "list.example"), Override("local_policy")),
    dkim=(DkimResult("example.org", "s1", "fail"), DkimResult("list.example", "k", "pass")),
    spf=SpfResult("bounce.example.org", "pass"),
)
REPORT = AggregateReport(
    org_name="Skrytka",
    email="dmarc@example.net",
    report_id="1.example.org@example.net",
    begin_s=1_790_000_000,
    end_s=1_790_086_399,
    policy=PublishedPolicy(
        domain="example.org", p="reject", sp="quarantine", np="reject", adkim="r", aspf="s", fo="1", testing="n"
    ),
    rows=(ROW,),
    generator="Skrytka 1",
    error="several records",
)


def names(element: ET.Element) -> list[str]:
    return [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in element]


def test_elements_stand_in_the_order_of_the_schema() -> None:
    root = ET.fromstring(write_aggregate(REPORT))
    assert root.tag == f"{{{NAMESPACE}}}feedback"
    assert names(root) == ["version", "report_metadata", "policy_published", "record"]
    row, identifiers, results = root[3]
    assert names(row) == ["source_ip", "count", "policy_evaluated"]
    assert names(row[2]) == ["disposition", "dkim", "spf", "reason", "reason"]
    assert names(identifiers) == ["header_from", "envelope_from", "envelope_to"]
    assert names(results) == ["dkim", "dkim", "spf"]
    assert names(results[0]) == ["domain", "selector", "result"]
    assert names(results[2]) == ["domain", "scope", "result"]


def test_what_is_written_is_read_again() -> None:
    assert read_aggregate(write_aggregate(REPORT)) == REPORT


def test_the_scope_helo_is_not_said_for_the_schema_has_none() -> None:
    row = Row(
        source_ip="2001:db8::1",
        count=1,
        disposition="none",
        is_dkim_aligned=False,
        is_spf_aligned=False,
        header_from="example.org",
        spf=SpfResult("mail.example.org", "pass", "helo"),
        dkim=(DkimResult("a.example", "s", "pass"),) * (SIGNATURES_MAX + 9),
    )
    root = ET.fromstring(
        write_aggregate(
            AggregateReport(
                org_name="a",
                email="b@c.example",
                report_id="d",
                begin_s=0,
                end_s=1,
                policy=PublishedPolicy(domain="example.org"),
                rows=(row,),
            )
        )
    )
    results = root[3][2]
    assert names(results[-1]) == ["domain", "result"]
    assert len(results) == SIGNATURES_MAX + 1


@given(st.text(max_size=400))
def test_whatever_a_value_is_the_report_is_xml_and_has_one_row(text: str) -> None:
    row = Row(
        source_ip="192.0.2.1",
        count=1,
        disposition="none",
        is_dkim_aligned=True,
        is_spf_aligned=False,
        header_from=text,
        dkim=(DkimResult(text, text, text),),
    )
    policy = PublishedPolicy(domain="example.org")
    report = AggregateReport(org_name=text, email="", report_id="", begin_s=0, end_s=1, policy=policy, rows=(row,))
    found = read_aggregate(write_aggregate(report))
    assert len(found.rows) == 1
    assert found.policy == policy
