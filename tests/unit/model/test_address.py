"""model/address.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.address import NULL_REVERSE_PATH, Address, AddressError, Domain, ReversePath

GOOD = [
    ("alice@example.test", "alice@example.test"),
    ("Alice@EXAMPLE.test", "alice@example.test"),
    ('"a b"@example.test', '"a b"@example.test'),
    ('"plain"@example.test', "plain@example.test"),
    ('"a\\"b"@example.test', '"a\\"b"@example.test'),
    ("żółw@żółw.example", "żółw@xn--w-uga1v8h.example"),
    ("a@[192.0.2.1]", "a@[192.0.2.1]"),
    ("a@[IPv6:2001:DB8::1]", "a@[IPv6:2001:db8::1]"),
    ("o'brien+tag/x=y@a.b", "o'brien+tag/x=y@a.b"),
    ('"@"@a.b', '"@"@a.b'),
    ("Zoe\u0308@a.b", "zo\u00eb@a.b"),  # one person, however the keyboard composes
    ("WEI\u1e9e@a.b", "wei\u00df@a.b"),
    ("weiss@a.b", "weiss@a.b"),  # and not the mailbox of weiß
    ("bo\u017fs@a.b", "bo\u017fs@a.b"),  # a long s is no s
    ("bounce-1=" + "x" * 100 + "=a.b@c.d", "bounce-1=" + "x" * 100 + "=a.b@c.d"),  # VERP holds a whole address
]
BAD = [
    "", "a", "@a.b", "a@", "a b@c", "a..b@c", ".a@c", "a.@c", "a@b..c", "a@-b", "a@b-", "a@b_ c", "a@[1.2.3]", "a@[x]",
    '"a@b', 'a"b@c', "a@b\r\nRCPT TO:<x@y>", "a@b\0", "a\n@b", '"\r\n"@b', "x" * 253 + "@b",
    "a@" + "b" * 64, "a@" + "b." * 130 + "c",
    "a\u009b31m@b", "a\u0085@b", "a\u2028@b", "a\u202e@b", '"a\u2066"@b', "\u200f@b",
    "<a@b>", "a@b@c", "-f/etc/passwd", "|sh@b c",
]  # fmt: skip


@pytest.mark.parametrize(("text", "key"), GOOD)
def test_an_address_is_found_by_one_key_however_it_is_written(text: str, key: str) -> None:
    assert Address.parse(text).key == key


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_address_does_not_become_one(text: str) -> None:
    with pytest.raises(AddressError):
        Address.parse(text)


@given(st.text(max_size=80))
def test_an_address_that_parsed_parses_again_and_holds_no_line_end(text: str) -> None:
    try:
        address = Address.parse(text)
    except AddressError:
        return
    again = Address.parse(str(address))
    assert again == address
    assert not set("\r\n\0") & set(str(address))


def test_the_null_reverse_path_is_empty_text() -> None:
    assert NULL_REVERSE_PATH.is_null
    assert str(NULL_REVERSE_PATH) == ""
    assert str(ReversePath(Address.parse("a@b"))) == "a@b"


def test_utf8_local_parts_need_smtputf8() -> None:
    assert not Address.parse("żółw@a.b").is_ascii
    assert Address.parse("zolw@żółw.example").is_ascii


def test_an_address_literal_is_a_domain_of_its_own_kind() -> None:
    assert Domain.parse("[192.0.2.1]").is_literal
    assert not Domain.parse("a.b").is_literal
