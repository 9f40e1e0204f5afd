"""DMARC aggregate reports of others, from XML: RFC 9990, RFC 7489, and what was met before it had a namespace.

Runs in inspectors only. A document type is refused before anything in it is looked at, so there are no entities but
XML's five; depth, number of elements and length of each text are bounded, and what a report does not need is not kept.
"""

import ipaddress
import re
from typing import Final
from xml.parsers import expat

from skrytka.protocol.reports.aggregate import (
    COUNT_MAX,
    TEXT_MAX,
    TIME_MAX_S,
    AggregateReport,
    DkimResult,
    Override,
    PublishedPolicy,
    Row,
    SpfResult,
)

DEPTH_MAX: Final = 16  # ours have six
ELEMENTS_MAX: Final = 300_000  # ten thousand rows have 250,000
ROWS_MAX: Final = 1_000  # kept; the messages of the others are counted
CHARACTERS_MAX: Final = 500_000  # of all rows that are kept: an answer of an inspector has to be small
OF_A_ROW_MAX: Final = 20  # signatures, overrides
_PIECE: Final = 64 * 1024
_NAMESPACES: Final = re.compile(r"(?:urn:ietf:params:xml:ns:dmarc-[0-9.]+|http://dmarc\.org/dmarc-xml/[0-9.]+) (.+)\Z")
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_NUMBER: Final = re.compile(r"[0-9]{1,15}\Z")
_ROW: Final = "record/row/policy_evaluated"
_IDS: Final = "record/identifiers"
_LISTS: Final = frozenset({f"{_ROW}/reason", "record/auth_results/dkim", "record/auth_results/spf"})
_IN_LISTS: Final = frozenset({"domain", "selector", "result", "scope", "type", "comment"})
_METADATA: Final = ("org_name", "email", "report_id", "generator", "error", "date_range/begin", "date_range/end")
_KEPT: Final = frozenset(
    {
        *(f"report_metadata/{name}" for name in _METADATA),
        *(f"policy_published/{name}" for name in PublishedPolicy.__struct_fields__),
        "record/row/source_ip",
        "record/row/count",
        *(f"{_ROW}/{name}" for name in ("disposition", "dkim", "spf")),
        *(f"{_IDS}/{name}" for name in ("header_from", "envelope_from", "envelope_to")),
    }
)


class ReportError(ValueError):
    """It is no report; the text is ours."""


