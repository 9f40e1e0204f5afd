"""Parts of a certificate, and the names it is for.

The key is cut out of its octets as they were sent: a digest is of those, whatever a library would write again.
"""

import warnings
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

from skrytka.model.errors import RemoteProtocolError

CERTIFICATE_MAX: Final = 64 * 1024
NAMES_MAX: Final = 1000
KEY_MAX: Final = 700  # octets; RSA of 4096 bits takes 550, and 0.1 ms for a signature, which grows with the square
_SEQUENCE: Final = 0x30
_VERSION: Final = 0xA0
_FIELDS_BEFORE_KEY: Final = 5  # RFC 5280 4.1: serial number, signature, issuer, validity, subject
UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


def public_key(certificate: bytes) -> bytes:
    """The SubjectPublicKeyInfo of a DER certificate; RemoteProtocolError."""
    whole, _ = _element(certificate, 0, _SEQUENCE)
    signed, _ = _element(certificate, whole, _SEQUENCE)
    at = signed
    if certificate[at : at + 1] == bytes([_VERSION]):
        _, at = _element(certificate, at, _VERSION)
    for _ in range(_FIELDS_BEFORE_KEY):
        _, at = _element(certificate, at)
    _, end = _element(certificate, at, _SEQUENCE)
    return certificate[at:end]


def _element(data: bytes, at: int, tag: int | None = None) -> tuple[int, int]:
    """Where the content of the DER element at this place begins, and where it ends."""
    head = data[at : at + 2]
    if len(head) < 2 or (tag is not None and head[0] != tag) or len(data) > CERTIFICATE_MAX:
        raise RemoteProtocolError("no certificate")
    length, begin = head[1], at + 2
    if length >= 0x80:
        octets = data[begin : begin + (length & 0x7F)]
        if not 1 <= len(octets) <= 3:
            raise RemoteProtocolError("no certificate")
        length, begin = int.from_bytes(octets, "big"), begin + len(octets)
    if begin + length > len(data):
        raise RemoteProtocolError("a certificate that was cut")
    return begin, begin + length


def load(certificate: bytes) -> x509.Certificate | None:
    """None: it cannot be read, or would take too long to verify with."""
    try:
        if len(public_key(certificate)) > KEY_MAX:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd fields: whoever sends them shall not write on our stderr
            found = x509.load_der_x509_certificate(certificate)
            hash(found.subject)  # a name is read when it is asked for
    except (RemoteProtocolError, *UNREADABLE):
        return None
    return found


def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """DNS names; the common name where there are none (RFC 7672 3.2.3)."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        found = extension.value.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        found = []
    except UNREADABLE:
        return ()
    if not found:
        found = [str(each.value) for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return tuple(name.lower().removesuffix(".") for name in found[:NAMES_MAX])


def is_covered(name: str, pattern: str) -> bool:
    """RFC 7672 3.2.3, RFC 8461 4.1: a wildcard is the whole first label and stands for one."""
    name, pattern = name.lower().removesuffix("."), pattern.lower().removesuffix(".")
    if pattern.startswith("*."):
        label, dot, rest = name.partition(".")
        return bool(label and dot) and "." in pattern[2:] and rest == pattern[2:]
    return bool(name) and name == pattern
