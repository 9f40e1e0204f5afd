"""RFC 3501 5.1.3 and RFC 9051 5.1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.imap.mailbox_name import BadNameError, decode_utf7, encode_utf7, parse_name, wire_name

PAIRS = [
    ("INBOX", b"INBOX"),
    ("Wysłane", b"Wys&AUI-ane"),
    ("A & B", b"A &- B"),
    ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
    ("☺!", b"&Jjo-!"),
    ("😀", b"&2D3eAA-"),
]


@pytest.mark.parametrize(("name", "wire"), PAIRS)
def test_modified_utf7_is_what_the_rfc_shows(name: str, wire: bytes) -> None:
    assert encode_utf7(name) == wire
    assert decode_utf7(wire) == name


@pytest.mark.parametrize(
    "wire",
    [
        b"a&b",  # unfinished
        b"&AGE-",  # "a" stands for itself
        b"&Jjo",
        b"&Jjo-&Jjo-",  # superfluous shift
        b"&Jj/-",
        b"&J-",
        b"&2D0-",  # half a surrogate pair
        b"\xc5\x82",
        b"&AUJ-",  # bits left over
    ],
)
def test_other_spellings_are_refused(wire: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        decode_utf7(wire)


def test_two_ampersands_in_a_row_are_no_superfluous_shift() -> None:
    assert decode_utf7(b"&Jjo-&-") == "☺&"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_every_name_survives_the_wire(name: str) -> None:
    assert decode_utf7(encode_utf7(name)) == name


@pytest.mark.parametrize(
    ("raw", "is_utf8", "name"),
    [
        (b"iNbOx", False, "INBOX"),
        (b"inbox/a", False, "INBOX/a"),
        (b"inboxes", False, "inboxes"),
        (b"Wys&AUI-ane", False, "Wysłane"),
        (b"Wys&AUI-ane", True, "Wys&AUI-ane"),
        ("Wysłane".encode(), True, "Wysłane"),
        ("Wysłane & co".encode(), False, "Wysłane & co"),  # RFC 6855 3: to be taken from whoever quotes it
        ("o\u0308".encode(), True, "ö"),
        (b"a%*", False, "a%*"),
    ],
)
def test_names_are_read_by_the_mode_of_the_session(raw: bytes, is_utf8: bool, name: str) -> None:
    assert parse_name(raw, is_utf8=is_utf8) == name
    if "\u0308" not in raw.decode() and (is_utf8 or raw.isascii()) and not name.startswith("INBOX"):
        assert wire_name(name, is_utf8=is_utf8) == raw


@pytest.mark.parametrize(
    ("raw", "is_utf8"), [(b"a\x01", True), (b"\xff", True), (b"\xff", False), (b"a" * 1001, True), (b"&AAo-", False)]
)
def test_what_is_no_name_is_refused(raw: bytes, is_utf8: bool) -> None:
    with pytest.raises(BadNameError):
        parse_name(raw, is_utf8=is_utf8)
