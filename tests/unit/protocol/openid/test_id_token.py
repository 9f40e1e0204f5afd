"""Hostile tokens in a table: each is refused for its own reason, and what is right is taken."""

import hmac
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk

from skrytka.protocol.openid.id_token import Expected, TokenError, UnknownKeyError, verify
from tests.support.openid import ec_key, part, public, rsa_key, signed

NOW_S = 1_800_000_000
EXPECTED = Expected("https://provider.test/realm", "skrytka", "n-1", NOW_S)
RIGHT: dict[str, Any] = {
    "iss": "https://provider.test/realm",
    "sub": "subject-1",
    "aud": "skrytka",
    "exp": NOW_S + 300,
    "iat": NOW_S,
    "nonce": "n-1",
}
EC, RSA = public(ec_key()), public(rsa_key())
KEYS = (EC, RSA)


def claims(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (RIGHT | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "header"),
    [
        ({}, None),
        ({"aud": ["skrytka"], "azp": "skrytka"}, None),
        ({"exp": NOW_S - 59}, None),  # two clocks
        ({"iat": NOW_S + 59, "nbf": NOW_S + 59}, None),
        ({"nbf": NOW_S - 10, "auth_time": NOW_S - 100_000}, None),
        ({}, {"alg": "ES256"}),  # no name of a key, and one of its kind
        ({}, {"alg": "ES256", "kid": "k1", "x5t": "somewhat", "typ": "jwt"}),
    ],
)
def test_what_is_right_is_taken(changes: dict[str, Any], header: dict[str, Any] | None) -> None:
    found = verify(signed(claims(**changes), ec_key(), header), KEYS, EXPECTED)
    assert (found.issuer, found.subject) == (RIGHT["iss"], "subject-1")
    assert found.claims["nonce"] == "n-1"
    assert repr(found) == "Identified()"


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_rsa_is_taken(algorithm: str) -> None:
    token = signed(claims(), rsa_key(), {"alg": algorithm, "kid": "r1"})
    assert verify(token, KEYS, EXPECTED).subject == "subject-1"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"iss": "https://other.test"}, "another issuer"),
        ({"iss": "https://provider.test/realm/"}, "another issuer"),
        ({"aud": "other"}, "somebody else"),
        ({"aud": []}, "somebody else"),
        ({"aud": ["skrytka", "other"]}, "somebody else"),
        ({"aud": ["skrytka", "other"], "azp": "skrytka"}, "somebody else"),
        ({"azp": "other"}, "asked for by somebody else"),
        ({"nonce": "n-2"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"nonce": ""}, "nonce"),
        ({"sub": ""}, "nobody"),
        ({"sub": "x" * 256}, "nobody"),
        ({"sub": "a\x00b"}, "nobody"),
        ({"exp": NOW_S - 60}, "expired"),
        ({"iat": NOW_S + 61}, "future"),
        ({"nbf": NOW_S + 61}, "future"),
        ({"iat": NOW_S - 661}, "long ago"),
        ({"sub": None}, "missing"),
        ({"exp": None}, "missing"),
        ({"iat": None}, "missing"),
        ({"aud": None}, "missing"),
        ({"sub": 17}, "another kind"),
        ({"exp": "tomorrow"}, "another kind"),
    ],
)
def test_a_token_that_says_something_else_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(TokenError, match=said):
        verify(signed(claims(**changes), ec_key()), KEYS, EXPECTED)


def symmetric(secret: bytes, algorithm: str) -> str:
    """What somebody makes who takes a public key for a secret (RFC 8725 2.1)."""
    text = f"{part({'alg': algorithm, 'kid': 'r1', 'typ': 'JWT'})}.{part(claims())}"
    return f"{text}.{part(hmac.digest(secret, text.encode(), 'sha256'))}"


