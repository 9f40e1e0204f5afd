import base64
import hashlib
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from skrytka.protocol.mailauth.dkim.key import RECORD_MAX, Algorithm, read_key
from skrytka.protocol.mailauth.dkim.results import DkimError, DkimReason
from skrytka.protocol.mailauth.dkim.sign import SigningKey
from tests.support.dkim import RFC_6376_KEYS, RFC_8463_KEYS, ed25519_key, rsa_key

P = RFC_8463_KEYS["brisbane._domainkey.football.example.com"].partition("p=")[2]
RSA = RFC_6376_KEYS["brisbane._domainkey.example.com"].partition("p=")[2]


def text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def rsa_text(bits: int, exponent: int = 65537, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    """A key of that size; nobody has its private half."""
    return text(RSAPublicNumbers(exponent, 2 ** (bits - 1) + 12345).public_key().public_bytes(Encoding.DER, form))


EC = text(generate_private_key(SECP256R1()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@pytest.mark.parametrize(
    ("record", "algorithm", "bits"),
    [
        (f"v=DKIM1; k=ed25519; p={P}", Algorithm.ED25519_SHA256, 256),
        (f"k=ED25519;p={P};", Algorithm.ED25519_SHA256, 256),
        (f"v=DKIM1; p={RSA}", Algorithm.RSA_SHA256, 1024),
        (f"p={RSA[:60]} {RSA[60:]}; n=a note; g=*; unknown=1", Algorithm.RSA_SHA256, 1024),
        (f"v=DKIM1; h=sha1 : sha256; s=email:tlsrpt; p={RSA}", Algorithm.RSA_SHA256, 1024),
        (f"s=*; p={RSA}", Algorithm.RSA_SHA256, 1024),
        (f"p={rsa_text(1024, form=PublicFormat.PKCS1)}", Algorithm.RSA_SHA256, 1024),  # RFC 6376 3.6.1, k=
        (f"p={rsa_text(4096)}", Algorithm.RSA_SHA256, 4096),
    ],
)
def test_a_key_record_is_read(record: str, algorithm: Algorithm, bits: int) -> None:
    key = read_key(record.encode())
    assert (key.algorithm, key.bits, key.is_testing, key.is_strict) == (algorithm, bits, False, False)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("", DkimReason.KEY_SYNTAX),
        ("v=spf1 -all", DkimReason.KEY_SYNTAX),
        ("v=DKIM1; k=rsa", DkimReason.KEY_SYNTAX),
        (f"v=DKIM1.0; p={RSA}", DkimReason.KEY_SYNTAX),
        (f"v=dkim1; p={RSA}", DkimReason.KEY_SYNTAX),
        (f"v=; p={RSA}", DkimReason.KEY_SYNTAX),
        (f"p={RSA}; v=DKIM1", DkimReason.KEY_SYNTAX),  # RFC 6376 3.6.1: v= MUST be the first
        (f"p={RSA}; p={RSA}", DkimReason.KEY_SYNTAX),
        (f"p={RSA[:-4]}", DkimReason.KEY_SYNTAX),
        (f"p={RSA}!", DkimReason.KEY_SYNTAX),
        (f"k=ed25519; p={RSA}", DkimReason.KEY_SYNTAX),
        (f"p={P}", DkimReason.KEY_SYNTAX),
        (f"p={RSA}; n={'x' * RECORD_MAX}", DkimReason.KEY_SYNTAX),
        ("v=DKIM1; p=", DkimReason.KEY_REVOKED),
        ("v=DKIM1; k=x; p= ", DkimReason.KEY_REVOKED),
        (f"k=x; p={RSA}", DkimReason.KEY_TYPE),
        (f"p={EC}", DkimReason.KEY_TYPE),
        (f"h=sha1; p={RSA}", DkimReason.KEY_HASH),
        (f"h=; p={RSA}", DkimReason.KEY_HASH),
        (f"s=tlsrpt; p={RSA}", DkimReason.KEY_SERVICE),
        (f"p={rsa_text(1023)}", DkimReason.KEY_SIZE),  # RFC 8301 3.2
        (f"p={rsa_text(512)}", DkimReason.KEY_SIZE),
        (f"p={rsa_text(4097)}", DkimReason.KEY_SIZE),
        (f"p={rsa_text(2048, 2**32 + 1)}", DkimReason.KEY_SIZE),
    ],
)
def test_a_record_that_is_no_key_for_mail_says_why(record: str, reason: DkimReason) -> None:
    with pytest.raises(DkimError) as raised:
        read_key(record.encode())
    assert raised.value.reason is reason


@pytest.mark.parametrize(
    ("flags", "is_testing", "is_strict"),
    [("y", True, False), ("s", False, True), ("x : Y: s", True, True), ("", False, False), ("ys", False, False)],
)
def test_flags(flags: str, is_testing: bool, is_strict: bool) -> None:
    key = read_key(f"p={RSA}; t={flags}".encode())
    assert (key.is_testing, key.is_strict) == (is_testing, is_strict)


@pytest.mark.parametrize("signing", [rsa_key, ed25519_key])
def test_a_key_verifies_what_its_other_half_signed(signing: Callable[[], SigningKey]) -> None:
    key = signing()
    public = read_key(key.record.encode())
    signature = key.sign(b"octets")
    assert public.verifies(signature, b"octets")
    assert not public.verifies(signature, b"octetz")
    assert not public.verifies(signature[:-1], b"octets")
    assert not public.verifies(signature + b"\0", b"octets")
    assert not public.verifies(b"", b"octets")
    assert not public.verifies(signature[::-1], hashlib.sha256(b"octets").digest())


def test_a_key_is_parsed_once() -> None:
    record = f"v=DKIM1; n=once; p={RSA}".encode()
    assert read_key(record) is read_key(bytes(bytearray(record)))
