"""PLAIN: authorisation identity, authentication identity and password in one message (RFC 4616)."""

import msgspec

from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret

PART_MAX = 1024  # RFC 4616 2: a server takes at least 255 octets of each part


class PlainCredentials(msgspec.Struct, frozen=True):
    """What the client claims. ``authorization`` is "" or equal to ``name``: acting for others is not offered."""

    authorization: str
    name: str
    password: Secret


def parse_plain(message: Secret) -> PlainCredentials:
    """RFC 4616 2: ``[authzid] NUL authcid NUL passwd``; RemoteProtocolError if it is not that."""
    parts = message.reveal().split(b"\0")
    if len(parts) != 3:
        raise RemoteProtocolError("PLAIN needs two NUL octets")
    if any(len(part) > PART_MAX for part in parts):
        raise RemoteProtocolError("a part of PLAIN is too long")
    if not parts[1] or not parts[2]:
        raise RemoteProtocolError("PLAIN needs a name and a password")
    try:
        authorization, name, _ = (part.decode() for part in parts)
    except UnicodeDecodeError:
        # `from None`: the cause would carry the password.
        raise RemoteProtocolError("PLAIN is UTF-8") from None
    return PlainCredentials(authorization, name, Secret(parts[2]))
