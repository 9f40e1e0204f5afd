import json

from skrytka.protocol.oauth.answers import Issued, bearer_refused, error_answer, json_answer, token_answer
from skrytka.protocol.oauth.errors import ErrorCode, OAuthError
from skrytka.protocol.oauth.scopes import Scope


def test_tokens_are_kept_by_nobody() -> None:
    issued = Issued(access_token="a", expires_in_s=3600, scopes=(Scope.IMAP,), refresh_token="r", id_token="i")
    answer = token_answer(issued)
    assert dict(answer.fields)["Cache-Control"] == "no-store"
    assert json.loads(answer.body) == {
        "access_token": "a",
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "imap",
        "refresh_token": "r",
        "id_token": "i",
    }
    assert "access_token" not in repr(issued)
    assert set(json.loads(token_answer(Issued(access_token="a", expires_in_s=1, scopes=())).body)) == {
        "access_token",
        "token_type",
        "expires_in",
        "scope",
    }


def test_an_error_is_json_and_401_names_the_way() -> None:
    answer = error_answer(OAuthError(ErrorCode.INVALID_CLIENT, "no"), is_basic=True)
    assert answer.status == 401
    assert dict(answer.fields)["WWW-Authenticate"].startswith("Basic ")
    assert json.loads(answer.body) == {"error": "invalid_client", "error_description": "no"}
    assert "WWW-Authenticate" not in dict(error_answer(OAuthError(ErrorCode.INVALID_CLIENT)).fields)


def test_a_resource_says_what_it_wants() -> None:
    assert dict(bearer_refused(None, "x").fields)["WWW-Authenticate"] == 'Bearer realm="x"'
    refused = bearer_refused(OAuthError(ErrorCode.INVALID_TOKEN, "gone"), "x")
    assert refused.status == 401
    assert 'error="invalid_token"' in dict(refused.fields)["WWW-Authenticate"]


def test_what_changes_seldom_may_be_kept() -> None:
    assert dict(json_answer({}, is_kept=True).fields)["Cache-Control"] == "public, max-age=3600"
