import pytest

from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.sasl.exchange import Ask, CertificateClaim
from skrytka.protocol.sasl.external import ExternalExchange


def test_the_name_may_be_left_out() -> None:
    exchange = ExternalExchange()
    assert exchange.begin(None) == Ask(b"")
    assert exchange.respond(Secret(b"")) == CertificateClaim("")
    assert ExternalExchange().begin(Secret(b"alice@example.test")) == CertificateClaim("alice@example.test")


@pytest.mark.parametrize("message", [b"a\0b", b"\xff", b"x" * 1025])
def test_what_is_no_name_is_refused(message: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        ExternalExchange().begin(Secret(message))
