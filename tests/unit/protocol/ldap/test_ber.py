import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.ldap import ber


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "020100"), (127, "02017f"), (128, "02020080"), (255, "020200ff"), (65536, "0203010000")],
)
def test_numbers_are_never_negative(value: int, expected: str) -> None:
    assert ber.integer(value).hex() == expected
    (element,) = ber.elements(ber.integer(value))
    assert ber.number(element) == value


@given(st.binary(max_size=700), st.sampled_from([0x04, 0x30, 0x80, 0xA3]))
def test_what_is_encoded_is_read_again(content: bytes, tag: int) -> None:
    data = ber.encode(tag, content)
    place = ber.head(data)
    assert place is not None
    assert data[place[0] : place[1]] == content
    assert all(ber.head(data[:size]) in (None, place) for size in range(len(data)))


@given(st.binary(max_size=60))
def test_anything_is_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(RemoteProtocolError):
        for element in ber.elements(data):
            with contextlib.suppress(RemoteProtocolError):
                ber.number(element)
            with contextlib.suppress(RemoteProtocolError):
                ber.text(element)
            _ = element.parts


@pytest.mark.parametrize("data", ["1f0100", "0480", "04850000000001", "0402aa", "04"])
def test_what_ldap_does_not_allow_is_refused(data: str) -> None:
    with pytest.raises(RemoteProtocolError):
        list(ber.elements(bytes.fromhex(data)))


def test_elements_stand_in_each_other() -> None:
    data = ber.sequence(ber.octets(b"a"), ber.boolean(value=True), ber.boolean(value=False))
    (outer,) = ber.elements(data)
    assert [part.tag for part in outer.parts] == [4, 1, 1]
    assert ber.text(outer.parts[0]) == "a"
    with pytest.raises(RemoteProtocolError):
        ber.text(ber.Element(4, b"\xff"))
    with pytest.raises(RemoteProtocolError):
        ber.number(outer.parts[0])
