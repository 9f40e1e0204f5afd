"""Keys and names of certificates (RFC 5280 4.1, RFC 7672 3.2.3)."""

import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.tlspolicy.certificate import CERTIFICATE_MAX, is_covered, load, names_of, public_key
from tests.support.certificates import write_certificate
from tests.support.chains import issue

LEAF = issue("mx.example.net", names=("MX.example.net.", "*.example.org"))


def test_the_key_is_cut_out_as_it_was_sent() -> None:
    assert public_key(LEAF.der) == LEAF.spki


def test_the_key_of_a_large_certificate(tmp_path: Path) -> None:
    path, _key = write_certificate(tmp_path, *[f"a{number}.example.net" for number in range(40)], kind="rsa")
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    public = certificate.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert public_key(certificate.public_bytes(serialization.Encoding.DER)) == spki


@given(st.binary(max_size=80) | st.integers(0, len(LEAF.der)).map(lambda cut: LEAF.der[:cut]))
def test_what_is_no_certificate_is_refused_and_nothing_else_happens(data: bytes) -> None:
    try:
        found = public_key(data)
    except RemoteProtocolError:
        return
    assert found in data


@given(st.integers(0, len(LEAF.der) - 1), st.integers(1, 255))
def test_a_changed_octet_breaks_nothing(place: int, change: int) -> None:
    data = bytearray(LEAF.der)
    data[place] ^= change
    certificate = load(bytes(data))
    if certificate is not None:
        names_of(certificate)


def test_a_certificate_that_is_too_large_is_none() -> None:
    with pytest.raises(RemoteProtocolError):
        public_key(LEAF.der + bytes(CERTIFICATE_MAX))
    assert load(b"no certificate") is None


@pytest.mark.parametrize(("bits", "is_read"), [(4096, True), (6144, False)])
def test_a_key_that_takes_long_to_verify_with_is_not_read(bits: int, is_read: bool) -> None:
    name, now = x509.Name([]), dt.datetime.now(dt.UTC)
    key = rsa.RSAPublicNumbers(65537, (1 << bits) - 1).public_key()  # nobody has the other half
    builder = x509.CertificateBuilder(name, name, key, x509.random_serial_number(), now, now)
    der = builder.sign(LEAF.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    assert (load(der) is not None) is is_read


def test_names_are_those_of_the_extension_or_the_common_name() -> None:
    assert names_of(LEAF.certificate) == ("mx.example.net", "*.example.org")
    assert names_of(issue("Only.Example.net").certificate) == ("only.example.net",)


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("mx.example.net", "mx.example.net", True),
        ("MX.example.net.", "mx.Example.net", True),
        ("mx.example.net", "*.example.net", True),
        ("example.net", "*.example.net", False),
        ("a.mx.example.net", "*.example.net", False),
        ("mx.example.net", "m*.example.net", False),
        ("mx.example.net", "*x.example.net", False),
        ("mx.example.net", "mx.*.net", False),
        ("mx.example.net", "*", False),
        ("example.net", "*.net", False),
        (".example.net", "*.example.net", False),
        ("", "", False),
    ],
)
def test_wildcards_stand_for_the_first_label(name: str, pattern: str, expected: bool) -> None:
    assert is_covered(name, pattern) is expected
