"""How SASL messages travel in text protocols: strict base64 (RFC 4422 4, RFC 4648 3.2)."""

import binascii

from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret


def decode(line: bytes) -> Secret:
    """The message of one line; RemoteProtocolError for anything but canonical base64, blanks and line ends included."""
    try:
        return Secret(binascii.a2b_base64(line, strict_mode=True))
    except binascii.Error:
        raise RemoteProtocolError("not base64") from None


def encode(message: bytes) -> bytes:
    """The line, without its CRLF."""
    return binascii.b2a_base64(message, newline=False)
