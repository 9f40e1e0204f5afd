import pytest

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.http.fields import FIELDS_MAX, HeadReader, TooLongError, members, parse_fields


def take(data: bytes, limit: int = 100) -> list[bytes] | None:
    reader = HeadReader(limit)
    reader.rest += data
    return reader.take()


def test_a_head_ends_with_an_empty_line_and_leaves_what_follows() -> None:
    reader = HeadReader()
    reader.rest += b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nrest"
    assert reader.take() == [b"GET / HTTP/1.1", b"Host: a"]
    assert reader.rest == b"rest"


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r"])
def test_an_unfinished_head_waits(data: bytes) -> None:
    assert take(data) is None


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\nHost: a\r\n\r\n", b"a\r\nb\0\r\n\r\n", b"a\rb\r\n\r\n", b"a\n\n"])
def test_bare_line_ends_and_nul_are_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        take(data)


@pytest.mark.parametrize("length", [100, 101])
def test_the_limit_is_the_same_whole_and_octet_by_octet(length: int) -> None:
    data = b"x" * length + b"\r\n\r\n"

    def whole() -> object:
        return take(data)

    def bytewise() -> object:
        reader = HeadReader(100)
        for number in range(len(data)):
            reader.rest += data[number : number + 1]
            if (lines := reader.take()) is not None:
                return lines
        return None

    for way in (whole, bytewise):
        if length == 100:
            assert way() == [b"x" * 100]
        else:
            with pytest.raises(TooLongError):
                way()


def test_fields_are_kept_in_order_by_lower_case_name() -> None:
    fields = parse_fields([b"A: 1", b"b:\t2 ", b"a:3", b"C:"])
    assert fields == {"a": ("1", "3"), "b": ("2",), "c": ("",)}


@pytest.mark.parametrize("line", [b"no colon", b"a : 1", b" a: 1", b": 1", b"a: \x01", b"a\xff: 1", b"\ta"])
def test_what_is_no_field_line_is_refused(line: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_fields([line])


def test_fields_are_bounded() -> None:
    with pytest.raises(RemoteProtocolError):
        parse_fields([b"a: 1"] * (FIELDS_MAX + 1))


def test_members_of_lists_over_several_fields() -> None:
    assert members({"connection": ("Close, , x", "Y")}, "connection") == ("close", "x", "y")
    assert members({}, "connection") == ()
