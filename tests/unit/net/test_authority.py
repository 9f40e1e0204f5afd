import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from skrytka.model.clock import FixedClock
from skrytka.model.machine import SERVERS, Machine, Purpose
from skrytka.model.secret import Secret
from skrytka.net.authority import AUTHORITY_DAYS, VALID_DAYS, Authority, days_left, issue
from skrytka.store.system import SystemClock

NAMES = ("localhost", "mail.example.test", "127.0.0.1", "::1")


def test_a_client_that_trusts_the_authority_accepts_every_name(tmp_path: Path) -> None:
    issued = issue("Test authority", NAMES, SystemClock())
    (tmp_path / "cert.pem").write_bytes(issued.certificate)
    (tmp_path / "key.pem").write_bytes(issued.key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    client = ssl.create_default_context(cadata=issued.authority.decode())
    for name in NAMES:
        shake(client, server, name)


def shake(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> None:
    """A handshake in memory; ssl.SSLCertVerificationError when the client refuses."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(to_client, to_server, server_hostname=name)
    far = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (near, far, near, far):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert near.version() == "TLSv1.3"


def test_strict_checks_find_what_they_want() -> None:
    issued = issue("Test authority", NAMES, FixedClock())
    authority = x509.load_pem_x509_certificate(issued.authority)
    leaf = x509.load_pem_x509_certificate(issued.certificate)
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).critical
    assert authority.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    assert leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == (
        authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    )
    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    leaf.verify_directly_issued_by(authority)


def test_it_tells_how_long_it_is_valid() -> None:
    clock = FixedClock()
    issued = issue("Test authority", NAMES, clock)
    assert days_left(issued.certificate, clock) == VALID_DAYS
    clock.advance((VALID_DAYS + 1) * 86400)
    assert days_left(issued.certificate, clock) == -1


def test_the_key_does_not_print_itself() -> None:
    issued = issue("Test authority", ("localhost",), FixedClock())
    assert "PRIVATE" not in repr(issued)
    assert "key" not in repr(Authority.new("Test", FixedClock())).lower()


def test_every_node_with_the_ring_is_the_same_authority_and_others_are_not() -> None:
    clock = FixedClock()
    authority, again = (Authority.of_nodes(Secret(bytes(32)), clock) for _ in range(2))
    other = Authority.of_nodes(Secret(b"x" * 32), clock)
    machine = Machine(Purpose.NODE, SERVERS, bytes(16))
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    signed = authority.sign_machine(key, machine, ("node-1",), clock.now_ms() + 86_400_000)
    leaf = x509.load_pem_x509_certificate(signed.pem)
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(again.certificate))
    with pytest.raises(InvalidSignature):
        leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(other.certificate))
    assert days_left(signed.pem, clock) == 1
    assert days_left(authority.certificate, clock) == AUTHORITY_DAYS
    assert f"{leaf.serial_number:X}" == signed.serial
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [machine.uri]
    usages = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(usages) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
