"""protocol/mime/addresses.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.mime.addresses import parse_addresses
from skrytka.protocol.mime.envelope import RawAddress as A

GROUP_END = A(None, None, None, None)
CASES = [
    (b"a@b.c", [A(None, None, b"a", b"b.c")]),
    (b"Alice <a@b>, bob@x", [A(b"Alice", None, b"a", b"b"), A(None, None, b"bob", b"x")]),
    (b'"Bob, X" <bob@x>', [A(b"Bob, X", None, b"bob", b"x")]),
    (b"John Q. Public <jq@p.org>", [A(b"John Q. Public", None, b"jq", b"p.org")]),
    (b"a@b (Comment (nested))", [A(b"Comment (nested)", None, b"a", b"b")]),
    (b"Group: a@b, C <c@d>;, e@f", [A(None, None, b"Group", None), A(None, None, b"a", b"b"), A(b"C", None, b"c", b"d"),
      GROUP_END, A(None, None, b"e", b"f")]),
    (b"undisclosed-recipients:;", [A(None, None, b"undisclosed-recipients", None), GROUP_END]),
    (b"<@a,@b:c@d>", [A(None, b"@a,@b", b"c", b"d")]),  # RFC 5322 4.4: routes
    (b'"a b"@c', [A(None, None, b"a b", b"c")]),
    (b"a @ b . c", [A(None, None, b"a", b"b . c")]),
    (b"a@[192.0.2.1]", [A(None, None, b"a", b"[192.0.2.1]")]),
    (b"<a@b> <c@d>", [A(None, None, b"a", b"b"), A(None, None, b"c", b"d")]),
    (b"<a@b> (c) x@y <c@d> z", [A(b"c", None, b"a", b"b"), A(None, None, b"c", b"d")]),
    (b"nobody", [A(None, None, b"nobody", b"")]),
    (b"x <y", [A(b"x", None, b"y", b"")]),
    (b"<>", [A(None, None, b"", b"")]),
    (b"Unclosed: a@b", [A(None, None, b"Unclosed", None), A(None, None, b"a", b"b"), GROUP_END]),
    (b", ,", []),
    (b"", []),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), CASES)
def test_address_lists_are_read_as_rfc_5322_writes_them(value: bytes, expected: list[A]) -> None:
    assert parse_addresses(value) == expected


@given(
    st.lists(
        st.sampled_from([b"a", b"@", b"<", b">", b",", b":", b";", b"(", b")", b'"', b"\\", b" ", b"[", b"]", b"\xff"]),
        max_size=40,
    )
)
def test_anything_can_be_parsed(pieces: list[bytes]) -> None:
    parse_addresses(b"".join(pieces))


def test_reading_stops_at_the_limit() -> None:
    assert len(parse_addresses(b"a@b, " * 1_000, 10)) == 10
    assert len(parse_addresses(b"g: a@b;" * 1_000, 10)) in {10, 11}  # a group that is open is closed
