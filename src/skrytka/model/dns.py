"""Who is asked, and what a look-up gives. No answer at all is a TransientError, never an empty one."""

import ipaddress
from enum import StrEnum
from typing import Self

import msgspec

from skrytka.model.errors import PermanentError, Reason

_PORT_MAX = 65_535


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


class Srv(msgspec.Struct, frozen=True, order=True):
    """RFC 2782; target "" says that the service is not offered here."""

    priority: int
    weight: int
    port: int
    target: str


class Caa(msgspec.Struct, frozen=True, order=True):
    """RFC 8659 4.1; the tag is in lower case."""

    flags: int
    tag: str
    value: str


Record = str | bytes | Mx | Tlsa | Srv | Caa


class Answer(msgspec.Struct, frozen=True):
    """Records of one type: addresses and names as str (lower case, no final dot), TXT as bytes with strings joined."""

    status: Status
    records: tuple[Record, ...] = ()
    is_authentic: bool = False  # DNSSEC-validated by a resolver whose word we take (RFC 4035 4.9.3)
    ttl_s: int = 0
    canonical: str = ""  # the name at the end of the CNAMEs, where there were any

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

    @property
    def associations(self) -> tuple[Tlsa, ...]:
        """TLSA records."""
        return tuple(record for record in self.records if isinstance(record, Tlsa))

    @property
    def services(self) -> tuple[Srv, ...]:
        """SRV records, best first."""
        return tuple(sorted(record for record in self.records if isinstance(record, Srv)))

    @property
    def authorizations(self) -> tuple[Caa, ...]:
        """CAA records."""
        return tuple(record for record in self.records if isinstance(record, Caa))


class Server(msgspec.Struct, frozen=True):
    """One recursive resolver."""

    address: str
    port: int = 53

    @classmethod
    def parse(cls, text: str) -> Self:
        """``192.0.2.1``, ``192.0.2.1:5353``, ``2001:db8::1``, ``[2001:db8::1]:5353``; PermanentError(BAD_CONFIG)."""
        host, port = text, "53"
        if text.startswith("["):
            host, _, rest = text[1:].partition("]")
            port = rest.removeprefix(":") or port
        elif text.count(":") == 1:
            host, _, port = text.partition(":")
        try:
            server = cls(str(ipaddress.ip_address(host)), int(port))
        except ValueError as exc:
            raise PermanentError(Reason.BAD_CONFIG, f"dns.resolvers: {text!r} is no address or address:port") from exc
        if not 0 < server.port <= _PORT_MAX:
            raise PermanentError(Reason.BAD_CONFIG, f"dns.resolvers: {text!r}: a port is 1 to {_PORT_MAX}")
        return server

    @property
    def is_loopback(self) -> bool:
        """Whether its answers cross no wire."""
        return ipaddress.ip_address(self.address).is_loopback
