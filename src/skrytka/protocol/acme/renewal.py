"""When a certificate is renewed: at a third of its life left, or when its authority says so (ARI, RFC 9773)."""

import datetime as dt
from typing import Final

import msgspec
from cryptography import x509

from skrytka.protocol.acme.answers import decode
from skrytka.protocol.acme.client import AcmeClient
from skrytka.protocol.acme.jose import encode
from skrytka.protocol.acme.steps import AuthorityError, Call, Steps
from skrytka.protocol.http.client import Received

HOUR_MS: Final = 3_600_000
JITTER: Final = 24  # the last third is entered within the first 24th of it: not everybody at the same moment
ASK_AGAIN_S: Final = 6 * 3600  # RFC 9773 4.3.2: by default
BACKOFF_FIRST_S: Final = 3600
BACKOFF_MAX_S: Final = 86_400


class Window(msgspec.Struct, frozen=True):
    """RFC 9773 4.2: renew at a moment in it, at once when it is over."""

    start_ms: int
    end_ms: int

    def moment_ms(self, chance: int) -> int:
        """The same one each time for the same chance (0 to 2**32 - 1)."""
        return self.start_ms + (self.end_ms - self.start_ms) * chance // 2**32


class _Suggested(msgspec.Struct, frozen=True):
    start: dt.datetime
    end: dt.datetime


class _Info(msgspec.Struct, frozen=True, rename="camel"):
    suggested_window: _Suggested


def due_ms(not_before_ms: int, not_after_ms: int, chance: int) -> int:
    """Where nobody says otherwise: a third of the life before its end, and a little later by chance."""
    third_ms = (not_after_ms - not_before_ms) // 3
    return not_after_ms - third_ms + third_ms // JITTER * chance // 2**32


def backoff_s(failures: int, retry_after_s: float) -> float:
    """After so many failures in a row: an hour, twice as long each time, a day at most; never sooner than asked for."""
    return max(float(min(BACKOFF_FIRST_S * 2 ** min(failures - 1, 20), BACKOFF_MAX_S)), retry_after_s)


def certificate_id(leaf: x509.Certificate) -> str:
    """RFC 9773 4.1; "" where the certificate does not name its issuer's key."""
    try:
        identifier = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except (x509.ExtensionNotFound, ValueError):
        return ""
    serial = leaf.serial_number.to_bytes(leaf.serial_number.bit_length() // 8 + 1, "big")  # DER: a sign bit of 0
    return f"{encode(identifier)}.{encode(serial)}" if identifier else ""


def window(client: AcmeClient, leaf: x509.Certificate) -> Steps[Window | None]:
    """What the authority suggests; None where it suggests nothing, or nonsense."""
    directory = yield from client.directory()
    name = certificate_id(leaf)
    if not directory.renewal_info or not name:
        return None
    answer: Received = yield Call("GET", f"{directory.renewal_info.rstrip('/')}/{name}")
    if answer.status != 200:
        return None
    try:
        suggested = decode(answer.body, _Info).suggested_window
    except AuthorityError:
        return None
    if suggested.start.tzinfo is None or suggested.end.tzinfo is None or suggested.end <= suggested.start:
        return None  # RFC 9773 4.2
    return Window(int(suggested.start.timestamp() * 1000), int(suggested.end.timestamp() * 1000))
