"""Server certificates and the TLS of listeners: 1.2 and 1.3 with forward secrecy, nothing else (RFC 9325 3.1.1).

A reload builds everything anew and swaps it in one assignment: handshakes under way and open connections keep what
they began with. If any file is wrong the old set stays and the error names the file and the mend. Session tickets
are off: each front would have keys of its own, mail clients stay connected, and keys that do not exist need no rotation
(RFC 9325 3.4). TLS 1.3 groups and suites cannot be set from Python 3.11: ``openssl_conf`` does it.
"""

import ssl
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.net.tls_pipe import ServerContext, ServerSslObject

# NCSC-NL 2025-05 "good" or "sufficient" within Mozilla "intermediate" 6.0; all ECDHE with AEAD
TLS12_CIPHERS = (
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
)
# What TLS 1.0 and 1.1 have with forward secrecy: for an exception that names no suites
LEGACY_SUITES = ("ECDHE-ECDSA-AES256-SHA", "ECDHE-RSA-AES256-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA")
_VERSIONS = {"TLSv1": ssl.TLSVersion.TLSv1, "TLSv1.1": ssl.TLSVersion.TLSv1_1, "TLSv1.2": ssl.TLSVersion.TLSv1_2}
SECURITY_LEVEL = 2  # OpenSSL's: no SHA-1 signatures (RFC 9155), no RSA below 2048 bit


class CertificateFiles(msgspec.Struct, frozen=True):
    """A PEM chain, leaf first, and its key."""

    certificate: Path
    key: Path


class _Loaded(msgspec.Struct, frozen=True):
    files: CertificateFiles
    names: frozenset[str]
    key_kind: str
    end_point: bytes


class _Table:
    """One immutable set: names to contexts, and the default for names that none covers."""

    __slots__ = ("_by_name", "default")

    def __init__(self, loaded: Sequence[_Loaded], make: Callable[[], ssl.SSLContext]) -> None:
        groups: dict[frozenset[str], dict[str, _Loaded]] = {}
        for one in loaded:  # an ECDSA and an RSA certificate for the same names serve side by side
            groups.setdefault(one.names, {}).setdefault(one.key_kind, one)
        self._by_name: dict[str, ssl.SSLContext] = {}
        self.default: ssl.SSLContext | None = None
        for names, members in groups.items():
            context = _context([member.files for member in members.values()], make)
            if len(members) == 1 and isinstance(context, ServerContext):
                (context.end_point,) = (member.end_point for member in members.values())
            self.default = self.default or context
            for name in names:
                self._by_name.setdefault(name, context)
        if self.default is not None:
            self.default.sni_callback = self._chooser(self.default)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._by_name)

    def find(self, name: str) -> ssl.SSLContext | None:
        """By full name, then by the wildcard of one label (RFC 9525 6.3)."""
        return self._by_name.get(name) or self._by_name.get("*." + name.partition(".")[2])

    def _chooser(self, default: ssl.SSLContext) -> Callable[[ssl.SSLObject, str | None, ssl.SSLContext], None]:
        def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            wanted = (name or "").lower().removesuffix(".")
            if isinstance(connection, ServerSslObject):
                connection.server_name_seen = wanted
            connection.context = self.find(wanted) or default

        return choose


class TlsStore:
    """The certificates of this process; :meth:`server_context` is asked for each new connection."""

    def __init__(
        self, files: Sequence[CertificateFiles] = (), make_context: Callable[[], ssl.SSLContext] | None = None
    ) -> None:
        """``make_context`` where a listener has an exception (:func:`legacy_server_context`)."""
        self._make = make_context or new_server_context
        self._files = tuple(files)
        self._table = _load(self._files, self._make)

    def server_context(self) -> ssl.SSLContext:
        """The default context; it changes to another certificate when the client names a host of it."""
        if self._table.default is None:
            raise TransientError(Reason.BAD_CONFIG, "no TLS certificate is configured: name one in [tls]")
        return self._table.default

    @property
    def names(self) -> frozenset[str]:
        """All names covered, wildcards as ``*.example.test``."""
        return self._table.names

    @property
    def is_empty(self) -> bool:
        """Whether there is no certificate, so no TLS."""
        return self._table.default is None

    def reload(self, files: Sequence[CertificateFiles] | None = None) -> None:
        """Read the files again, or others; PermanentError(BAD_CONFIG) leaves everything as it was.

        In a thread too: nothing changes before all is loaded, and then at once.
        """
        wanted = self._files if files is None else tuple(files)
        self._table, self._files = _load(wanted, self._make), wanted


