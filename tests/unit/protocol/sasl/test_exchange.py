import pytest

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.sasl.exchange import ScramClaim, SimpleExchange, text


def test_text_is_utf_8_without_nul() -> None:
    assert text("zażółć".encode()) == "zażółć"
    for raw in (b"a\0b", b"\xff"):
        with pytest.raises(RemoteProtocolError):
            text(raw)


def test_most_mechanisms_end_with_their_claim() -> None:
    assert SimpleExchange().accepted(b"x") is None
    assert SimpleExchange().refused(b"x") is None


def test_a_claim_shows_nothing() -> None:
    assert "secret" not in repr(ScramClaim("secret", "secret", b"secret", b"secret"))
