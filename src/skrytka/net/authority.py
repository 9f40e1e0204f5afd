"""Our own little authority: for the demo, for what a new server has before a real certificate, and between nodes.

The authority of a demo or a new server is used once and its key is never written: nobody can sign another name with it,
and a new certificate means a new authority. That of machines (``model.machine``) follows from a key of the key ring, so
that every node that has the ring is the same authority, and what one node signs another believes.
"""

import datetime as dt
import ipaddress
from typing import Final, Self

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from skrytka.model.clock import Clock
from skrytka.model.machine import Machine, Purpose
from skrytka.model.secret import Secret
from skrytka.protocol.acme.jose import private_key

VALID_DAYS = 199  # what clients accept of a server certificate (CA/Browser Forum 6.3.2: 200 since March 2026)
AUTHORITY_DAYS = 3650  # of machines: whoever is asked for their certificates may run for long
NODE_SUBJECT: Final = "node:authority"
_NODES: Final = "Skrytka nodes"
BACKDATED: Final = dt.timedelta(hours=1)  # a client's clock may be slow
_SERVER: Final = (ExtendedKeyUsageOID.SERVER_AUTH,)
_CLIENT: Final = (ExtendedKeyUsageOID.CLIENT_AUTH,)
_BOTH: Final = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


class Issued(msgspec.Struct, frozen=True):
    """PEM of the authority's certificate, the certificate that it gave and its key."""

    authority: bytes
    certificate: bytes
    key: bytes

    def __repr__(self) -> str:
        return "Issued()"


class Signed(msgspec.Struct, frozen=True):
    """A certificate for a key that somebody else has; its number in hexadecimal digits."""

    pem: bytes
    serial: str


class Authority:
    """One key that signs; ``repr`` shows nothing of it."""

    def __init__(self, name: str, key: ec.EllipticCurvePrivateKey, clock: Clock, days: int = VALID_DAYS) -> None:
        self._key = key
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._now = dt.datetime.fromtimestamp(clock.now_ms() / 1000, dt.UTC)
        self._identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        self._certificate = (
            self._builder(self._name, key.public_key(), self._now + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(is_authority=True), critical=True)
            .add_extension(self._identifier, critical=False)
            .sign(key, SHA256())
        )

    @property
    def certificate(self) -> bytes:
        """PEM; another one each time, for the same key and name."""
        return self._certificate.public_bytes(Encoding.PEM)

    @classmethod
    def new(cls, name: str, clock: Clock) -> Self:
        """With a key that nobody ever had, for one certificate."""
        return cls(name, ec.generate_private_key(ec.SECP256R1()), clock)

    @classmethod
    def of_nodes(cls, seed: Secret, clock: Clock) -> Self:
        """The same for every node that has the seed (``NODE_SUBJECT`` of the key ring)."""
        return cls(_NODES, private_key(seed, "authority of nodes"), clock, AUTHORITY_DAYS)

    def sign_machine(
        self, key: ec.EllipticCurvePublicKey, machine: Machine, names: tuple[str, ...], expires_at_ms: int
    ) -> Signed:
        """For a key of the machine's own; ``names`` are the host names of what serves."""
        general = [x509.UniformResourceIdentifier(machine.uri), *map(_general_name, names)]
        usages = _CLIENT if machine.purpose is Purpose.REMOTE else _BOTH
        certificate = self._leaf(
            key, machine.uri, general, usages, dt.datetime.fromtimestamp(expires_at_ms / 1000, dt.UTC)
        )
        return Signed(certificate.public_bytes(Encoding.PEM), f"{certificate.serial_number:X}")

    def issue(self, names: tuple[str, ...]) -> Issued:
        """A P-256 key and its certificate for host names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        until = self._now + dt.timedelta(days=VALID_DAYS)
        certificate = self._leaf(key.public_key(), names[0], [_general_name(name) for name in names], _SERVER, until)
        return Issued(
            self._certificate.public_bytes(Encoding.PEM),
            certificate.public_bytes(Encoding.PEM),
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        )

    def _leaf(
        self,
        key: ec.EllipticCurvePublicKey,
        subject: str,
        names: list[x509.GeneralName],
        usages: tuple[x509.ObjectIdentifier, ...],
        until: dt.datetime,
    ) -> x509.Certificate:
        issuer_key = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self._identifier)
        return (
            self._builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]), key, until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(is_authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(issuer_key, critical=False)
            .sign(self._key, SHA256())
        )

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, until: dt.datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - BACKDATED)
            .not_valid_after(until)
        )


def issue(authority_name: str, names: tuple[str, ...], clock: Clock) -> Issued:
    """A new authority and one certificate of it."""
    return Authority.new(authority_name, clock).issue(names)


def days_left(pem: bytes, clock: Clock) -> float:
    """How long the first certificate is valid still; negative when it has expired."""
    expires = x509.load_pem_x509_certificate(pem).not_valid_after_utc
    return (expires.timestamp() - clock.now_ms() / 1000) / 86400


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
