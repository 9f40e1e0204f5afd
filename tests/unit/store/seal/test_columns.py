from array import array

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import PermanentError, Reason
from skrytka.store.seal.columns import MESSAGES_MAX, Columns, decode_columns, encode_columns

ROWS = st.lists(st.tuples(st.integers(1, 2**32 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)), max_size=30)


def columns(rows: list[tuple[int, int, int]], state: int = 7, uid_next: int = 9) -> Columns:
    uids, flags, modseqs = zip(*rows, strict=True) if rows else ((), (), ())
    return Columns(state, uid_next, array("I", uids), array("Q", flags), array("Q", modseqs))


@given(ROWS, st.integers(0, 2**64 - 1), st.integers(1, 2**32 - 1))
def test_columns_survive_their_encoding(rows: list[tuple[int, int, int]], state: int, uid_next: int) -> None:
    found = columns(rows, state, uid_next)
    assert decode_columns(encode_columns(found)) == found


def test_the_format_is_the_one_that_is_written_down() -> None:
    raw = encode_columns(columns([(1, 0x0102, 3), (0x01020304, 5, 2**63)], 0x0A0B, 258))
    assert raw[:1] == b"\x01"
    head = bytes.fromhex("0000000000000a0b 00000102 00000002")
    uids = bytes.fromhex("0001 0002 0003 0104")
    flags = bytes.fromhex("0000 0000 0000 0000 0000 0000 0100 0205")
    modseqs = bytes.fromhex("0080 0000 0000 0000 0000 0000 0000 0300")
    assert zstandard.ZstdDecompressor().decompress(raw[1:]) == head + uids + flags + modseqs


@given(st.binary(max_size=100))
def test_what_is_no_pack_is_corrupt(raw: bytes) -> None:
    def packed(plain: bytes) -> bytes:
        return b"\x01" + zstandard.ZstdCompressor().compress(plain)

    good = encode_columns(columns([(1, 2, 3)]))
    plain = zstandard.ZstdDecompressor().decompress(good[1:])
    endless = packed(bytes(16 + 20 * (MESSAGES_MAX + 1)))
    for wrong in (raw, b"\x01" + raw, good[:-1], b"\x02" + good[1:], packed(plain + b"x"), packed(plain[:-1]), endless):
        with pytest.raises(PermanentError) as caught:
            decode_columns(wrong)
        assert caught.value.reason is Reason.CORRUPT
