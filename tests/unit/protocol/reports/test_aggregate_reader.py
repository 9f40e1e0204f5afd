"""Reports of others, honest and hostile; those that others have collected are in tests/vectors/test_reports.py."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.reports.aggregate import TEXT_MAX
from skrytka.protocol.reports.aggregate_reader import (
    CHARACTERS_MAX,
    ELEMENTS_MAX,
    OF_A_ROW_MAX,
    ROWS_MAX,
    ReportError,
    read_aggregate,
)

HEAD = (
    "<report_metadata><org_name>o</org_name><email>e@x.example</email><report_id>r</report_id>"
    "<date_range><begin>1</begin><end>2</end></date_range></report_metadata>"
    "<policy_published><domain>Example.ORG</domain><p>Reject</p></policy_published>"
)
RECORD = (
    "<record><row><source_ip>192.0.2.1</source_ip><count>2</count><policy_evaluated><disposition>none</disposition>"
    "<dkim>pass</dkim><spf>fail</spf></policy_evaluated></row>"
    "<identifiers><header_from>example.org</header_from></identifiers><auth_results>{inner}</auth_results></record>"
)
ROW = RECORD.format(inner="")


def xml(body: str, *, before: str = "", attributes: str = "") -> bytes:
    return f"{before}<feedback{attributes}>{body}</feedback>".encode()


@pytest.mark.parametrize(
    "attributes",
    [
        "",
        ' xmlns="urn:ietf:params:xml:ns:dmarc-2.0"',
        ' xmlns="http://dmarc.org/dmarc-xml/0.1"',
        ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"',
    ],
)
def test_every_namespace_that_was_met_is_read(attributes: str) -> None:
    found = read_aggregate(xml(HEAD + ROW, attributes=attributes))
    assert (found.policy.domain, found.policy.p, found.policy.sp) == ("example.org", "reject", "")
    (row,) = found.rows
    assert (row.count, row.is_dkim_aligned, row.is_spf_aligned) == (2, True, False)


def test_what_belongs_to_another_namespace_is_passed_over() -> None:
    inner = '<x:dkim xmlns:x="urn:x"><x:domain>evil.example</x:domain></x:dkim><dkim><domain>a.example</domain></dkim>'
    (row,) = read_aggregate(xml(HEAD + RECORD.format(inner=inner))).rows
    assert [each.domain for each in row.dkim] == ["a.example"]


def test_the_first_of_two_counts_and_the_policy_of_the_head_is_not_a_rows() -> None:
    found = read_aggregate(xml(HEAD + ROW.replace("<count>2</count>", "<count>2</count><count>9</count>") + ROW + HEAD))
    assert [row.count for row in found.rows] == [2, 2]
    assert found.policy.domain == "example.org"


BOMB = '<!DOCTYPE b [<!ENTITY a "xxxxxxxxxx">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"", "no XML"),
        (b"\xff\xfe\x00", "no XML"),
        (b"<feedback>", "no XML"),
        (xml(""), "no record"),
        (xml(ROW), "policy_published"),
        (xml(HEAD), "no record"),
        (b"<html></html>", "no feedback"),
        (xml(HEAD + ROW, before="<!DOCTYPE feedback>"), "document type"),
        (xml(HEAD + ROW, before=BOMB + "]>").replace(b">o<", b">&j;<"), "document type"),
        (xml(HEAD + ROW, before='<!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), "document type"),
        (xml(HEAD + ROW, before='<!DOCTYPE f SYSTEM "http://x.example/f.dtd">'), "document type"),
        (xml(HEAD.replace(">o<", ">&unknown;<") + ROW), "no XML"),
        (xml("<a>" * 100 + "</a>" * 100), "too deep"),
        (xml(HEAD + ROW.replace(">2<", ">-2<")), "a number"),
        (xml(HEAD + ROW.replace(">2<", f">{10**14}<")), "a number"),
        (xml(HEAD + ROW.replace(">2<", "><")), "a number"),
        (xml(HEAD.replace(">1<", ">yesterday<") + ROW), "a number"),
        (xml(HEAD + ROW.replace("192.0.2.1", "mail.example")), "an address"),
    ],
)
def test_what_is_no_report_is_refused(octets: bytes, said: str) -> None:
    with pytest.raises(ReportError, match=said):
        read_aggregate(octets)


def test_elements_have_a_bound() -> None:
    with pytest.raises(ReportError, match="too many"):
        read_aggregate(xml(HEAD + "<a/>" * ELEMENTS_MAX))


def test_long_texts_names_and_attributes_are_cut_and_cost_no_time() -> None:
    long = "x" * 3_000_000
    body = HEAD.replace(">o<", f">{long}<") + ROW.replace("<row>", f'<row a="{long}"><{long}/>')
    before = time.process_time()
    found = read_aggregate(xml(body))
    assert time.process_time() - before < 2
    assert found.org_name == "x" * TEXT_MAX


def test_rows_beyond_the_bounds_are_counted_only() -> None:
    found = read_aggregate(xml(HEAD + ROW * (ROWS_MAX + 7)))
    assert (len(found.rows), found.left_off) == (ROWS_MAX, 14)
    signature = f"<dkim><domain>{'d' * 250}</domain></dkim>" * 100
    found = read_aggregate(xml(HEAD + RECORD.format(inner=signature) * 200))
    assert len(found.rows[0].dkim) == OF_A_ROW_MAX
    assert len(found.rows) < CHARACTERS_MAX / (OF_A_ROW_MAX * 250)
    assert found.left_off == 2 * (200 - len(found.rows))


def test_control_characters_do_not_come_through() -> None:
    found = read_aggregate(xml(HEAD.replace(">o<", ">a&#13;&#10;b&#x202e;c<") + ROW))
    assert found.org_name == "a b c"


@given(st.binary(max_size=200))
def test_anything_is_a_report_or_an_error(octets: bytes) -> None:
    for data in (octets, xml(HEAD + ROW)[:300] + octets, xml(HEAD) + octets):
        with pytest.raises(ReportError):
            read_aggregate(data)
