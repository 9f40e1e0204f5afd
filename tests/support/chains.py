"""Chains of certificates: an authority, what stands between, and a server's own, each as odd as a test wants it."""

import datetime as dt
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier

from skrytka.model.dns import Tlsa

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey | rsa.RSAPrivateKey


class Issued(NamedTuple):
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def spki(self) -> bytes:
        return self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )


def issue(
    subject: str,
    by: Issued | None = None,
    *,
    names: tuple[str, ...] = (),
    is_authority: bool | None = None,
    path_length: int | None = None,
    days: tuple[int, int] = (-30, 30),
    around: dt.datetime | None = None,
    purposes: tuple[ObjectIdentifier, ...] = (),
    may_sign: bool | None = None,
    more: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    key: Key | None = None,
    digest: hashes.HashAlgorithm | None = None,
) -> Issued:
    """Self-signed without ``by``; ``is_authority`` None leaves the extension out; ``more``: with whether critical."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = around or dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name if by is None else by.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=days[0]))
        .not_valid_after(now + dt.timedelta(days=days[1]))
    )
    if is_authority is not None:
        builder = builder.add_extension(x509.BasicConstraints(is_authority, path_length), critical=True)
    if names:
        found = x509.SubjectAlternativeName([x509.DNSName(each) for each in names])
        builder = builder.add_extension(found, critical=False)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if may_sign is not None:
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=may_sign,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(usage, critical=True)
    for extension, is_critical in more:
        builder = builder.add_extension(extension, critical=is_critical)
    signer = key if by is None else by.key
    is_edwards = isinstance(signer, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return Issued(builder.sign(signer, None if is_edwards else digest or hashes.SHA256()), key)  # type: ignore[arg-type]


def tlsa(usage: int, selector: int, matching: int, of: Issued) -> Tlsa:
    """The record of a certificate."""
    data = of.der if selector == 0 else of.spki
    if matching:
        digest = hashes.Hash(hashes.SHA256() if matching == 1 else hashes.SHA512())
        digest.update(data)
        data = digest.finalize()
    return Tlsa(usage, selector, matching, data)


def write_chain(folder: Path, *chain: Issued, stem: str = "cert") -> tuple[Path, Path]:
    """``stem.pem``, the server's own first, and ``stem.key``."""
    pem = serialization.Encoding.PEM
    certificate, key = folder / f"{stem}.pem", folder / f"{stem}.key"
    certificate.write_bytes(b"".join(each.certificate.public_bytes(pem) for each in chain))
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key.write_bytes(chain[0].key.private_bytes(pem, form, plain))
    return certificate, key