def read_aggregate(xml: bytes) -> AggregateReport:
    """ReportError for what is no report of a domain with one row at least."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        for start in range(0, len(xml), _PIECE):
            parser.Parse(xml[start : start + _PIECE], False)  # noqa: FBT003 - it has no name for it
        parser.Parse(b"", True)  # noqa: FBT003 - as above
    except expat.ExpatError as exc:
        raise ReportError(f"no XML: {expat.ErrorString(exc.code)}, line {exc.lineno}") from None
    return reader.report()


class _Reader:
    """Takes elements as they come. A path such as ``record/row/count`` says where a text belongs."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._elements = 0
        self._text = ""
        self._head: dict[str, str] = {}
        self._rows: list[Row] = []
        self._values = self._head  # of the row or the head, whichever is open
        self._lists: dict[str, list[dict[str, str]]] = {}
        self._item: dict[str, str] = {}  # of a list
        self._characters = 0
        self._left_off = 0

    def doctype(self, *_: object) -> None:
        raise ReportError("a document type")

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        self._elements += 1
        if len(self._path) >= DEPTH_MAX or self._elements > ELEMENTS_MAX:
            raise ReportError("too deep, or too many elements")
        match = _NAMESPACES.match(name)
        name = match[1] if match else name
        if not self._path and name != "feedback":
            raise ReportError("no feedback")
        self._path.append(name)
        self._text = ""
        where = self._where
        if where == "record":
            self._values, self._lists = {}, {}
        elif where in _LISTS:
            self._item = {}
            items = self._lists.setdefault(where, [])
            if len(items) < OF_A_ROW_MAX:
                items.append(self._item)

    def text(self, data: str) -> None:
        if len(self._text) <= TEXT_MAX:
            self._text += data[: TEXT_MAX + 1]

    def end(self, _: str) -> None:
        where = self._where
        above, _, name = where.rpartition("/")
        value = _UNFIT.sub(" ", self._text).strip()[:TEXT_MAX]
        self._path.pop()
        self._text = ""
        if above in _LISTS and name in _IN_LISTS:
            self._item.setdefault(name, value)
        elif where == "record":
            self._keep(_row(self._values, self._lists))
            self._values = self._head
        elif where in _KEPT:
            self._values.setdefault(where, value)

    def _keep(self, row: Row) -> None:
        items = [*self._lists.get("record/auth_results/dkim", ()), *self._lists.get(f"{_ROW}/reason", ())]
        self._characters += sum(map(len, self._values.values())) + sum(len(t) for each in items for t in each.values())
        if len(self._rows) < ROWS_MAX and self._characters <= CHARACTERS_MAX:
            self._rows.append(row)
        else:
            self._left_off = min(self._left_off + row.count, COUNT_MAX)

    def report(self) -> AggregateReport:
        head = {name.partition("/")[2]: value for name, value in self._head.items()}
        if not self._rows:
            raise ReportError("no record")
        policy = {name: head.get(name, "").lower() for name in PublishedPolicy.__struct_fields__}
        if not policy["domain"]:
            raise ReportError("no policy_published/domain")
        return AggregateReport(
            org_name=head.get("org_name", ""),
            email=head.get("email", ""),
            report_id=head.get("report_id", ""),
            begin_s=_number(head.get("date_range/begin", ""), TIME_MAX_S),
            end_s=_number(head.get("date_range/end", ""), TIME_MAX_S),
            policy=PublishedPolicy(**{**policy, "p": policy["p"] or "none"}),
            rows=tuple(self._rows),
            left_off=self._left_off,
            generator=head.get("generator", ""),
            error=head.get("error", ""),
        )

    @property
    def _where(self) -> str:
        return "/".join(self._path[1:])


def _row(values: dict[str, str], lists: dict[str, list[dict[str, str]]]) -> Row:
    """Of one record, whose texts are by their paths."""
    spf = lists.get("record/auth_results/spf", [])
    return Row(
        source_ip=_address(values.get("record/row/source_ip", "")),
        count=_number(values.get("record/row/count", ""), COUNT_MAX),
        disposition=values.get(f"{_ROW}/disposition", "").lower(),
        is_dkim_aligned=values.get(f"{_ROW}/dkim", "").lower() == "pass",
        is_spf_aligned=values.get(f"{_ROW}/spf", "").lower() == "pass",
        header_from=values.get(f"{_IDS}/header_from", "").lower(),
        envelope_from=values.get(f"{_IDS}/envelope_from", "").lower(),
        envelope_to=values.get(f"{_IDS}/envelope_to", "").lower(),
        overrides=tuple(
            Override(each["type"], each.get("comment", ""))
            for each in lists.get(f"{_ROW}/reason", ())
            if each.get("type")
        ),
        dkim=tuple(
            DkimResult(each["domain"].lower(), each.get("selector", ""), each.get("result", "").lower())
            for each in lists.get("record/auth_results/dkim", ())
            if each.get("domain")
        ),
        spf=_spf(spf[0]) if spf else None,
    )


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ReportError("a record without an address") from None


def _spf(found: dict[str, str]) -> SpfResult:
    return SpfResult(
        found.get("domain", "").lower(), found.get("result", "").lower(), found.get("scope", "").lower() or "mfrom"
    )


def _number(text: str, most: int) -> int:
    if not _NUMBER.match(text) or int(text) > most:
        raise ReportError("a number that is none")
    return int(text)
