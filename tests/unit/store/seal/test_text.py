import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import PermanentError, Reason
from skrytka.store.seal.text import PACK_FROM_BYTES, MessageText, decode_text, encode_text

LONG = b"lorem ipsum dolor sit amet " * 2000


@pytest.mark.parametrize(
    "text",
    [MessageText(b"", b""), MessageText(b"subject: x", b""), MessageText(b"", b"y"), MessageText(b"a: b", LONG)],
)
def test_a_text_comes_back_as_it_was(text: MessageText) -> None:
    assert decode_text(encode_text(text)) == text


@given(st.binary().map(lambda raw: raw.replace(b"\0", b"")), st.binary().map(lambda raw: raw.replace(b"\0", b"")))
def test_any_two_texts_without_nul_come_back(header: bytes, body: bytes) -> None:
    assert decode_text(encode_text(MessageText(header, body))) == (header, body)


def test_only_a_long_text_is_packed() -> None:
    assert encode_text(MessageText(b"a: b", b"c")) == b"\x01a: b\0c"
    assert len(encode_text(MessageText(b"", LONG))) < PACK_FROM_BYTES // 10


@pytest.mark.parametrize("raw", [b"", b"\x01", b"\x01no parting", b"\x02", b"\x02not zstd", b"\x03x\0y"])
def test_what_was_not_made_here_is_corrupt(raw: bytes) -> None:
    with pytest.raises(PermanentError) as caught:
        decode_text(raw)
    assert caught.value.reason is Reason.CORRUPT
