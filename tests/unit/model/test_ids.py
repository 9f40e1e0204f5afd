"""model/ids.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.clock import FixedClock
from skrytka.model.ids import ID_BYTES, id_text, new_id, new_unit, parse_id


class Zeros:
    def token(self, length: int) -> bytes:
        return bytes(length)


@given(st.binary(min_size=16, max_size=16))
def test_text_of_an_id_reads_back(raw_id: bytes) -> None:
    text = id_text(raw_id)
    assert len(text) == 26
    assert parse_id(text) == parse_id(text.lower()) == raw_id


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_text_sorts_as_the_bytes_do(one: bytes, other: bytes) -> None:
    assert (one < other) == (id_text(one) < id_text(other))


@pytest.mark.parametrize("text", ["", "8" * 26, "0" * 25, "0" * 27, "0" * 25 + "U", "0" * 25 + "\n", "ż" * 26])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="an id has"):
        parse_id(text)


def test_ids_sort_by_time() -> None:
    clock = FixedClock()
    first = new_id(clock, Zeros())
    clock.advance(0.001)
    second = new_id(clock, Zeros())
    assert first < second
    assert len(first) == ID_BYTES


def test_a_unit_is_an_id() -> None:
    assert new_unit(FixedClock(), Zeros()) == new_id(FixedClock(), Zeros())
