"""What SMTP says about a message, beside the message (RFC 5321 2.3.1)."""

from enum import StrEnum
from typing import Self

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


class TlsWish(StrEnum):
    """RFC 8689: what the sender wants of TLS on all the way."""

    USUAL = ""  # as policies have it
    REQUIRED = "required"  # REQUIRETLS
    OPTIONAL = "optional"  # TLS-Required: No


class By(msgspec.Struct, frozen=True):
    """RFC 2852 4: BY= of MAIL, within how many seconds; of mode N they may have passed already."""

    seconds: int
    is_return: bool  # mode R: not delivered after that time; else N: the sender is told, and it goes on
    is_traced: bool = False  # T: the sender hears of every server that it was handed to

    def __str__(self) -> str:
        return f"{self.seconds};{'R' if self.is_return else 'N'}{'T' if self.is_traced else ''}"


class DeliverBy(msgspec.Struct, frozen=True):
    """As :class:`By`, on our clock."""

    at_ms: int
    is_return: bool
    is_traced: bool = False

    @classmethod
    def of(cls, by: By | None, now_ms: int) -> Self | None:
        """``now_ms``: when MAIL came."""
        return None if by is None else cls(now_ms + by.seconds * 1000, by.is_return, by.is_traced)


class Hold(msgspec.Struct, frozen=True):
    """RFC 4865 3: HOLDFOR or HOLDUNTIL of MAIL."""

    said: str  # as Future-Release-Request of a report has it (RFC 4865 5.1.2)
    for_s: int = 0  # 0: it was HOLDUNTIL
    until_ms: int = 0

    def release_at_ms(self, now_ms: int) -> int:
        """``now_ms``: when MAIL came."""
        return now_ms + self.for_s * 1000 if self.for_s else self.until_ms


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
