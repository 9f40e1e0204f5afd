from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from skrytka.mail.identity.oauth.signing import PERIOD_MS, Signing
from skrytka.model.secret import Secret
from skrytka.protocol.acme.jose import decode

NOW_MS = 700 * PERIOD_MS + 5


def verify(token: str, jwk: dict[str, Any]) -> None:
    head, _, signature = token.rpartition(".")
    x, y = (int.from_bytes(decode(jwk[name]), "big") for name in ("x", "y"))
    raw = decode(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key().verify(der, head.encode(), ec.ECDSA(SHA256()))


def test_the_key_that_signs_is_published() -> None:
    signing = Signing(Secret(b"k" * 32))
    token = signing.sign({"sub": "a"}, NOW_MS)
    keys = signing.public_keys(NOW_MS)["keys"]
    verify(token, keys[0])
    with pytest.raises(InvalidSignature):
        verify(token, keys[1])
    assert b'"kid":"' + keys[0]["kid"].encode() in decode(token.partition(".")[0])
    assert all("d" not in key for key in keys)


def test_a_key_is_published_before_it_signs_and_after() -> None:
    signing = Signing(Secret(b"k" * 32))
    kids = [{key["kid"] for key in signing.public_keys(NOW_MS + number * PERIOD_MS)["keys"]} for number in range(4)]
    assert [len(kids[0] & other) for other in kids] == [3, 2, 1, 0]


def test_every_process_signs_with_the_same_key() -> None:
    one, other = Signing(Secret(b"k" * 32)), Signing(Secret(b"k" * 32))
    verify(one.sign({}, NOW_MS), other.public_keys(NOW_MS)["keys"][0])
