import contextlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.model.machine import Machine, Purpose
from skrytka.model.secret import Secret
from skrytka.net.authority import Authority
from skrytka.net.machines import REQUEST_MAX, new_request, read_machine, read_request

ONE = Machine(Purpose.REMOTE, AccountId(7), b"m" * 16)


def der(pem: bytes) -> bytes:
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def test_a_certificate_says_whose_it_is_and_what_for() -> None:
    key, request = new_request()
    public = read_request(request)
    private = load_pem_private_key(key.reveal(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    assert public == private.public_key()
    authority = Authority.of_nodes(Secret(bytes(32)), FixedClock())
    signed = authority.sign_machine(public, ONE, (), FixedClock().now_ms() + 3_600_000)
    assert read_machine(der(signed.pem)) == ONE
    assert "PRIVATE" not in repr(key)


def test_what_is_no_certificate_of_a_machine_is_nobody_s() -> None:
    assert read_machine(b"") is None
    issued = Authority.new("Test", FixedClock()).issue(("localhost",))
    assert read_machine(der(issued.certificate)) is None


@given(st.binary(max_size=200))
def test_any_octets_are_a_machine_s_or_nobody_s(raw: bytes) -> None:
    read_machine(raw)


def requested(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else SHA256()
    return builder.sign(key, algorithm).public_bytes(Encoding.PEM).decode()


def forged() -> str:
    """Of somebody who does not have the key."""
    lines = new_request()[1].splitlines()
    own, other = new_request()[1].splitlines(), new_request()[1].splitlines()
    return "\n".join([*own[:-2], other[-2], lines[-1]]) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ą",
        "x" * (REQUEST_MAX + 1),
        requested(ec.generate_private_key(ec.SECP224R1())),
        requested(ed25519.Ed25519PrivateKey.generate()),
        requested(rsa.generate_private_key(65537, 2048)),
        forged(),
    ],
)
def test_a_request_that_will_not_do_is_an_error_of_who_made_it(text: str) -> None:
    with pytest.raises(PermanentError) as caught:
        read_request(text)
    assert caught.value.reason is Reason.BAD_SYNTAX


@given(st.text(max_size=200))
def test_any_text_is_a_request_or_an_error(text: str) -> None:
    with contextlib.suppress(PermanentError):
        read_request(text)
