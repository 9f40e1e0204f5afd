import pytest

from skrytka.protocol.mailauth.spf.macro import SpfSyntaxError, parse_domain_spec
from skrytka.protocol.mailauth.spf.record import (
    All,
    Directive,
    Exchanges,
    Exists,
    Hosts,
    Include,
    Mechanism,
    Network,
    Ptr,
    parse_record,
    policies,
)
from skrytka.protocol.mailauth.spf.result import Result

SPEC = parse_domain_spec("a.example")
NET6 = 0x20010DB8 << 96


@pytest.mark.parametrize(
    ("raw", "is_policy"),
    [
        (b"v=spf1", True),
        (b"V=SpF1 -all", True),
        (b"v=spf1 \xff", True),
        (b"v=spf10", False),
        (b"v=spf1\t-all", False),
        (b"v=spf1\n", False),
        (b" v=spf1", False),
        (b"spf2.0/mfrom", False),
        (b"", False),
    ],
)
def test_a_policy_is_known_by_its_version(raw: bytes, is_policy: bool) -> None:
    assert policies([b"else", raw]) == ([raw] if is_policy else [])


@pytest.mark.parametrize(
    ("term", "result", "mechanism"),
    [
        ("all", Result.PASS, All()),
        ("-ALL", Result.FAIL, All()),
        ("~include:a.example", Result.SOFTFAIL, Include(SPEC)),
        ("?a", Result.NEUTRAL, Hosts(None, (0, 0))),
        ("+a/24", Result.PASS, Hosts(None, (8, 0))),
        ("a//64", Result.PASS, Hosts(None, (0, 64))),
        ("a:a.example/0//0", Result.PASS, Hosts(SPEC, (32, 128))),
        ("mx:a.example/32//128", Result.PASS, Exchanges(SPEC, (0, 0))),
        ("MX", Result.PASS, Exchanges(None, (0, 0))),
        ("ptr", Result.PASS, Ptr(None)),
        ("ptr:a.example", Result.PASS, Ptr(SPEC)),
        ("exists:a.example", Result.PASS, Exists(SPEC)),
        ("ip4:192.0.2.1", Result.PASS, Network(4, 0xC0000201, 0)),
        ("ip4:192.0.2.1/0", Result.PASS, Network(4, 0xC0000201, 32)),
        ("-IP4:192.0.2.1/24", Result.FAIL, Network(4, 0xC0000201, 8)),
        ("ip6:2001:db8::", Result.PASS, Network(6, NET6, 0)),
        ("ip6:2001:DB8::/32", Result.PASS, Network(6, NET6, 96)),
        ("ip6:::1.2.3.4/128", Result.PASS, Network(6, 0x01020304, 0)),
    ],
)
def test_a_directive_is_a_result_and_a_typed_mechanism(term: str, result: Result, mechanism: Mechanism) -> None:
    record = parse_record(f"v=spf1  {term} ".encode())
    assert record.directives == (Directive(result, mechanism, term),)
    assert record.redirect is record.explanation is None


WRONG = """
    moo moo:a.example all. all:a all/8 - 1up=foo =all ++all -x=y +redirect=a.example redirect x=% x=%{d0} x=ż
    include include: include/a.example include:a.example/24 exists exists: exists/24 exists:a.example/24
    ptr/24 ptr: ptr/a.example
    a: a:/24 a/33 a/024 a/ a//129 a/24/64 a:a.example/24/64 a/x a:192.0.2.1 a:ż.example mx:com mx//x mx:a.example/33
    ip4 ip4: ip4/24 ip4:192.0.2 ip4:192.0.2.01 ip4:192.0.2.256 ip4:192.0.2.1/33 ip4:192.0.2.1//32 ip4:192.0.2.1/01
    ip4:192.0.2.1:25 ip4:a.example ip4:2001:db8::
    ip6 ip6::CAFE::BABE ip6:192.0.2.1 ip6:2001:db8::/129 ip6:2001:db8:://64 ip6:fe80::1%eth0
    redirect= redirect=-all redirect:a.example exp= exp=-all exp=%{r}.a.example -all\x7f a:a.example\0 a\0
"""


@pytest.mark.parametrize(
    "terms",
    [
        *WRONG.split(),
        *["exp=a.example exp=a.example", "redirect=a.example -all REDIRECT=b.example", "ip4:192.0.2.1 -all moo"],
        *["a\tmx", "a:a.example\r", "ip4:192.0.2.1\n", "-all\n"],
    ],
)
def test_a_record_with_an_error_anywhere_is_an_error(terms: str) -> None:
    with pytest.raises(SpfSyntaxError):
        parse_record(f"v=spf1 {terms}".encode())


def test_modifiers_are_told_apart_and_unknown_ones_are_passed_over() -> None:
    record = parse_record(b"v=spf1 Redirect=a.example moo.cow-far_out=man:dog/cat x= x= EXP=a.example")
    assert (record.directives, record.redirect, record.explanation) == ((), SPEC, SPEC)


@pytest.mark.parametrize(
    ("raw", "is_right"),
    [
        (b"v=spf1" + b" a" * 256, True),
        (b"v=spf1" + b" a" * 257, False),
        (b"v=spf1" + b" " * 4090, True),
        (b"v=spf1" + b" " * 4091, False),
        (b"v=spf1-all", False),
        (b"v=spf1", True),
    ],
)
def test_a_record_has_a_version_and_limits(raw: bytes, is_right: bool) -> None:
    if is_right:
        parse_record(raw)
    else:
        with pytest.raises(SpfSyntaxError):
            parse_record(raw)


@pytest.mark.parametrize(
    ("version", "address", "is_match"),
    [(4, 0xC0000200, True), (4, 0xC00002FF, True), (4, 0xC0000300, False), (6, 0xC0000201, False)],
)
def test_a_network_matches_addresses_of_its_kind(version: int, address: int, is_match: bool) -> None:
    assert Network(4, 0xC0000201, 8).matches(version, address) is is_match
    assert All().matches(version, address)
