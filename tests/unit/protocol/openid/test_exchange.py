import base64
import json
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import msgspec
import pytest

from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.oauth.pkce import is_proven
from skrytka.protocol.openid.exchange import (
    AnswerError,
    Client,
    Question,
    authorization_url,
    code_of,
    parse_person,
    parse_tokens,
    token_request,
)
from skrytka.protocol.openid.metadata import Metadata

ISSUER = "https://provider.test"
METADATA = Metadata(ISSUER, f"{ISSUER}/authorize", f"{ISSUER}/token", f"{ISSUER}/keys")
ANNOUNCED = msgspec.structs.replace(METADATA, authorization_response_iss_parameter_supported=True)
QUESTION = Question("https://mail.example.org/back", "s-1", "n-1", "v" * 43)
CLIENT = Client("skrytka", ("openid", "email"))


def test_the_question_has_all_of_chance_and_pkce() -> None:
    asked = dict(parse_qsl(urlsplit(authorization_url(METADATA, CLIENT, QUESTION)).query))
    assert asked["response_type"] == "code"
    assert asked["redirect_uri"] == QUESTION.redirect_uri
    assert (asked["state"], asked["nonce"], asked["scope"]) == ("s-1", "n-1", "openid email")
    assert asked["code_challenge_method"] == "S256"
    assert is_proven(QUESTION.verifier, asked["code_challenge"])
    assert "max_age" not in asked
    assert repr(QUESTION) == "Question()"


def test_what_else_is_asked_for_and_a_query_that_is_there_already() -> None:
    there = msgspec.structs.replace(METADATA, authorization_endpoint=f"{ISSUER}/authorize?tenant=a")
    client = Client("skrytka", ("openid",), 300, ("urn:2", "urn:3"))
    asked = dict(parse_qsl(urlsplit(authorization_url(there, client, QUESTION)).query))
    assert (asked["tenant"], asked["max_age"], asked["acr_values"]) == ("a", "300", "urn:2 urn:3")


@pytest.mark.parametrize(
    ("answer", "metadata", "said"),
    [
        ({"code": "c", "state": "s-1"}, METADATA, None),
        ({"code": "c", "state": "s-1", "iss": ISSUER}, ANNOUNCED, None),
        ({"code": "c", "state": "s-2"}, METADATA, "another state"),
        ({"code": "c"}, METADATA, "another state"),
        ({"code": "c", "state": "ż"}, METADATA, "another state"),
        ({"code": "c", "state": "s-1", "iss": "https://other.test"}, METADATA, "another provider"),
        ({"code": "c", "state": "s-1"}, ANNOUNCED, "not in this one"),
        ({"state": "s-1"}, METADATA, "without a code"),
        ({"code": "x" * 5000, "state": "s-1"}, METADATA, "without a code"),
        ({"error": "server_error\r\n", "state": "s-1"}, METADATA, "'server_error'"),
        ({"error": "access_denied", "state": "s-2"}, METADATA, "another state"),
    ],
)
def test_an_answer_is_that_to_our_question(answer: dict[str, str], metadata: Metadata, said: str | None) -> None:
    if said is None:
        assert code_of(answer, QUESTION, metadata).reveal() == b"c"
        return
    with pytest.raises(AnswerError, match=said) as caught:
        code_of(answer, QUESTION, metadata)
    assert not caught.value.is_denied


def test_a_no_is_a_no() -> None:
    with pytest.raises(AnswerError) as caught:
        code_of({"error": "access_denied", "state": "s-1"}, QUESTION, METADATA)
    assert caught.value.is_denied


def form_of(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode()))


def test_the_secret_is_shown_in_the_header_encoded_as_a_form_first() -> None:
    secret = Secret("100% : secret")
    fields, body = token_request(METADATA, "skry tka", secret, QUESTION, Secret("c/1"))
    scheme, _, value = dict(fields)["Authorization"].partition(" ")
    user, _, shown = base64.b64decode(value).decode().partition(":")
    assert (scheme, unquote_plus(user), unquote_plus(shown)) == ("Basic", "skry tka", "100% : secret")
    assert form_of(body) == {
        "grant_type": "authorization_code",
        "code": "c/1",
        "redirect_uri": QUESTION.redirect_uri,
        "code_verifier": QUESTION.verifier,
    }


@pytest.mark.parametrize(
    ("methods", "secret", "expected"),
    [
        (("client_secret_post",), "s", {"client_id": "skrytka", "client_secret": "s"}),
        (("client_secret_post", "client_secret_basic"), "s", {}),
        (("private_key_jwt",), "s", {}),
        (None, None, {"client_id": "skrytka"}),
    ],
)
def test_who_has_no_header_names_himself(
    methods: tuple[str, ...] | None, secret: str | None, expected: dict[str, str]
) -> None:
    metadata = msgspec.structs.replace(METADATA, token_endpoint_auth_methods_supported=methods)
    fields, body = token_request(metadata, "skrytka", Secret(secret) if secret else None, QUESTION, Secret("c"))
    found = form_of(body)
    assert {name: found[name] for name in found if name.startswith("client_")} == expected
    assert ("Authorization" in dict(fields)) is (not expected)


def test_tokens_are_secrets() -> None:
    found = parse_tokens(200, b'{"id_token":"i","access_token":"a","token_type":"bearer","expires_in":5}')
    assert (found.id_token.reveal(), found.access_token.reveal()) == (b"i", b"a")
    assert "'i'" not in repr(found)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, b'{"error":"invalid_grant"}', "400 invalid_grant"),
        (500, b"<html>", "500"),
        (400, b'{"error":7}', "400"),
        (200, b"{}", "no id token"),
        (200, b"\xff", "no id token"),
        (200, b'{"id_token":"i","token_type":"mac"}', "kind"),
    ],
)
def test_what_is_no_token_is_refused(status: int, body: bytes, said: str) -> None:
    with pytest.raises(RemoteProtocolError, match=said):
        parse_tokens(status, body)


def test_userinfo_is_of_him_alone() -> None:
    body = json.dumps({"sub": "s", "email": "a@example.org"}).encode()
    found: dict[str, Any] = parse_person(200, "application/json", body, "s")
    assert found["email"] == "a@example.org"
    for status, kind, raw, subject in (
        (200, "application/json", body, "other"),
        (200, "application/json", b"{}", "s"),
        (200, "application/jwt", body, "s"),
        (401, "application/json", body, "s"),
        (200, "application/json", b"[]", "s"),
    ):
        with pytest.raises(RemoteProtocolError):
            parse_person(status, kind, raw, subject)
