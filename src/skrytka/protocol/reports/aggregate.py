"""DMARC aggregate reports (RFC 9990): what is in one, and the XML of ours.

Of those that come from others see ``aggregate_reader``. What is written is checked by nobody behind us, so nothing of a
stranger's can leave its element: characters that XML cannot hold are dropped, the others escaped.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Final

import msgspec

NAMESPACE: Final = "urn:ietf:params:xml:ns:dmarc-2.0"
SIGNATURES_MAX: Final = 100  # RFC 9990 3.1.2: of one row
TEXT_MAX: Final = 255  # characters of a value; a domain is no longer
COUNT_MAX: Final = 10**9
TIME_MAX_S: Final = 2**40
_UNFIT: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


Text = Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]
Count = Annotated[int, msgspec.Meta(ge=0, le=COUNT_MAX)]
Moment = Annotated[int, msgspec.Meta(ge=0, le=TIME_MAX_S)]


class PublishedPolicy(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The record, with "" for what it does not have."""

    domain: Text  # where it is
    p: Text = "none"
    sp: Text = ""
    np: Text = ""
    adkim: Text = ""
    aspf: Text = ""
    fo: Text = ""
    testing: Text = ""  # y, n


class Override(msgspec.Struct, frozen=True, array_like=True):
    """Why what was done is not what was asked; a word of RFC 9990 3.1.6."""

    kind: Text
    comment: Text = ""


class DkimResult(msgspec.Struct, frozen=True, array_like=True):
    domain: Text
    selector: Text
    result: Text


class SpfResult(msgspec.Struct, frozen=True, array_like=True):
    domain: Text
    result: Text
    scope: Text = "mfrom"


class Row(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Messages that are alike in all of this."""

    source_ip: Text
    count: Count
    disposition: Text  # none, pass, quarantine, reject
    is_dkim_aligned: bool
    is_spf_aligned: bool
    header_from: Text
    envelope_from: Text = ""
    envelope_to: Text = ""
    overrides: tuple[Override, ...] = ()
    dkim: tuple[DkimResult, ...] = ()
    spf: SpfResult | None = None


class AggregateReport(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One domain, one policy, one span of time."""

    org_name: Text
    email: Text
    report_id: Text
    begin_s: Moment
    end_s: Moment
    policy: PublishedPolicy
    rows: tuple[Row, ...]
    generator: Text = ""
    error: Text = ""
    left_off: Count = 0  # messages of rows behind those that are kept


def write_aggregate(report: AggregateReport) -> bytes:
    """The XML, in the order of the schema."""
    return "".join(aggregate_pieces(report)).encode()


def aggregate_pieces(report: AggregateReport) -> Iterator[str]:
    """The same: its head, a piece for each row, its end; a row takes about 10 µs."""
    policy = report.policy
    head = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<feedback xmlns="{NAMESPACE}">',
        "<version>1.0</version>",
        "<report_metadata>",
        _element("org_name", report.org_name),
        _element("email", report.email),
        _element("report_id", report.report_id),
        f"<date_range><begin>{report.begin_s}</begin><end>{report.end_s}</end></date_range>",
        *_present(("error", report.error), ("generator", report.generator)),
        "</report_metadata>",
        "<policy_published>",
        _element("domain", policy.domain),
        "<discovery_method>treewalk</discovery_method>",
        _element("p", policy.p),
        *_present(*((name, getattr(policy, name)) for name in ("sp", "np", "fo", "adkim", "aspf", "testing"))),
        "</policy_published>",
    ]
    yield "\n".join([*head, ""])
    for row in report.rows:
        yield "\n".join([*_row(row), ""])
    yield "</feedback>\n"


def _row(row: Row) -> Iterator[str]:
    yield "<record><row>"
    yield _element("source_ip", row.source_ip)
    yield f"<count>{row.count}</count><policy_evaluated>"
    yield _element("disposition", row.disposition)
    yield f"<dkim>{_passes(row.is_dkim_aligned)}</dkim><spf>{_passes(row.is_spf_aligned)}</spf>"
    for each in row.overrides:
        yield f"<reason>{_element('type', each.kind)}{''.join(_present(('comment', each.comment)))}</reason>"
    yield "</policy_evaluated></row><identifiers>"
    yield _element("header_from", row.header_from)
    yield from _present(("envelope_from", row.envelope_from), ("envelope_to", row.envelope_to))
    yield "</identifiers><auth_results>"
    for signature in row.dkim[:SIGNATURES_MAX]:
        inner = (_element("domain", signature.domain), _element("selector", signature.selector))
        yield f"<dkim>{''.join(inner)}{_element('result', signature.result)}</dkim>"
    if row.spf is not None:
        scope = "<scope>mfrom</scope>" if row.spf.scope == "mfrom" else ""  # the only one there is
        yield f"<spf>{_element('domain', row.spf.domain)}{scope}{_element('result', row.spf.result)}</spf>"
    yield "</auth_results></record>"


def _passes(is_aligned: bool) -> str:  # noqa: FBT001 - one value, one word
    return "pass" if is_aligned else "fail"


def _present(*pairs: tuple[str, str]) -> Iterator[str]:
    return (_element(name, value) for name, value in pairs if value)


def _element(name: str, value: str) -> str:
    return f"<{name}>{_UNFIT.sub('', value[:TEXT_MAX]).translate(_ESCAPES)}</{name}>"
