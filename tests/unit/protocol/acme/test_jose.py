import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from skrytka.model.secret import Secret
from skrytka.protocol.acme import jose

SEED = Secret(bytes(range(32)))
KEY = jose.private_key(SEED, "https://ca.test/directory")


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize("data", [b"", b"\0", b"\xfb\xff\xfe", bytes(range(256))])
def test_base64url_has_no_padding_and_comes_back(data: bytes) -> None:
    text = jose.encode(data)
    assert text == base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    assert jose.decode(text) == data


@pytest.mark.parametrize("text", ["a", "a b=", "ą", "abc*"])
def test_what_is_no_base64url_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        jose.decode(text)


def test_a_key_follows_from_secret_and_label_alone() -> None:
    same = jose.private_key(SEED, "https://ca.test/directory")
    others = [jose.private_key(SEED, "https://ca.test/other"), jose.private_key(Secret(bytes(32)), "https://ca.test")]
    assert same.private_numbers() == KEY.private_numbers()
    assert len({key.private_numbers().private_value for key in [KEY, *others]}) == 3


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    jwk = jose.public_jwk(KEY)
    text = f'{{"crv":"P-256","kty":"EC","x":"{jwk["x"]}","y":"{jwk["y"]}"}}'
    assert unpadded(jose.thumbprint(KEY)) == hashlib.sha256(text.encode()).digest()
    assert jose.key_authorization("token", KEY) == f"token.{jose.thumbprint(KEY)}"


@pytest.mark.parametrize(("payload", "content"), [(None, b""), ({}, b"{}"), ({"a": ["b"]}, b'{"a":["b"]}')])
def test_a_signed_request_proves_itself(payload: object, content: bytes) -> None:
    jws = json.loads(jose.sign(KEY, {"kid": "https://ca.test/1", "nonce": "n", "url": "https://ca.test/x"}, payload))
    header = json.loads(unpadded(jws["protected"]))
    assert header == {"alg": "ES256", "kid": "https://ca.test/1", "nonce": "n", "url": "https://ca.test/x"}
    assert unpadded(jws["payload"]) == content
    raw = unpadded(jws["signature"])
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    KEY.public_key().verify(der, f"{jws['protected']}.{jws['payload']}".encode(), ec.ECDSA(SHA256()))


def test_an_external_account_is_bound_by_its_mac() -> None:
    jws = jose.bind(KEY, "https://ca.test/account", "kid-1", Secret(b"k" * 32))
    assert json.loads(unpadded(jws["protected"])) == {"alg": "HS256", "kid": "kid-1", "url": "https://ca.test/account"}
    assert json.loads(unpadded(jws["payload"])) == jose.public_jwk(KEY)
    signed = f"{jws['protected']}.{jws['payload']}".encode()
    assert unpadded(jws["signature"]) == hmac.digest(b"k" * 32, signed, "sha256")
