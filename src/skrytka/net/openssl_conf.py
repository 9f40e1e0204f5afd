"""Groups and TLS 1.3 suites by OPENSSL_CONF, since Python 3.11 cannot set them, and the proof that they are in force.

The daemon writes the file and sets OPENSSL_CONF before it execs its children. OpenSSL ignores what it does not
understand in such a file, and with it all the rest: a wrong one *fails open*. So each process calls :func:`prove`
before it serves: handshakes in memory that must succeed, and others that must not.

The lists: NCSC-NL 2025-05 "good" or "sufficient" within Mozilla "intermediate" 6.0.
"""

import os
import ssl
from collections.abc import Callable
from pathlib import Path

import msgspec

from skrytka.model.errors import PermanentError, Reason
from skrytka.net.tls import SECURITY_LEVEL, TLS12_CIPHERS, TlsStore
from skrytka.net.tls_pipe import TlsPipe

VARIABLE = "OPENSSL_CONF"
TLS13_SUITES = ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256")
HYBRID_GROUP = "X25519MLKEM768"
_HYBRID_SINCE = (3, 5)  # an older OpenSSL does not know the name and would drop the whole section
_CLASSIC_GROUPS = ("X25519", "P-256", "P-384")
_FLIGHTS_MAX = 10


def groups(openssl: tuple[int, ...] = ssl.OPENSSL_VERSION_INFO) -> tuple[str, ...]:
    """Key exchange groups that this OpenSSL knows, best first."""
    hybrid = (HYBRID_GROUP,) if openssl[:2] >= _HYBRID_SINCE else ()
    return hybrid + _CLASSIC_GROUPS


def render(openssl: tuple[int, ...] = ssl.OPENSSL_VERSION_INFO) -> str:
    """The text of the file; the cryptography package's own OpenSSL reads it too and must understand it."""
    return "\n".join(
        (
            "# Written by Skrytka at each start: changes are lost.",
            "openssl_conf = skrytka",
            "",
            "[skrytka]",
            "ssl_conf = skrytka_ssl",
            "",
            "[skrytka_ssl]",
            "system_default = skrytka_tls",
            "",
            "[skrytka_tls]",
            "MinProtocol = TLSv1.2",
            f"CipherString = {':'.join(TLS12_CIPHERS)}:@SECLEVEL={SECURITY_LEVEL}",
            f"Ciphersuites = {':'.join(TLS13_SUITES)}",
            f"Groups = {':'.join(groups(openssl))}",
            "Options = -SessionTicket,-Compression",
            "",
        )
    )


def write(path: Path) -> None:
    """Put the file there, whole or not at all; one that is right already stays, so that a full disk allows a start."""
    text = render()
    if path.exists() and path.read_text(encoding="ascii", errors="replace") == text:
        return
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="ascii")
    os.replace(fresh, path)


class Proof(msgspec.Struct, frozen=True):
    """What the handshakes showed."""

    version: str
    cipher: str
    accepted: tuple[str, ...]
    refused: tuple[str, ...]


def prove(store: TlsStore) -> Proof:
    """Shake hands with ourselves; PermanentError(BAD_CONFIG) names what was wrongly accepted or refused.

    Takes about 20 ms. The certificate's key type decides which suites of TLS 1.2 can be used at all.
    """
    server = store.server_context()
    facts = _try(server, _client())
    if facts is None or facts[0] != "TLSv1.3" or facts[1] not in TLS13_SUITES:
        raise _broken("a handshake with TLS 1.3 failed")
    for name, make in _WANTED.items():
        if _try(server, make()) is None:
            raise _broken(f"{name} was refused")
    for name, make in _FORBIDDEN.items():
        if _try(server, make()) is not None:
            raise _broken(f"{name} was accepted")
    return Proof(facts[0], facts[1], tuple(_WANTED), tuple(_FORBIDDEN))


def _broken(what: str) -> PermanentError:
    return PermanentError(
        Reason.BAD_CONFIG,
        f"TLS is not as configured: {what}; {VARIABLE}={os.environ.get(VARIABLE, '')} with {ssl.OPENSSL_VERSION}",
    )


def _client() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # it talks to this very process
    return context


def _with_group(name: str) -> Callable[[], ssl.SSLContext]:
    def make() -> ssl.SSLContext:
        context = _client()
        context.set_ecdh_curve(name)
        return context

    return make


def _with_ciphers(ciphers: str) -> Callable[[], ssl.SSLContext]:
    def make() -> ssl.SSLContext:
        context = _client()
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers)
        return context

    return make


_WANTED = {
    "group P-256": _with_group("prime256v1"),
    "group P-384": _with_group("secp384r1"),
    "TLS 1.2 with ECDHE and AES-GCM": _with_ciphers("ECDHE+AESGCM"),
}
_FORBIDDEN = {
    "group P-521": _with_group("secp521r1"),
    "a suite with CBC": _with_ciphers("ECDHE+AES+SHA256:ECDHE+AES+SHA384:ECDHE+AES+SHA1"),
    "a suite without forward secrecy": _with_ciphers("kRSA+AES"),
    "a suite with finite-field DH": _with_ciphers("kDHE+AESGCM"),
}


def _try(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[str, str] | None:
    """Version and suite, or None when either side refused."""
    near = TlsPipe(server, is_server=True)
    far = TlsPipe(client, is_server=False)
    to_near = b""
    try:
        for _ in range(_FLIGHTS_MAX):
            far_done = far.is_established or far.handshake(b"")
            to_near = far.output()
            if to_near:
                near.is_established or near.handshake(to_near)
            if far_done and near.is_established:
                facts = near.facts()
                return facts.version, facts.cipher
            to_far = near.output()
            far.is_established or far.handshake(to_far)
    except ssl.SSLError:
        return None
    return None
