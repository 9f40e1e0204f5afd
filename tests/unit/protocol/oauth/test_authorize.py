import pytest

from skrytka.protocol.oauth.authorize import Place, granted, parse_place, parse_request, refused
from skrytka.protocol.oauth.errors import ErrorCode, OAuthError
from skrytka.protocol.oauth.scopes import Scope

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
FIELDS = {
    "client_id": "c",
    "redirect_uri": "https://a.example/cb",
    "state": "s t",
    "response_type": "code",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "scope": "imap openid",
}
PLACE = Place("c", "https://a.example/cb", "s t")


def test_a_request_is_read() -> None:
    request = parse_request({**FIELDS, "nonce": "n", "login_hint": "alice@example.org", "unknown": "x"})
    assert request.place == PLACE
    assert request.scopes == (Scope.IMAP, Scope.OPENID)
    assert (request.challenge, request.nonce, request.login_hint) == (CHALLENGE, "n", "alice@example.org")
    assert not request.is_silent
    assert request.max_age_s is None


@pytest.mark.parametrize(
    ("more", "is_silent", "is_asking", "max_age_s"),
    [
        ({"prompt": "none"}, True, False, None),
        ({"prompt": "login consent"}, False, True, 0),
        ({"prompt": "select_account"}, False, False, 0),
        ({"max_age": "300"}, False, False, 300),
        ({"prompt": "login", "max_age": "300"}, False, False, 0),
    ],
)
def test_how_a_person_is_asked(more: dict[str, str], is_silent: bool, is_asking: bool, max_age_s: int | None) -> None:
    request = parse_request({**FIELDS, **more})
    assert (request.is_silent, request.is_asking, request.max_age_s) == (is_silent, is_asking, max_age_s)


@pytest.mark.parametrize("missing", ["client_id", "redirect_uri"])
def test_without_a_place_nothing_is_sent_anywhere(missing: str) -> None:
    with pytest.raises(OAuthError):
        parse_place({name: value for name, value in FIELDS.items() if name != missing})


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"response_type": "token"}, ErrorCode.UNSUPPORTED_RESPONSE_TYPE),
        ({"response_type": "code id_token"}, ErrorCode.UNSUPPORTED_RESPONSE_TYPE),
        ({"response_mode": "fragment"}, ErrorCode.INVALID_REQUEST),
        ({"request": "x"}, ErrorCode.REQUEST_NOT_SUPPORTED),
        ({"request_uri": "https://a.example/"}, ErrorCode.REQUEST_URI_NOT_SUPPORTED),
        ({"prompt": "none login"}, ErrorCode.INVALID_REQUEST),
        ({"code_challenge_method": "plain"}, ErrorCode.INVALID_REQUEST),
        ({"scope": "root"}, ErrorCode.INVALID_SCOPE),
        ({"max_age": "-1"}, ErrorCode.INVALID_REQUEST),
        ({"max_age": "٣"}, ErrorCode.INVALID_REQUEST),
        ({"nonce": "x" * 513}, ErrorCode.INVALID_REQUEST),
        ({"state": "x" * 2049}, ErrorCode.INVALID_REQUEST),
    ],
)
def test_what_is_wrong_has_its_code(more: dict[str, str], code: ErrorCode) -> None:
    with pytest.raises(OAuthError) as caught:
        parse_request({**FIELDS, **more})
    assert caught.value.code is code


def test_answers_carry_state_and_issuer() -> None:
    assert (
        granted(PLACE, "abc", "https://mail.example.org")
        == "https://a.example/cb?code=abc&state=s%20t&iss=https%3A%2F%2Fmail.example.org"
    )
    error = OAuthError(ErrorCode.ACCESS_DENIED, "the person said no")
    assert refused(Place("c", "https://a.example/cb", ""), error, "https://i") == (
        "https://a.example/cb?error=access_denied&error_description=the%20person%20said%20no&iss=https%3A%2F%2Fi"
    )
