"""SPF: whatever octets are published, a record is parsed or is an SpfSyntaxError, and a check comes to a result."""

from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.dns import Answer, Mx, Record, Status
from skrytka.net.dns.wire import parse_name
from skrytka.protocol.mailauth.query import Query
from skrytka.protocol.mailauth.spf.check import EXPLANATION_MAX, check_host
from skrytka.protocol.mailauth.spf.macro import (
    MacroString,
    SpfSyntaxError,
    parse_domain_spec,
    parse_explanation,
    parse_macro_string,
)
from skrytka.protocol.mailauth.spf.name import NAME_MAX, query_name
from skrytka.protocol.mailauth.spf.record import SpfRecord, parse_record
from skrytka.protocol.mailauth.spf.result import Identity, Result
from tests.support.cpu import cpu_s
from tests.support.sizes import pick
from tests.support.spf import drive

CHECKS = pick(2000, 50_000)
QUESTIONS_MAX = 1 + 10 * 11 + 11 + 1
WORDS = (
    b"v=spf1 |all|include:|include|a|mx|ptr|exists:|ip4:|ip6:|redirect=|exp=|x=|+|-|~|?|:|/|//|/24|//64|/33|0| | | |="
    b"|%|%%|%_|%-|%{|}|%{d}|%{l}|%{s2r-}|%{ir}|%{p}|%{H}|%{c}|%{d0}|%{d99999999}|.|..|a.example|b.example|.com"
    b"|192.0.2.1|2001:db8::|::|\xff|\0|\n|\t"
).split(b"|")
octets = st.lists(st.sampled_from(WORDS) | st.binary(max_size=3), max_size=24).map(b"".join)
VALUES = dict.fromkeys("slodipvhcrt", "a-b.c@d")


@given(octets)
def test_a_record_is_parsed_or_is_an_error(raw: bytes) -> None:
    try:
        record = parse_record(b"v=spf1 " + raw)
    except SpfSyntaxError:
        return
    assert isinstance(record, SpfRecord)
    assert " ".join(one.text for one in record.directives).split() == [one.text for one in record.directives]


@pytest.mark.parametrize("parse", [parse_domain_spec, parse_macro_string])
@given(text=octets.map(lambda raw: raw.decode("latin-1")))
def test_a_macro_string_is_parsed_or_is_an_error(parse: type[MacroString], text: str) -> None:
    check_expansion(parse, text)


@given(raw=octets)
def test_an_explanation_is_parsed_or_is_an_error(raw: bytes) -> None:
    check_expansion(parse_explanation, raw)


def check_expansion(parse: object, source: object) -> None:
    assert callable(parse)
    try:
        found = parse(source)
    except SpfSyntaxError:
        return
    assert isinstance(found, MacroString)
    name = query_name(found.expand(VALUES))
    assert name is None or (len(name) <= NAME_MAX and name == query_name(name))


def answer(random: Random, query: Query) -> Answer | None:
    """Anything that DNS may hold, of the type that was asked for."""

    def name() -> str:
        return random.choice(
            ["a.example", "b.example", "x" * random.randint(0, 300), "", "..", "\xff.example", "a\\.b", "*"]
        )

    def text() -> bytes:
        words = b"".join(random.choices(WORDS, k=random.randint(0, 12)))
        return b"v=spf1 " + b" ".join([*random.choices(TERMS, k=random.randint(0, 8)), words][: random.randint(0, 9)])

    make: dict[str, object] = {
        "A": lambda: f"192.0.2.{random.randint(0, 9)}",
        "AAAA": lambda: f"2001:db8::{random.randint(0, 9)}",
        "MX": lambda: Mx(random.randint(0, 9), name()),
        "PTR": name,
        "TXT": text,
    }
    if random.random() < 0.03:
        return None
    one = make[query.rdtype]
    assert callable(one)
    records: tuple[Record, ...] = tuple(one() for _ in range(random.choice([0, 1, 1, 1, 1, 1, 2, 12])))
    return Answer(Status.NOERROR if records else Status.NODATA, records)


TERMS = (
    b"a mx ptr a:b.example mx:b.example/24//64 include:%{d} include:%{l}.example exists:%{S}.example a:%{p} ptr:%{h} "
    b"-ip4:192.0.2.0/29 ~ip6:2001:db8::/125 redirect=%{l2r-}.example exp=%{p}.example exp=why.example "
    b"-all ?all ~all x=%{c}"
).split()


def test_whatever_dns_answers_a_check_comes_to_a_result() -> None:
    random = Random(7208)
    seen = set()
    for _ in range(CHECKS):
        local = random.choice(["a", "a-b.c", "ż", "\r\n", "x" * 250])
        who = Identity("mfrom", local, random.choice(["a.example", "b.a.example", "ż.example", "x" * 250, "[::1]"]))
        ip = ip_address(random.choice(["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.9"]))
        check = check_host(who, ip=ip, helo=random.choice(["h.example", "\0", "", "%" * 300]))
        found, asked = drive(check, partial(answer, random))
        assert len(asked) <= QUESTIONS_MAX
        assert all(query_name(query.name) == query.name for query in asked)
        assert all(parse_name(query.name).to_text(omit_final_dot=True) for query in asked)  # the resolver takes them
        assert len(found.explanation) <= EXPLANATION_MAX
        assert found.explanation.isprintable()
        assert found.explanation.isascii()
        seen.add(found.result)
    assert seen == set(Result)


@pytest.mark.parametrize(
    ("head", "unit"),
    [
        (b"v=spf1", b" a"),
        (b"v=spf1", b" a:%{i}"),
        (b"v=spf1", b" ip6:1::2"),
        (b"v=spf1 a:", b".a-"),
        (b"v=spf1 a:", b"a"),
        (b"v=spf1 x=", b"%%"),
        (b"v=spf1 x=", b"%{d9r.-}"),
        (b"v=spf1 x=%{d", b"1"),
        (b"v=spf1 x=%{d", b"."),
        (b"v=spf1 a", b"/1"),
        (b"v=spf1 ip4:", b"1."),
        (b"v=spf1 ip6:", b":1"),
    ],
)
def test_no_record_makes_more_than_its_share_of_work(head: bytes, unit: bytes) -> None:
    """Quadratic time would show at 4 KiB as tens of milliseconds; 64 KiB are refused unread."""

    def parse(size: int) -> None:
        parse_record.cache_clear()
        with suppress(SpfSyntaxError):
            parse_record(head + unit * (size // len(unit)))

    assert cpu_s(lambda: parse(4000)) < 0.02
    assert cpu_s(lambda: parse(64_000)) < 0.002
