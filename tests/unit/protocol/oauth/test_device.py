import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.oauth.device import ALPHABET, typed_code, user_code


def test_a_code_has_eight_letters_without_vowels() -> None:
    assert user_code(range(8)) == "BCDF-GHJK"
    assert user_code([255, *range(20, 28)]) == "BCDF-GHJK"
    assert user_code([255] * 16) is None
    assert user_code(range(7)) is None


@given(st.binary(min_size=16, max_size=16))
def test_what_is_shown_can_be_typed(octets: bytes) -> None:
    if (code := user_code(octets)) is not None:
        assert typed_code(code) == typed_code(code.lower().replace("-", " ")) == code


@pytest.mark.parametrize(
    ("typed", "expected"),
    [(" wdjb mjht ", "WDJB-MJHT"), ("WDJBMJHT", "WDJB-MJHT"), ("WDJB-MJHA", None), ("WDJB", None), ("", None)],
)
def test_people_type_as_they_like(typed: str, expected: str | None) -> None:
    assert typed_code(typed) == expected


def test_every_letter_is_as_likely() -> None:
    assert 256 % len(ALPHABET) == 16
    assert user_code([240] + [0] * 8) == "BBBB-BBBB"
