import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.openid.metadata import parse_metadata, place_of

ISSUER = "https://provider.test/realm"
DOCUMENT: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize?a=b",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
    "userinfo_endpoint": f"{ISSUER}/me",
    "end_session_endpoint": None,
    "response_types_supported": ["code", "id_token"],
    "something_else": {"nobody": ["knows"]},
}


def test_the_document_is_read_where_it_has_to_be() -> None:
    found = parse_metadata(json.dumps(DOCUMENT).encode(), ISSUER)
    assert found.token_endpoint == f"{ISSUER}/token"
    assert found.places == tuple(DOCUMENT[name] for name in list(DOCUMENT)[1:5])
    assert place_of(ISSUER) == place_of(ISSUER + "/") == f"{ISSUER}/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"issuer": "https://other.test"}, "not of"),
        ({"issuer": ISSUER + "/"}, "not of"),
        ({"token_endpoint": "http://provider.test/token"}, "no https"),
        ({"jwks_uri": "https://provider.test/keys#x"}, "no https"),
        ({"userinfo_endpoint": "https://provider.test/a b"}, "no https"),
        ({"end_session_endpoint": "javascript:alert(1)"}, "no https"),
        ({"authorization_endpoint": "https://provider.test/\r\nX: y"}, "no https"),
        ({"response_types_supported": ["id_token"]}, "no codes"),
        ({"code_challenge_methods_supported": ["plain"]}, "PKCE"),
        ({"token_endpoint": None}, "cannot be read"),
        ({"jwks_uri": 7}, "cannot be read"),
    ],
)
def test_a_document_that_is_not_right_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(RemoteProtocolError, match=said):
        parse_metadata(json.dumps(DOCUMENT | changes).encode(), ISSUER)


@given(st.binary(max_size=200))
def test_whatever_comes_is_a_document_or_an_error(raw: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_metadata(raw, ISSUER)
