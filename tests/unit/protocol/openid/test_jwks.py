import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.openid.jwks import KEYS_MAX, key_for, parse_keys
from tests.support.openid import ec_key, public, rsa_key

EC, RSA = public(ec_key()), public(rsa_key())


def parsed(*keys: Any) -> list[str]:
    return [str(key.get("kid")) for key in parse_keys(json.dumps({"keys": keys}).encode())]


@pytest.mark.parametrize(
    ("key", "is_taken"),
    [
        (EC, True),
        (RSA, True),
        (RSA | {"use": "sig", "key_ops": ["verify"], "alg": "RS256", "x5c": ["..."]}, True),
        (RSA | {"use": "enc"}, False),
        (RSA | {"key_ops": ["encrypt"]}, False),
        (ec_key().as_dict(private=True), False),  # everybody has it by now
        ({"kty": "oct", "k": "c2VjcmV0", "kid": "k1"}, False),
        ({"kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": "k1"}, False),
        ({"kid": "k1"}, False),
        (RSA | {"n": "AQAB"}, False),  # 17 bits
        (RSA | {"n": "_" * 1500}, False),  # more than anybody has
        (RSA | {"e": "_" * 60}, False),
        (RSA | {"n": 7}, False),
        (RSA | {"n": "ż"}, False),
        (RSA | {"n": "a b"}, False),
    ],
)
def test_only_public_keys_for_signatures_are_taken(key: dict[str, Any], is_taken: bool) -> None:
    assert bool(parsed(key)) is is_taken


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b'{"keys":[1]}', b'{"keys":{}}', b'{"keys":[' + b"[" * 9000, b"\xff"]
)
def test_what_is_no_set_is_refused(raw: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_keys(raw)
    with pytest.raises(RemoteProtocolError):
        parse_keys(json.dumps({"keys": [EC] * (KEYS_MAX + 1)}).encode())


@given(st.binary(max_size=200))
def test_whatever_comes_is_keys_or_an_error(raw: bytes) -> None:
    try:
        parse_keys(raw)
    except RemoteProtocolError:
        return


def test_a_key_is_found_by_its_name_and_kind() -> None:
    keys = (EC, RSA, RSA | {"kid": "r2", "alg": "PS256"})
    assert key_for(keys, "k1", "ES256") == EC
    assert key_for(keys, "r2", "PS256") == keys[2]
    assert key_for(keys, "r2", "RS256") is None
    assert key_for(keys, "k1", "RS256") is None
    assert key_for(keys, None, "ES256") == EC
    assert key_for(keys, None, "RS256") == RSA
    assert key_for(keys, None, "PS256") is None
    assert key_for((EC, EC), "k1", "ES256") is None
    assert key_for(keys, "k1", "HS256") is None
