import pytest

from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.sasl.bearer import OauthBearerExchange, Xoauth2Exchange
from skrytka.protocol.sasl.exchange import Ask, Over, TokenClaim

# RFC 7628 4.1: the example
EXAMPLE = (
    b"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01"
    b"auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
)


def claim(step: object) -> tuple[str, bytes]:
    assert isinstance(step, TokenClaim)
    return step.name, step.token.reveal()


@pytest.mark.parametrize(
    ("message", "name", "token"),
    [
        (EXAMPLE, "user@example.com", b"vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="),
        (b"n,,\x01auth=Bearer x\x01\x01", "", b"x"),
        (b"y,a=a=2Cb=3D,\x01auth=bEARER a.b-c_d~e+f/g==\x01\x01", "a,b=", b"a.b-c_d~e+f/g=="),
    ],
)
def test_oauthbearer_has_a_header_and_fields(message: bytes, name: str, token: bytes) -> None:
    assert claim(OauthBearerExchange().begin(Secret(message))) == (name, token)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"n,,",
        b"n,,\x01\x01",
        b"n,,\x01auth=Bearer x\x01",
        b"n\x01auth=Bearer x\x01\x01",
        b"p=tls-unique,,\x01auth=Bearer x\x01\x01",
        b"n,b=x,\x01auth=Bearer x\x01\x01",
        b"n,,x\x01auth=Bearer x\x01\x01",
        b"n,a=\xff,\x01auth=Bearer x\x01\x01",
        b"n,,\x01auth=Basic x\x01\x01",
        b"n,,\x01auth=Bearer \x01\x01",
        b"n,,\x01auth=Bearer x y\x01\x01",
        b"n,,\x01auth=Bearer x\x01auth=Bearer y\x01\x01",
        b"n,,\x01h0st=x\x01auth=Bearer x\x01\x01",
        b"n,,\x01auth=Bearer " + b"x" * 13000 + b"\x01\x01",
        b"n,,\x01" + b"".join(b"%c%c=1\x01" % (65 + n, 65) for n in range(21)) + b"auth=Bearer x\x01\x01",
    ],
)
def test_what_is_no_token_message_is_refused(message: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        OauthBearerExchange().begin(Secret(message))


def test_xoauth2_names_its_user() -> None:
    exchange = Xoauth2Exchange()
    assert exchange.begin(None) == Ask(b"")
    step = exchange.respond(Secret(b"user=someuser@example.com\x01auth=Bearer ya29.vF9dft4\x01\x01"))
    assert claim(step) == ("someuser@example.com", b"ya29.vF9dft4")
    for message in (b"auth=Bearer x\x01\x01", b"user=\x01auth=Bearer x\x01\x01", b"user=a\x01\x01", b"\x01\x01"):
        with pytest.raises(RemoteProtocolError):
            Xoauth2Exchange().begin(Secret(message))


@pytest.mark.parametrize("last", [b"\x01", b"", b"anything"])
def test_after_a_refusal_the_client_has_one_more_message(last: bytes) -> None:
    exchange = OauthBearerExchange()
    exchange.begin(Secret(EXAMPLE))
    assert exchange.refused(b'{"status":"invalid_token"}') == Ask(b'{"status":"invalid_token"}')
    assert exchange.respond(Secret(last)) == Over()
    assert OauthBearerExchange().refused(b"") is None
    assert OauthBearerExchange().accepted(b"") is None
