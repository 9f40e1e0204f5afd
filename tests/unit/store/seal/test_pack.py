import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import PermanentError, Reason
from skrytka.store.seal.pack import decode_pack, encode_pack


@given(st.dictionaries(st.integers(1, 2**32 - 1), st.binary(max_size=50), max_size=20))
def test_a_pack_survives_its_encoding(texts: dict[int, bytes]) -> None:
    assert decode_pack(encode_pack(texts)) == texts


@given(st.binary(max_size=100))
def test_what_is_no_pack_is_corrupt(raw: bytes) -> None:
    for wrong in (raw, b"\x01" + raw, encode_pack({1: b"a"})[:-1]):
        with pytest.raises(PermanentError) as caught:
            decode_pack(wrong)
        assert caught.value.reason is Reason.CORRUPT
