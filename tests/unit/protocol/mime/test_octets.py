import pytest

from skrytka.protocol.mime.octets import is_seven_bit


@pytest.mark.parametrize("data", [b"", b"x", b"x\r\ny\r\n", b"\r\n\r\n", b"\t~\x7f\x01"])
def test_ascii_with_whole_line_ends_is(data: bytes) -> None:
    assert is_seven_bit(data)


@pytest.mark.parametrize("data", [b"\n", b"\r", b"x\r\r\n", b"\n\r", b"\0", b"\x80"])
def test_a_bare_cr_or_lf_a_nul_and_eight_bits_are_not(data: bytes) -> None:
    assert not is_seven_bit(data)
