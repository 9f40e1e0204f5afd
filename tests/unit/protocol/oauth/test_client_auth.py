import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.oauth.client_auth import parse_client
from skrytka.protocol.oauth.errors import ErrorCode, OAuthError


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_a_public_client_names_itself() -> None:
    claim = parse_client({"client_id": "c"}, "")
    assert (claim.client_id, claim.secret, claim.is_basic) == ("c", None, False)


def test_a_secret_comes_in_a_parameter_or_in_the_field() -> None:
    claim = parse_client({"client_id": "c", "client_secret": "s"}, "")
    assert claim.secret is not None
    assert claim.secret.reveal() == b"s"
    claim = parse_client({"client_id": "c:1"}, basic("c%3A1:a%2Bb"))
    assert claim.client_id == "c:1"
    assert claim.secret is not None
    assert claim.secret.reveal() == b"a+b"
    assert claim.is_basic


@pytest.mark.parametrize(
    ("fields", "authorization", "code"),
    [
        ({}, "", ErrorCode.INVALID_CLIENT),
        ({"client_id": "c", "client_secret": "s"}, basic("c:s"), ErrorCode.INVALID_REQUEST),
        ({"client_id": "other"}, basic("c:s"), ErrorCode.INVALID_REQUEST),
        ({}, "Bearer x", ErrorCode.INVALID_CLIENT),
        ({}, "Basic ###", ErrorCode.INVALID_CLIENT),
        ({}, basic("nocolon"), ErrorCode.INVALID_CLIENT),
        ({}, basic(":s"), ErrorCode.INVALID_CLIENT),
        ({}, "Basic " + "A" * 5000, ErrorCode.INVALID_CLIENT),
    ],
)
def test_one_way_at_a_time(fields: dict[str, str], authorization: str, code: ErrorCode) -> None:
    with pytest.raises(OAuthError) as caught:
        parse_client(fields, authorization)
    assert caught.value.code is code


@given(st.text(max_size=60))
def test_any_field_is_read_or_refused(text: str) -> None:
    for authorization in (text, f"Basic {text}"):
        with contextlib.suppress(OAuthError):
            parse_client({}, authorization)
