import pytest

from skrytka.protocol.oauth.errors import ErrorCode, OAuthError
from skrytka.protocol.oauth.scopes import Scope
from skrytka.protocol.oauth.token import (
    DEVICE,
    PollDevice,
    RedeemCode,
    Refresh,
    parse_shown_token,
    parse_token_request,
)

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


def test_each_grant_type_has_its_request() -> None:
    redeem = parse_token_request(
        {"grant_type": "authorization_code", "code": "c", "redirect_uri": "https://a/", "code_verifier": VERIFIER}
    )
    assert isinstance(redeem, RedeemCode)
    assert (redeem.code.reveal(), redeem.redirect_uri, redeem.verifier) == (b"c", "https://a/", VERIFIER)
    refresh = parse_token_request({"grant_type": "refresh_token", "refresh_token": "r", "scope": "imap"})
    assert isinstance(refresh, Refresh)
    assert (refresh.token.reveal(), refresh.scopes) == (b"r", (Scope.IMAP,))
    poll = parse_token_request({"grant_type": DEVICE, "device_code": "d"})
    assert isinstance(poll, PollDevice)
    assert poll.device_code.reveal() == b"d"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, ErrorCode.INVALID_REQUEST),
        ({"grant_type": "password", "username": "a", "password": "b"}, ErrorCode.UNSUPPORTED_GRANT_TYPE),
        ({"grant_type": "client_credentials"}, ErrorCode.UNSUPPORTED_GRANT_TYPE),
        ({"grant_type": "refresh_token"}, ErrorCode.INVALID_REQUEST),
        ({"grant_type": "refresh_token", "refresh_token": "x" * 513}, ErrorCode.INVALID_REQUEST),
        ({"grant_type": "authorization_code", "code": "c", "redirect_uri": "https://a/"}, ErrorCode.INVALID_REQUEST),
        ({"grant_type": "authorization_code", "code": "c", "code_verifier": VERIFIER}, ErrorCode.INVALID_REQUEST),
    ],
)
def test_what_is_missing_is_named(fields: dict[str, str], code: ErrorCode) -> None:
    with pytest.raises(OAuthError) as caught:
        parse_token_request(fields)
    assert caught.value.code is code


def test_a_token_is_shown_to_be_revoked() -> None:
    assert parse_shown_token({"token": "t", "token_type_hint": "refresh_token"}).reveal() == b"t"
