"""RFC 9051 9: tokens."""

import pytest

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.imap.cursor import Cursor


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"abc", b"abc"),
        (b"a]b", b"a]b"),
        (b"a~b", b"a~b"),
        (b"~x", b"~x"),
        (b'"a b"', b"a b"),
        (b'"a\\"b\\\\"', b'a"b\\'),
        (b'""', b""),
        (b'"\xc5\x82"', b"\xc5\x82"),
        (b"{3}\r\na\r\n", b"a\r\n"),
        (b"{0+}\r\n", b""),
        (b"~{2+}\r\nab", b"ab"),
    ],
)
def test_astrings_are_read(data: bytes, value: bytes) -> None:
    cursor = Cursor(data)
    assert cursor.astring() == value
    assert cursor.is_at_end


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" a",
        b"(",
        b'"a',
        b'"a\r\n"',
        b'"a\\b"',
        b'"\0"',
        b"{4}\r\nabc",
        b"{1}\r\n\0",
        b"{x}\r\n",
        b"\xff",
        b"\x7f",
        b"{-1}\r\n",
    ],
)
def test_what_is_no_astring_is_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        Cursor(data).astring()


@pytest.mark.parametrize("data", [b"]", b"a]", b'"a"', b"%", b"*"])
def test_an_atom_is_narrower_than_an_astring(data: bytes) -> None:
    def read_it_all() -> None:
        cursor = Cursor(data)
        cursor.atom()
        cursor.end()

    with pytest.raises(RemoteProtocolError):
        read_it_all()


def test_a_tag_has_no_plus() -> None:
    assert Cursor(b"A1]").tag() == "A1]"
    with pytest.raises(RemoteProtocolError):
        Cursor(b"+").tag()


def test_nil_is_no_string() -> None:
    assert Cursor(b"nIl").nstring() is None
    assert Cursor(b'"NIL"').nstring() == b"NIL"
    with pytest.raises(RemoteProtocolError):
        Cursor(b"NILS").nstring()


def test_a_space_is_exactly_one_space() -> None:
    cursor = Cursor(b"a  b")
    cursor.atom()
    cursor.space()
    with pytest.raises(RemoteProtocolError):
        cursor.atom()


def test_numbers_end_at_63_bits() -> None:
    assert Cursor(b"9223372036854775807").number() == 2**63 - 1
    with pytest.raises(RemoteProtocolError):
        Cursor(b"9223372036854775808").number()


def test_lists_are_walked_with_single_spaces() -> None:
    cursor = Cursor(b"(a b)")
    found = []
    more = cursor.open_list()
    while more:
        found.append(cursor.atom())
        more = cursor.next_item(len(found))
    assert found == [b"a", b"b"]
    assert not Cursor(b"()").open_list()
    with pytest.raises(RemoteProtocolError):
        Cursor(b"x").open_list()


def test_a_list_has_an_end() -> None:
    cursor = Cursor(b" a")
    with pytest.raises(RemoteProtocolError):
        cursor.next_item(1000)


def test_more_than_the_command_takes_is_refused() -> None:
    with pytest.raises(RemoteProtocolError):
        Cursor(b"x").end()


def test_patterns_keep_their_wildcards() -> None:
    assert Cursor(b"a/%*").list_mailbox() == "a/%*"
    assert Cursor(b'"Wys&AUI-*"').list_mailbox() == "Wysł*"
    assert Cursor(b'""').list_mailbox() == ""


def test_a_pattern_that_matches_nothing_is_no_error() -> None:
    """RFC 9051 6.3.9."""
    assert Cursor(b"&*").list_mailbox() is Cursor(b'"&AAE-"').list_mailbox() is Cursor(b"& ").reference() is None


def test_quoted_utf8_is_utf8_once_it_was_enabled() -> None:
    """RFC 6855 3; before, such octets are the client's own matter."""
    assert Cursor(b'"\xb3"').string() == b"\xb3"
    assert Cursor('"ł"'.encode(), is_utf8=True).string() == "ł".encode()
    assert Cursor(b"{1}\r\n\xb3", is_utf8=True).string() == b"\xb3"
    with pytest.raises(RemoteProtocolError):
        Cursor(b'"\xb3"', is_utf8=True).string()


def test_flags_may_begin_with_a_backslash_once() -> None:
    assert Cursor(b"\\Seen").flag() == b"\\Seen"
    with pytest.raises(RemoteProtocolError):
        Cursor(b"\\\\Seen").flag()


def test_keywords_of_the_protocol_are_taken_whole() -> None:
    assert not Cursor(b"RETURNS").skip_word(b"RETURN")
    assert Cursor(b"return (").skip_word(b"RETURN")
    assert Cursor(b"fetch").word() == "FETCH"


def test_the_set_of_messages_is_read() -> None:
    assert Cursor(b"1:* x").sequence_set().ranges == ((1, 0),)