def new_server_context() -> ssl.SSLContext:
    """A server context without a certificate; all that is decided about TLS on our side stands here."""
    context = ServerContext(ssl.PROTOCOL_TLS_SERVER)
    context.sslobject_class = ServerSslObject
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996, RFC 8997
    context.set_ciphers(f"{':'.join(TLS12_CIPHERS)}:@SECLEVEL={SECURITY_LEVEL}")
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
    context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE  # all are good: a phone may prefer ChaCha20
    context.num_tickets = 0
    return context


def legacy_server_context(version: str, suites: Sequence[str]) -> ssl.SSLContext:
    """As :func:`new_server_context`, with an older version ("TLSv1"...) or suites besides; OpenSSL's names."""
    context = new_server_context()
    below_12 = version != "TLSv1.2"
    level = 0 if below_12 else SECURITY_LEVEL - 1  # before TLS 1.2 all is signed with SHA-1 or MD5
    besides = (*suites, *(LEGACY_SUITES if below_12 and not suites else ()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # we know
        context.minimum_version = _VERSIONS[version]
    context.set_ciphers(f"{':'.join((*TLS12_CIPHERS, *besides))}:@SECLEVEL={level}")
    return context


def asking_server_context(authority: Path) -> ssl.SSLContext:
    """As :func:`new_server_context`, for a listener whose clients may show certificates of that authority (PEM).

    Who shows none is served; who shows another's does not come through the handshake.
    """
    context = new_server_context()
    try:
        context.load_verify_locations(authority)
    except (OSError, ssl.SSLError) as exc:
        raise _bad(authority, "is no file with the certificates of authorities (PEM): check path and owner") from exc
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _load(files: Sequence[CertificateFiles], make: Callable[[], ssl.SSLContext]) -> _Table:
    return _Table([_read(one) for one in files], make)


def _read(files: CertificateFiles) -> _Loaded:
    try:
        chain = x509.load_pem_x509_certificates(files.certificate.read_bytes())
    except OSError as exc:
        raise _bad(files.certificate, f"cannot be read ({exc.strerror}): check path and owner") from exc
    except ValueError as exc:
        raise _bad(files.certificate, "is no PEM certificate chain: put the leaf first, then its issuers") from exc
    return _Loaded(files, _names(chain[0]), type(chain[0].public_key()).__name__, _end_point(chain[0]))


def _end_point(leaf: x509.Certificate) -> bytes:
    """RFC 5929 4.1: by the hash of its signature, SHA-256 for MD5 and SHA-1; b"" where a signature has none."""
    algorithm = leaf.signature_hash_algorithm
    if algorithm is None:
        return b""
    return leaf.fingerprint(hashes.SHA256() if algorithm.name in {"md5", "sha1"} else algorithm)


def _names(leaf: x509.Certificate) -> frozenset[str]:
    """DNS names of the certificate; the common name is no host name any more (RFC 9525 2)."""
    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return frozenset()
    return frozenset(name.lower() for name in extension.value.get_values_for_type(x509.DNSName))


def _context(group: Sequence[CertificateFiles], make: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    context = make()
    for files in group:
        try:
            files.key.open("rb").close()
            context.load_cert_chain(files.certificate, files.key, password=_no_password)
        except ssl.SSLError as exc:
            raise _bad(files.key, _mend(exc, files)) from exc
        except OSError as exc:
            raise _bad(files.key, f"cannot be read ({exc.strerror}): check path and owner") from exc
        except _EncryptedKeyError as exc:
            raise _bad(files.key, "is protected by a passphrase: decrypt it, nobody is there to type") from exc
    return context


def _mend(exc: ssl.SSLError, files: CertificateFiles) -> str:
    if exc.reason == "KEY_VALUES_MISMATCH":
        return f"is not the key of {files.certificate.name}: name the pair that was issued together"
    if exc.reason in ("EE_KEY_TOO_SMALL", "CA_MD_TOO_WEAK", "CA_KEY_TOO_SMALL"):
        return f"or {files.certificate.name} is too weak ({exc.reason}): use ECDSA P-256 or RSA of 3072 bit"
    return f"does not load with {files.certificate.name} ({exc.reason or 'not PEM'}): check both files"


class _EncryptedKeyError(Exception):
    pass


def _no_password() -> str:
    raise _EncryptedKeyError


def _bad(path: Path, what: str) -> PermanentError:
    return PermanentError(Reason.BAD_CONFIG, f"{path} {what}")
