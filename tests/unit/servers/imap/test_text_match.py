"""RFC 9051 6.4.4: decoded before comparison, substring, case does not matter."""

from skrytka.servers.imap.text_match import field_values, folded, has_field, named_fields


def test_fields_are_unfolded_and_decoded() -> None:
    raw = b"To: a@b,\r\n\tc@d\r\nTo: =?iso-8859-2?q?=B3?=\r\n"
    assert list(field_values(raw)) == ["a@b,\tc@d", "ł"]
    assert has_field(raw, folded("ł"))
    assert not has_field(b"", "")
    assert has_field(b"X:\r\n", "")


def test_fields_are_picked_by_name() -> None:
    assert named_fields(b"A: 1\r\nB: 2\r\na: 3\r\n\r\n", b"a") == b"A: 1\r\na: 3\r\n"
