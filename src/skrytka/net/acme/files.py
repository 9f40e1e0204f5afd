"""Ordered certificates, each with its key in one file, so that a pair is replaced in one step; and the next keys.

``NAME.KIND.pem``: key, leaf, issuers. ``NAME.KIND.next``: the key of the next certificate, made long before it is used,
so that a TLSA record can name it. ``state.json``: what became of the last tries. All are the service user's own (0600).
"""

import datetime as dt
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from skrytka.model.errors import UNREADABLE, PermanentError, Reason, TransientError
from skrytka.net.tls import CertificateFiles, TlsStore

KeyKind = Literal["ecdsa", "rsa"]
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Write = Callable[[Path, bytes], None]  # a private file, whole or not at all; OSError
RSA_BITS: Final = 3072
_FILE_MAX: Final = 256 * 1024


class Wanted(msgspec.Struct, frozen=True):
    """One certificate that is to be there; the first name is what its files are called by."""

    names: tuple[str, ...]  # A-labels in lower case, ``*.`` too
    kind: KeyKind

    @property
    def stem(self) -> str:
        return f"{self.names[0].replace('*', '_')}.{self.kind}"


class Ordered(msgspec.Struct, frozen=True):
    """A certificate that is there, with its key."""

    leaf: x509.Certificate
    key: PrivateKey

    def __repr__(self) -> str:
        return "Ordered()"

    @property
    def not_before_ms(self) -> int:
        return int(self.leaf.not_valid_before_utc.timestamp() * 1000)

    @property
    def not_after_ms(self) -> int:
        return end_ms(self.leaf)

    @property
    def names(self) -> frozenset[str]:
        return names_of(self.leaf)


def end_ms(leaf: x509.Certificate) -> int:
    """When it expires."""
    return int(leaf.not_valid_after_utc.timestamp() * 1000)


def names_of(leaf: x509.Certificate) -> frozenset[str]:
    """Its DNS names, in lower case."""
    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return frozenset()
    return frozenset(name.lower() for name in extension.value.get_values_for_type(x509.DNSName))


class Progress(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What became of the tries for one certificate."""

    failures: int = 0  # in a row
    error: str = ""
    next_try_ms: int = 0
    authority: str = ""  # directory of the one that issued
    asked_at_ms: int = 0  # when ARI was asked for
    window: tuple[int, int] | None = None  # what it said
    issuers: tuple[str, ...] = ()  # what CAA records call it
    next_seen_ms: int = 0  # since when DNS shows the next key
    next_ttl_s: int = 0


class CertificateFolder:
    """See the module; ``write`` is handed in."""

    def __init__(self, folder: Path, write: Write) -> None:
        self._folder = folder
        self._write = write

    def files(self, wanted: Wanted) -> CertificateFiles:
        """Where listeners find it."""
        path = self._folder / f"{wanted.stem}.pem"
        return CertificateFiles(path, path)

    def usable(self, wanted: Wanted) -> CertificateFiles | None:
        """Its file if listeners can use it; one that is damaged is none, and is ordered anew."""
        files = self.files(wanted)
        try:
            TlsStore([files])
        except PermanentError:
            return None
        return files

    def load(self, wanted: Wanted) -> Ordered | None:
        """None when there is none that could be used."""
        data = self._read(f"{wanted.stem}.pem")
        try:
            return Ordered(x509.load_pem_x509_certificates(data)[0], _private(data)) if data else None
        except (ValueError, TypeError, IndexError):
            return None

    def next_key(self, wanted: Wanted) -> PrivateKey:
        """Made if there is none, on the disk when this returns; TransientError(DISK_FULL). RSA is slow: in a thread."""
        name = f"{wanted.stem}.next"
        if data := self._read(name):
            try:
                return _private(data)
            except (ValueError, TypeError):
                pass  # damaged: nobody has seen a certificate with it
        key: PrivateKey
        if wanted.kind == "rsa":
            key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        else:
            key = ec.generate_private_key(ec.SECP256R1())
        self._put(name, _pem(key))
        return key

    def next_digest(self, wanted: Wanted) -> bytes:
        """Of the next key as TLSA has it; b"" where none is made yet."""
        return _digest_of(self._read(f"{wanted.stem}.next"))

    def keep(self, wanted: Wanted, key: PrivateKey, chain: bytes) -> None:
        """The certificate takes its place; if it has the next key, that one is used up."""
        name = f"{wanted.stem}.next"
        self._put(f"{wanted.stem}.pem", _pem(key) + chain.strip() + b"\n")
        data = self._read(name)
        if data and _digest_of(data) == digest(key):
            (self._folder / name).unlink(missing_ok=True)

    def states(self) -> dict[str, Progress]:
        """By stem; a file that is damaged is as none."""
        try:
            return msgspec.json.decode(self._read("state.json") or b"{}", type=dict[str, Progress])
        except UNREADABLE:
            return {}

    def keep_states(self, states: dict[str, Progress]) -> None:
        self._put("state.json", msgspec.json.format(msgspec.json.encode(states)) + b"\n")

    def _read(self, name: str) -> bytes:
        try:
            with (self._folder / name).open("rb") as file:
                return file.read(_FILE_MAX)
        except OSError:
            return b""

    def _put(self, name: str, data: bytes) -> None:
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._write(self._folder / name, data)
        except OSError as exc:
            raise TransientError(Reason.DISK_FULL, f"{self._folder / name}: {exc.strerror}") from exc


def signing_request(key: PrivateKey, names: tuple[str, ...]) -> bytes:
    """DER of the request for a certificate (RFC 8555 7.4): the names, and nothing about anybody."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    return builder.add_extension(alternative, critical=False).sign(key, SHA256()).public_bytes(Encoding.DER)


def check_chain(chain: bytes, key: PrivateKey, names: tuple[str, ...], now_ms: int) -> Ordered:
    """What came is what was ordered, and is valid now; TransientError says what is not."""
    try:
        leaf = x509.load_pem_x509_certificates(chain)[0]
    except (ValueError, IndexError) as exc:
        raise TransientError(Reason.BAD_SYNTAX, f"no chain of certificates: {exc}") from exc
    ordered = Ordered(leaf, key)
    if digest(key) != _spki_digest(leaf):
        raise TransientError(Reason.BAD_SYNTAX, "the certificate is for another key")
    if missing := set(names) - ordered.names:
        raise TransientError(Reason.BAD_SYNTAX, f"the certificate does not name {', '.join(sorted(missing))}")
    if not ordered.not_before_ms <= now_ms < ordered.not_after_ms:
        now = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC)
        said = (
            f"valid from {leaf.not_valid_before_utc:%F %T} to {leaf.not_valid_after_utc:%F %T}, and it is {now:%F %T}"
        )
        raise TransientError(Reason.EXPIRED, f"{said}: is the clock of this machine right?")
    return ordered


def digest(key: PrivateKey) -> bytes:
    """SHA-256 of the public key: what a TLSA record "3 1 1" has (RFC 7672 3.1.1)."""
    return sha256(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


def _spki_digest(leaf: x509.Certificate) -> bytes:
    return sha256(leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


def _digest_of(pem: bytes) -> bytes:
    try:
        return digest(_private(pem))
    except (ValueError, TypeError):
        return b""


def _private(pem: bytes) -> PrivateKey:
    key = load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise TypeError("another kind of key")
    return key


def _pem(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
