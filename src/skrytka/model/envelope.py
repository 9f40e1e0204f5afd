"""What SMTP says about a message, beside the message (RFC 5321 2.3.1)."""

from enum import StrEnum

import msgspec

from skrytka.model.address import Address, ReversePath


class BodyType(StrEnum):
    """RFC 6152 2 and RFC 3030 3: what the bytes of the message may be."""

    SEVEN_BIT = "7BIT"
    EIGHT_BIT = "8BITMIME"
    BINARY = "BINARYMIME"


class Ret(StrEnum):
    """RFC 3461 4.3: how much of the message a failure DSN returns."""

    FULL = "FULL"
    HEADERS = "HDRS"


class Notify(StrEnum):
    """RFC 3461 4.1: when the reverse path wants to hear of a recipient."""

    NEVER = "NEVER"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    DELAY = "DELAY"


class Recipient(msgspec.Struct, frozen=True):
    """One RCPT TO with its DSN parameters (RFC 3461 4)."""

    address: Address
    notify: frozenset[Notify] = frozenset()  # empty: the default, failure and perhaps delay
    original: str = ""  # ORCPT as "type;xtext-decoded address", "" when absent


class Envelope(msgspec.Struct, frozen=True):
    """The envelope of one transaction."""

    reverse_path: ReversePath
    recipients: tuple[Recipient, ...]
    body_type: BodyType = BodyType.SEVEN_BIT
    is_smtputf8: bool = False
    declared_bytes: int = 0  # SIZE= of MAIL FROM (RFC 1870 5); 0 when absent
    ret: Ret | None = None
    envid: str = ""  # RFC 3461 4.4, decoded
