"""Certificates of machines: read from what TLS has proven, asked for by who has made a key.

Nothing that a request says is taken over but its key, and that only with a proof that whoever asks has it.
"""

from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.machine import SCHEME, Machine
from skrytka.model.secret import Secret

REQUEST_MAX: Final = 4096  # octets; one of P-256 has 400
_CURVES: Final = ("secp256r1", "secp384r1")


@lru_cache(maxsize=256)  # the same machine asks again; to read one costs 60 µs
def read_machine(der: bytes) -> Machine | None:
    """Whose certificate it is; None for what is none of a machine of ours. TLS has proven who signed it."""
    try:
        extensions = x509.load_der_x509_certificate(der).extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = [uri for uri in names.get_values_for_type(x509.UniformResourceIdentifier) if uri.startswith(SCHEME)]
        return Machine.parse(uris[0]) if len(uris) == 1 else None
    except (ValueError, x509.InvalidVersion, x509.ExtensionNotFound, x509.DuplicateExtension):
        return None


def ends_at_ms(der: bytes) -> int:
    """When a certificate ends that :func:`read_machine` has read."""
    return int(x509.load_der_x509_certificate(der).not_valid_after_utc.timestamp() * 1000)


def new_request() -> tuple[Secret, str]:
    """A key that nobody else ever has, and the request for a certificate of it (RFC 2986), both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "machine")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Secret(pem), request.public_bytes(Encoding.PEM).decode("ascii")


def read_request(pem: str) -> ec.EllipticCurvePublicKey:
    """The key of a request whose maker has it. PermanentError(BAD_SYNTAX): anything else, and keys of other kinds."""
    if len(pem) > REQUEST_MAX:
        raise _bad("too long")
    try:
        request = x509.load_pem_x509_csr(pem.encode("ascii"))
        key = request.public_key()
    except (ValueError, UnicodeEncodeError, InvalidSignature, x509.InvalidVersion) as exc:
        raise _bad("it cannot be read") from exc
    except Exception as exc:  # cryptography: UnsupportedAlgorithm, for keys and curves of its own list
        raise _bad("its key is of no kind that is known here") from exc
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in _CURVES:
        raise _bad("its key has to be of P-256 or P-384")  # first: to check a signature of some others takes long
    if not request.is_signature_valid:
        raise _bad("its signature is wrong")
    return key


def _bad(why: str) -> PermanentError:
    return PermanentError(Reason.BAD_SYNTAX, f"that is no request for a certificate that is signed here: {why}")
