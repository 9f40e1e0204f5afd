"""The Received field (RFC 5321 4.4): who handed us the message, how, when, and under which id it can be traced."""

import re
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Final

import msgspec

from skrytka.model.address import Address, Domain
from skrytka.model.ids import TraceId, id_text

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_IANA_CIPHER: Final = re.compile(r"TLS_[A-Z0-9_]+\Z")
_OPENSSL_CIPHER: Final = re.compile(
    r"ECDHE-(RSA|ECDSA)-(AES(?:128|256)|CHACHA20)-(GCM|POLY1305)(?:-(SHA256|SHA384))?\Z"
)
_WORD: Final = re.compile(r"[A-Za-z0-9._ -]*\Z")  # what may stand in a comment of ours


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """All that the field says. ``recipient`` only when there was one, or the copy is one recipient's own."""

    helo: Domain
    remote: str  # IP address
    hostname: str
    protocol: str
    trace: TraceId
    at_ms: int
    tls: str = ""  # "version cipher" as TlsFacts prints it; "" in clear
    recipient: Address | None = None
    is_smtputf8: bool = False


def with_protocol(*, is_extended: bool, is_tls: bool, is_smtputf8: bool, is_authenticated: bool = False) -> str:
    """The "with" clause (RFC 3848 1, RFC 6531 4.3); the S and A forms exist for ESMTP only."""
    if not is_extended and not is_smtputf8:
        return "SMTP"
    base = "UTF8SMTP" if is_smtputf8 else "ESMTP"
    return base + "S" * is_tls + "A" * is_authenticated


def received(facts: Trace) -> bytes:
    """The whole field, folded, with its CRLF. All parts are parsed values: none can hold a line end."""
    lines = [
        f"Received: from {facts.helo} ({address_literal(facts.remote)})",
        f"by {facts.hostname} with {facts.protocol} id {id_text(facts.trace)}",
        *_for(facts),
        *([_tls(facts.tls)] if facts.tls else []),
    ]
    return ("\r\n\t".join(lines) + f";\r\n\t{date_text(facts.at_ms)}\r\n").encode()


def address_literal(remote: str) -> str:
    """RFC 5321 4.1.3."""
    address = ip_address(remote)
    return f"[{address}]" if address.version == 4 else f"[IPv6:{address}]"


def date_text(at_ms: int) -> str:
    """RFC 5322 3.3, in UTC."""
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    day, month = _DAYS[at.weekday()], _MONTHS[at.month - 1]
    return f"{day}, {at.day} {month} {at.year:04} {at.hour:02}:{at.minute:02}:{at.second:02} +0000"


def _for(facts: Trace) -> list[str]:
    """RFC 6531 3.7.3: no UTF-8 address in a message that came without SMTPUTF8."""
    if facts.recipient is None or not (facts.recipient.is_ascii or facts.is_smtputf8):
        return []
    return [f"for <{facts.recipient}>"]


def _tls(tls: str) -> str:
    """RFC 8314 4.3: the registered name of the suite; a comment where it has none."""
    cipher = iana_cipher(tls.rpartition(" ")[2])
    if cipher is not None:
        return f"tls {cipher}"
    return f"({tls})" if _WORD.match(tls) else "(TLS)"


def iana_cipher(openssl_name: str) -> str | None:
    """The name in the TLS Cipher Suite Registry: TLS 1.3 suites have it already, of 1.2 the ones we allow."""
    if _IANA_CIPHER.match(openssl_name):
        return openssl_name
    match = _OPENSSL_CIPHER.match(openssl_name)
    if match is None:
        return None
    key, cipher, mode, digest = match.groups()
    cipher = cipher.replace("AES", "AES_")
    return f"TLS_ECDHE_{key}_WITH_{cipher}_{mode}_{digest or 'SHA256'}"
