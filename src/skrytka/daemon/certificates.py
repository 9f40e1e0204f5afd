"""Our own little authority: for the demo, for what a new server has before a real certificate, and between nodes.

The authority of a demo or a new server is used once and its key is never written: nobody can sign another name with it,
and a new certificate means a new authority. That of the nodes follows from a key of the key ring, so that every node
that has the ring is the same authority, and what one node issues another believes; its certificates live for two days.
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
from skrytka.model.secret import Secret
from skrytka.protocol.acme.jose import private_key

VALID_DAYS = 199  # what clients accept of a server certificate (CA/Browser Forum 6.3.2: 200 since March 2026)
NODE_DAYS = 2
NODE_SUBJECT: Final = "node:authority"
_NODES: Final = "Skrytka nodes"
_BACKDATED = dt.timedelta(hours=1)  # a client's clock may be slow
_SERVER: Final = (ExtendedKeyUsageOID.SERVER_AUTH,)
_NODE: Final = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


class Issued(msgspec.Struct, frozen=True):
    """PEM of the authority's certificate, the certificate that it gave and its key."""

    authority: bytes
    certificate: bytes
    key: bytes

    def __repr__(self) -> str:
        return "Issued()"


class Authority:
    """One key that signs; ``repr`` shows nothing of it."""

    def __init__(self, name: str, key: ec.EllipticCurvePrivateKey, clock: Clock) -> None:
        self._key = key
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._now = dt.datetime.fromtimestamp(clock.now_ms() / 1000, dt.UTC)
        self._identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        self._certificate = (
            self._builder(self._name, key.public_key(), VALID_DAYS)
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
        return cls(_NODES, private_key(seed, "authority of nodes"), clock)

    def issue_node(self, node: str) -> Issued:
        """For both ends of connections between nodes: short-lived, since nothing revokes it."""
        return self.issue((node,), days=NODE_DAYS, usages=_NODE)

    def issue(
        self, names: tuple[str, ...], *, days: int = VALID_DAYS, usages: tuple[x509.ObjectIdentifier, ...] = _SERVER
    ) -> Issued:
        """A P-256 key and its certificate for host names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        issuer_key = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self._identifier)
        certificate = (
            self._builder(subject, key.public_key(), days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(is_authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(issuer_key, critical=False)
            .sign(self._key, SHA256())
        )
        return Issued(
            self._certificate.public_bytes(Encoding.PEM),
            certificate.public_bytes(Encoding.PEM),
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        )

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, days: int) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - _BACKDATED)
            .not_valid_after(self._now + dt.timedelta(days=days))
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
