"""Every spelling of a zone that the suites of SPF and ARC use, and what is no zone."""

import re
from typing import Any

import pytest

from skrytka.model.dns import Mx, Record
from skrytka.net.dns.zone_file import SILENT, read_zone, zone_key

EXCHANGES = (Mx(10, "mail.example"), Mx(20, "b.example"), Mx(0, ""))


def types(entries: str) -> dict[str, Any]:
    (found,) = read_zone(f"a.example: {entries}").values()
    return dict(found)


@pytest.mark.parametrize(
    ("entries", "kind", "records"),
    [
        ("[{TXT: one}, {txt: [two, ' and', ' three']}]", "TXT", (b"one", b"two and three")),
        ("{TXT: without a list}", "TXT", (b"without a list",)),
        ("[{TXT: yes}, {TXT: 12}, {TXT: }]", "TXT", (b"yes", b"12", b"")),  # YAML would make of them what they are not
        ("[{TXT: żółw}]", "TXT", ("żółw".encode(),)),
        ("[{MX: [10, Mail.Example.]}, {MX: 20 b.example}, {MX: [0, '']}]", "MX", EXCHANGES),
        (
            "[{AAAA: 2001:10:20:30:40:50:10:20}]",
            "AAAA",
            ("2001:10:20:30:40:50:10:20",),
        ),  # YAML 1.1: a number of base 60
        ("[{AAAA: 2001:DB8::0:1}]", "AAAA", ("2001:db8::1",)),
        ("{A: [192.0.2.1, 192.0.2.2]}", "A", ("192.0.2.1", "192.0.2.2")),
        ("{PTR: [a.example, b.example.]}", "PTR", ("a.example", "b.example")),
        ("{MX: [10 a.example, [20, b.example]]}", "MX", (Mx(10, "a.example"), Mx(20, "b.example"))),
        ("{MX: [10, a.example]}", "MX", (Mx(10, "a.example"),)),
        ("[{PTR: Mail.Example.}]", "PTR", ("mail.example",)),
        ("[{SPF: v=spf1}]", "TXT", (b"v=spf1",)),
        ("[{SPF: [v=spf1, ' -all']}, {TXT: other}]", "TXT", (b"other",)),
        ("[{SPF: v=spf1}, {TXT: NONE}]", "TXT", None),
        ("[{TXT: TIMEOUT}, {A: 192.0.2.1}]", "TXT", None),
    ],
)
def test_values_have_several_spellings(entries: str, kind: str, records: tuple[Record, ...] | None) -> None:
    found = types(entries)
    assert found.get(kind) == records


@pytest.mark.parametrize(
    ("entry", "is_silent"),
    [("TIMEOUT", True), ("TIMEOUT: true", True), ("timeout: yes", True), ("TIMEOUT: false", False)],
)
def test_a_name_may_be_silent_beside_what_it_has(entry: str, is_silent: bool) -> None:
    found = types(f"[{{A: 192.0.2.1}}, {{{entry}}}]" if ":" in entry else f"[{{A: 192.0.2.1}}, {entry}]")
    assert found["A"] == ("192.0.2.1",)
    assert (SILENT in found) is is_silent


def test_names_in_any_case_are_one_name() -> None:
    found = read_zone("A.Example: [{TXT: one}]\na.example.: [{A: 192.0.2.1}]\n")
    assert found == {"a.example": {"TXT": (b"one",), "A": ("192.0.2.1",)}}


def test_a_name_with_a_space_is_found_as_it_is_asked_for() -> None:
    assert list(read_zone("'a b.example': [{TXT: x}]")) == [zone_key("A b.Example.")]


def test_a_document_of_a_suite_is_a_zone() -> None:
    text = "description: x\ntests: {a: {host: 1.2.3.4}}\nzonedata: {a.example: [{TXT: one}]}\n"
    assert read_zone(text) == {"a.example": {"TXT": (b"one",)}}
    assert read_zone("tests: {}\ntxt-records: {s._domainkey.a.example: v=DKIM1}\n") == {
        "s._domainkey.a.example": {"TXT": (b"v=DKIM1",)}
    }
    assert read_zone("tests: {}\ntxt-records: ''\n") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a zone file is a table"),
        ("zonedata: [a]", "a zone is a table"),
        ("a.example: 192.0.2.1", "a.example: a list"),
        ("a.example: [A]", "a.example: each entry"),
        ("a.example: [{A: 2001:db8::1}]", "a.example: A is an address"),
        ("a.example: [{AAAA: 192.0.2.1}]", "a.example: AAAA is an address"),
        ("a.example: [{A: 192.0.2.1/24}]", "a.example: A is an address"),
        ("a.example: [{TXT: {a: b}}]", "a.example: TXT is a text"),
        ("a.example: [{TXT: [[a]]}]", "a.example: TXT is a text"),
        ("a.example: [{MX: [10]}]", "a.example: MX is"),
        ("a.example: [{TLSA: 3 1}]", "a.example: TLSA"),
        ("a..example: [{TXT: x}]", "'a..example' is no DNS name"),
        ("a.example: [{TXT: x}]\n---\nb.example: [{TXT: x}]", "not YAML"),
        ("[" * 5000, "not YAML"),
    ],
)
def test_what_is_no_zone_is_told(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        read_zone(text)


def test_a_bomb_of_aliases_stays_small() -> None:
    lines = ["zonedata: {}", "a: &a [x, x, x, x, x, x, x, x, x, x]"] + [
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 10)}]" for n in range(20)
    ]
    with pytest.raises(ValueError, match=r"u\.example: TXT is a text"):
        read_zone("\n".join([*lines, "txt-records: {u.example: *u}"]))
