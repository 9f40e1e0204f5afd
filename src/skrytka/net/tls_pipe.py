"""TLS between memory buffers: ciphertext in, plaintext out, and back. No socket, so the boundary of STARTTLS is exact.

OpenSSL's memory buffers never shrink. Both directions are therefore fed in small pieces: what an idle connection keeps
is a little more than one piece each way, however much has passed through it.
"""

import contextlib
import ssl
from collections.abc import Callable, Sequence
from typing import Protocol

from skrytka.model.engine import TlsFacts

RECORD_BYTES = 4096  # plaintext per record; larger ones are 10 % faster and keep 3 to 12 KiB more per idle connection
INPUT_PIECE_BYTES = 4096 + 512
_READ_BYTES = 16 * 1024  # RFC 8446 5.1: no record holds more


class ServerTls(Protocol):
    """Where a connection gets its TLS context from, at the moment it needs one."""

    def server_context(self) -> ssl.SSLContext:
        """The context of now; TransientError when there is no certificate."""
        ...


class ServerSslObject(ssl.SSLObject):
    """Remembers the name that the client asked for, which the ssl module shows to the callback only."""

    server_name_seen: str = ""


class ServerContext(ssl.SSLContext):
    """Knows which certificate it serves, where it is one alone."""

    end_point: bytes = b""  # RFC 5929 4.1: its hash; b"" when there are several, of which the runtime does not tell


class TlsPipe:
    """One TLS connection. Every method may raise ssl.SSLError; what then lies in :meth:`output` is the alert."""

    __slots__ = ("_incoming", "_is_chain_kept", "_object", "_outgoing", "is_established")

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        is_server: bool,
        server_hostname: str | None = None,
        is_chain_kept: bool = False,
    ) -> None:
        """``is_chain_kept``: all certificates that the peer shows are in the facts, proven or not."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(
            self._incoming, self._outgoing, server_side=is_server, server_hostname=server_hostname
        )
        self._is_chain_kept = is_chain_kept
        self.is_established = False

    def handshake(self, data: bytes | memoryview) -> bool:
        """Go on with the handshake; True once it is done. Data behind it is kept for :meth:`decrypt`."""
        self._incoming.write(data)
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        self.is_established = True
        return True

    def decrypt(self, data: bytes | memoryview) -> tuple[bytes, bool]:
        """The plaintext that is now whole, and whether the peer has said that no more follows (close_notify)."""
        plain: list[bytes] = []
        is_end = False
        for start in range(0, max(len(data), 1), INPUT_PIECE_BYTES):
            self._incoming.write(data[start : start + INPUT_PIECE_BYTES])
            is_end = self._read_into(plain) or is_end
        return b"".join(plain), is_end

    def _read_into(self, plain: list[bytes]) -> bool:
        try:
            while self._incoming.pending or self._object.pending():
                if not (chunk := self._object.read(_READ_BYTES)):
                    return True
                plain.append(chunk)
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLZeroReturnError:
            return True
        return False

    def encrypt(self, data: bytes | memoryview) -> bytes:
        """The records of ``data``; at most a few hundred KiB at once, since it takes 1 ms a MiB."""
        records: list[bytes] = []
        view = memoryview(data)
        for start in range(0, len(view), RECORD_BYTES):
            self._object.write(view[start : start + RECORD_BYTES])
            records.append(self._outgoing.read())
        return b"".join(records)

    def output(self) -> bytes:
        """What OpenSSL itself wants to send: handshake messages, alerts, answers to key updates."""
        return self._outgoing.read()

    def close_notify(self) -> bytes:
        """The bytes that tell the peer that nothing was cut off (RFC 8446 6.1)."""
        with contextlib.suppress(ssl.SSLError):  # the peer's own close_notify is not here yet: nobody waits for it
            self._object.unwrap()
        return self._outgoing.read()

    def facts(self) -> TlsFacts:
        """What was agreed on; only after the handshake."""
        name, _, bits = self._object.cipher() or ("", "", 0)
        seen = self._object.server_name_seen if isinstance(self._object, ServerSslObject) else ""
        context = self._object.context
        return TlsFacts(
            version=self._object.version() or "",
            cipher=name,
            bits=bits,
            group=_group(self._object),
            server_name=seen,
            end_point=context.end_point if isinstance(context, ServerContext) else b"",
            peer=self._object.getpeercert(binary_form=True) or b"",
            chain=_chain(self._object) if self._is_chain_kept else (),
        )


def _group(connection: ssl.SSLObject) -> str:
    """Python 3.15 has a method for it, where its OpenSSL is 3.2 or later; nobody else tells, and nothing is guessed."""
    ask: Callable[[], str | None] | None = getattr(connection, "group", None)
    if ask is None:
        return ""
    with contextlib.suppress(NotImplementedError):
        return ask() or ""
    return ""


def _chain(connection: ssl.SSLObject) -> tuple[bytes, ...]:
    """As it was sent. Python 3.13 has a method for it, older ones only what that method is made of."""
    ask: Callable[[], Sequence[bytes]] | None = getattr(connection, "get_unverified_chain", None)
    if ask is not None:
        return tuple(ask())
    shown = connection._sslobj.get_unverified_chain()  # type: ignore[attr-defined,unused-ignore] # noqa: SLF001
    return tuple(ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in shown or ())
