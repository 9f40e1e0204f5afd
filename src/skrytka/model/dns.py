"""What a look-up gives, whoever answers it. No answer at all is a TransientError, never an empty one."""

from enum import StrEnum

import msgspec


class Status(StrEnum):
    """RFC 2308 2: the two kinds of "no" are different facts."""

    NOERROR = "noerror"  # there are records
    NODATA = "nodata"  # the name exists, with no record of that type
    NXDOMAIN = "nxdomain"  # the name does not exist


class Mx(msgspec.Struct, frozen=True, order=True):
    """RFC 5321 5.1; exchange "" is a null MX (RFC 7505)."""

    preference: int
    exchange: str


class Tlsa(msgspec.Struct, frozen=True):
    """RFC 6698 2.1."""

    usage: int
    selector: int
    matching: int
    data: bytes


Record = str | bytes | Mx | Tlsa


class Answer(msgspec.Struct, frozen=True):
    """Records of one type: addresses and names as str (lower case, no final dot), TXT as bytes with strings joined."""

    status: Status
    records: tuple[Record, ...] = ()
    is_authentic: bool = False  # DNSSEC-validated by a resolver whose word we take (RFC 4035 4.9.3)
    ttl_s: int = 0

    @property
    def texts(self) -> tuple[str, ...]:
        """A, AAAA, PTR, NS and CNAME records, and what has no form of its own."""
        return tuple(record for record in self.records if isinstance(record, str))

    @property
    def strings(self) -> tuple[bytes, ...]:
        """TXT records."""
        return tuple(record for record in self.records if isinstance(record, bytes))

    @property
    def exchanges(self) -> tuple[Mx, ...]:
        """MX records, best first."""
        return tuple(sorted(record for record in self.records if isinstance(record, Mx)))
