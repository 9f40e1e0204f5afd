"""Certificates of clients: whose they are (RFC 4422 appendix A leaves that to us).

TLS has proven already that an authority of the listener's signed it. Then the directory says whose it is, by its
fingerprint; or its subject alternative name of the kind rfc822Name (RFC 5280 4.2.1.6) is an account's address.
"""

import hashlib

import msgspec
from cryptography import x509

from skrytka.mail.identity.gate import parse_name
from skrytka.model.address import Address
from skrytka.store.api import Store
from skrytka.store.sql import app_passwords as sql


class Owner(msgspec.Struct, frozen=True):
    """Whose a certificate is."""

    address: Address
    fingerprint: bytes  # b"": its own word, of an authority that is believed
    expires_at_ms: int


class ClientCertificates:
    """As the directory has them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def owner(self, der: bytes, authorization: Address | None) -> Owner | None:
        """``authorization`` chooses among several names; None: nobody's, or it does not say whose of several."""
        try:
            certificate = x509.load_der_x509_certificate(der)
            expires_at_ms = int(certificate.not_valid_after_utc.timestamp() * 1000)
        except (ValueError, x509.InvalidVersion):
            return None
        fingerprint = hashlib.sha256(der).digest()
        owner = await self._store.read(sql.certificate_owner(fingerprint))
        if owner is not None:
            address = Address.parse(owner)
            is_his = authorization is None or authorization.key == address.key
            return Owner(address, fingerprint, expires_at_ms) if is_his else None
        named = {name.key: name for name in _mail_names(certificate)}
        if authorization is not None:
            named = {key: name for key, name in named.items() if key == authorization.key}
        if len(named) != 1:
            return None
        (address,) = named.values()
        return Owner(address, b"", expires_at_ms)

    async def is_still(self, fingerprint: bytes, address: Address) -> bool:
        """Whether the directory still says so; what a certificate says of itself stays."""
        if not fingerprint:
            return True
        owner = await self._store.read(sql.certificate_owner(fingerprint))
        return owner is not None and Address.parse(owner).key == address.key


def _mail_names(certificate: x509.Certificate) -> list[Address]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = extension.value.get_values_for_type(x509.RFC822Name)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError):
        return []
    return [address for name in names if (address := parse_name(name)) is not None]
