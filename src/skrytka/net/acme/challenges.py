"""What authorities come to look for, in a folder that every front reads: whichever of them the connection reaches.

Files are there while an order is under way; what a crash left is swept away at the next start. A name of a file is a
token or a domain that was checked before: nothing that anybody asks for becomes a path unchecked.
"""

import contextlib
import datetime as dt
import hashlib
import re
import shutil
import ssl
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from skrytka.model.clock import Clock
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.net.tls import new_server_context
from skrytka.protocol.acme.steps import Kind, Publish

ALPN_PROTOCOL: Final = b"acme-tls/1"  # RFC 8737 6.2
_IDENTIFIER: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")  # RFC 8737 6.1
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{22,256}")
_NAME: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+")
_READ_MAX: Final = 1024


class ChallengeFolder:
    """``run/challenges``: ``http/TOKEN`` and ``alpn/NAME``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def clear(self) -> None:
        """Nobody waits for anything that is there."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def http(self, token: str) -> bytes | None:
        """The key authorization of a token (RFC 8555 8.3)."""
        if _TOKEN.fullmatch(token) is None:
            return None
        with contextlib.suppress(OSError), (self._folder / "http" / token).open("rb") as file:
            return file.read(_READ_MAX)
        return None

    def alpn(self, name: str) -> ssl.SSLContext | None:
        """A context that shows the authority what it asked for (RFC 8737 3); None when nobody waits for that name."""
        path = self._folder / "alpn" / name
        if _NAME.fullmatch(name) is None or not path.exists():  # a context is made for nobody who only asks
            return None
        context = new_server_context()
        try:
            context.load_cert_chain(path)
        except OSError:  # ssl.SSLError is one: a file that is just being removed
            return None
        context.set_alpn_protocols([ALPN_PROTOCOL.decode()])
        return context

    def publish(self, wanted: Publish, clock: Clock) -> None:
        """TransientError(DISK_FULL) when it cannot be written; PermanentError as :meth:`_path`."""
        path = self._path(wanted)
        if wanted.kind is Kind.HTTP:
            data = wanted.key_authorization.encode("ascii")
        else:
            data = validation_certificate(wanted, clock)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = path.with_name(f".{path.name}.new")
            fresh.touch(mode=0o600)
            fresh.write_bytes(data)
            fresh.replace(path)
        except OSError as exc:
            raise TransientError(Reason.DISK_FULL, f"{path.parent}: {exc.strerror}") from exc

    def withdraw(self, wanted: Publish) -> None:
        """The authority has looked; what can be no challenge was never published."""
        with contextlib.suppress(OSError, PermanentError):
            self._path(wanted).unlink(missing_ok=True)

    def _path(self, wanted: Publish) -> Path:
        """PermanentError(BAD_SYNTAX): an authority has chosen what is no name of a file of ours."""
        if wanted.kind is Kind.HTTP:
            place, name, is_name = "http", wanted.token, _TOKEN.fullmatch(wanted.token)
        else:
            place, name, is_name = "alpn", wanted.name, _NAME.fullmatch(wanted.name)
        if is_name is None:
            raise PermanentError(Reason.BAD_SYNTAX, f"{name[:100]!r} is no name of a challenge")
        return self._folder / place / name


def validation_certificate(wanted: Publish, clock: Clock) -> bytes:
    """PEM of a key and of the self-signed certificate that carries the hash of the key authorization (RFC 8737 3)."""
    key = ec.generate_private_key(ec.SECP256R1())
    digest = hashlib.sha256(wanted.key_authorization.encode("ascii")).digest()
    now = dt.datetime.fromtimestamp(clock.now_ms() / 1000, dt.UTC)
    subject = x509.Name([])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=7))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(wanted.name)]), critical=True)
        .add_extension(x509.UnrecognizedExtension(_IDENTIFIER, b"\x04\x20" + digest), critical=True)
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)
