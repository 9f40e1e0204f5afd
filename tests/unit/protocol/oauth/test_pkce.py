import pytest

from skrytka.protocol.oauth.errors import OAuthError
from skrytka.protocol.oauth.pkce import challenge_of, is_proven, parse_challenge, parse_verifier

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636 B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_example_of_the_rfc_is_proven() -> None:
    assert challenge_of(VERIFIER) == CHALLENGE
    assert is_proven(VERIFIER, CHALLENGE)
    assert not is_proven("x" * 43, CHALLENGE)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"code_challenge": CHALLENGE},
        {"code_challenge": CHALLENGE, "code_challenge_method": "plain"},
        {"code_challenge": CHALLENGE + "=", "code_challenge_method": "S256"},
        {"code_challenge": "x", "code_challenge_method": "S256"},
    ],
)
def test_only_s256_is_a_challenge(fields: dict[str, str]) -> None:
    with pytest.raises(OAuthError):
        parse_challenge(fields)


def test_challenge_and_verifier_are_read() -> None:
    assert parse_challenge({"code_challenge": CHALLENGE, "code_challenge_method": "S256"}) == CHALLENGE
    assert parse_verifier({"code_verifier": VERIFIER}) == VERIFIER


@pytest.mark.parametrize("verifier", ["x" * 42, "x" * 129, "x" * 42 + "/", ""])
def test_a_verifier_has_its_form(verifier: str) -> None:
    with pytest.raises(OAuthError):
        parse_verifier({"code_verifier": verifier})