@cache
def hostile() -> dict[str, tuple[str, str]]:
    """Name -> a token, and what is said of it."""
    thief = jwk.ECKey.generate_key("P-256", {"kid": "k1"})
    right = signed(claims(), ec_key())
    head, body, signature = right.split(".")
    return {
        "none": (f"{part({'alg': 'none', 'kid': 'k1'})}.{body}.", "not taken"),
        "none with a signature": (f"{part({'alg': 'nOnE', 'kid': 'k1'})}.{body}.{signature}", "not taken"),
        "a public key as a secret": (symmetric(rsa_key().as_pem(private=False), "HS256"), "not taken"),
        "another key of that name": (signed(claims(), thief), "signature"),
        "a key in the token": (
            signed(claims(), thief, {"alg": "ES256", "jwk": public(thief), "typ": "JWT"}),
            "signature",
        ),
        "a key elsewhere": (
            signed(claims(), thief, {"alg": "ES256", "kid": "k1", "jku": "https://thief.test/keys"}),
            "signature",
        ),
        "a key of another curve": (
            signed(claims(), ec_key("k3", "P-384"), {"alg": "ES384", "kid": "k1"}),
            "no signed token",
        ),
        "the signature of another content": (f"{head}.{part(claims(sub='other'))}.{signature}", "signature"),
        "no signature": (f"{head}.{body}.", "signature"),
        "an access token": (signed(claims(), ec_key(), {"alg": "ES256", "kid": "k1", "typ": "at+jwt"}), "another kind"),
        "something critical": (
            f"{part({'alg': 'ES256', 'kid': 'k1', 'crit': ['x'], 'x': 1})}.{body}.{signature}",
            "not taken",
        ),
        "a name that is none": (f"{part({'alg': 'ES256', 'kid': 7})}.{body}.{signature}", "token"),
        "an unencoded payload": (
            f"{part({'alg': 'ES256', 'kid': 'k1', 'b64': False, 'crit': ['b64']})}.{body}.{signature}",
            "token",
        ),
        "encrypted": (f"{head}.{body}.{signature}.x.y", "no signed token"),
        "two parts": (f"{head}.{body}", "no signed token"),
        "nothing": ("", "no signed token"),
        "a list with the right word": (f"{part(['alg'])}.{body}.{signature}", "no signed token"),
        "a header without end": (f"{part(b'[' * 3000)}.{body}.{signature}", "no signed token"),
        "no JSON": (f"{part(b'hello')}.{body}.{signature}", "no signed token"),
        "a list": (f"{part([1])}.{body}.{signature}", "no signed token"),
        "too long": ("a" * 70_000, "too long"),
        "not ASCII": (f"{head}.ż.{signature}", "no token"),
    }


@pytest.mark.parametrize("name", list(hostile()))
def test_a_hostile_token_is_refused(name: str) -> None:
    token, said = hostile()[name]
    with pytest.raises(TokenError, match=said):
        verify(token, KEYS, EXPECTED)


MEMBER = st.one_of(
    st.none(), st.integers(), st.text(max_size=50), st.sampled_from([RSA["n"], EC["x"], "AQAB", "P-256"])
)
JWK = st.fixed_dictionaries(
    {"kty": st.sampled_from(["RSA", "EC"])},
    optional=dict.fromkeys(("n", "e", "crv", "x", "y", "kid", "alg"), MEMBER),
)
HEADER = st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk"]), MEMBER | st.just("ES256"))


@given(JWK, HEADER, st.binary(max_size=100), st.booleans())
def test_whatever_comes_is_somebody_or_an_error(
    key: dict[str, Any], header: dict[str, Any], signature: bytes, is_rsa: bool
) -> None:
    made = {"alg": "RS256" if is_rsa else "ES256"} | header
    with pytest.raises(TokenError):
        verify(f"{part(made)}.{part(claims())}.{part(signature)}", (key,), EXPECTED)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "ES256", "kid": "k2"},
        {"alg": "RS256", "kid": "k1"},  # there is one of that name, of another kind
    ],
)
def test_a_key_that_nobody_knows_may_be_a_newer_one(header: dict[str, Any]) -> None:
    key = ec_key("k2") if header["alg"] == "ES256" else rsa_key("k1")
    with pytest.raises(UnknownKeyError):
        verify(signed(claims(), key, header), KEYS, EXPECTED)


def test_without_a_name_there_has_to_be_one_key_of_the_kind() -> None:
    token = signed(claims(), ec_key(), {"alg": "ES256"})
    with pytest.raises(UnknownKeyError):
        verify(token, (*KEYS, public(ec_key("k2"))), EXPECTED)


def test_claims_that_are_no_object_are_refused() -> None:
    with pytest.raises(TokenError, match="another kind"):
        verify(signed([1], ec_key()), KEYS, EXPECTED)


def test_who_proved_himself_long_ago_is_sent_back() -> None:
    wanted = Expected(EXPECTED.issuer, EXPECTED.client_id, EXPECTED.nonce, NOW_S, 300)
    assert verify(signed(claims(auth_time=NOW_S - 300), ec_key()), KEYS, wanted).subject == "subject-1"
    for proved in (NOW_S - 400, None):
        with pytest.raises(TokenError, match="too long ago"):
            verify(signed(claims(auth_time=proved), ec_key()), KEYS, wanted)


def test_how_he_proved_himself_is_told() -> None:
    found = verify(signed(claims(amr=["pwd", "mfa"], acr="urn:loa:2"), ec_key()), KEYS, EXPECTED)
    assert (found.methods, found.context) == (frozenset({"pwd", "mfa"}), "urn:loa:2")
