"""The records that a domain needs, from what is known of its server, keys and certificates; nothing here asks DNS."""

import ipaddress
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, Literal

import msgspec

from skrytka.model.dns import Caa, Mx, Record, Srv, Tlsa
from skrytka.protocol.mailauth.query import RdType
from skrytka.protocol.tlspolicy.sts import StsPolicy

PREFERENCE: Final = 10
PORTS: Final = {
    "smtp": 25,
    "submissions": 465,
    "imaps": 993,
}  # that are found by themselves, where TLSA says who answers
_SECURE: Final = ("submissions", "imaps")  # RFC 8314 5.1: TLS from the first octet
_UPGRADED: Final = ("submission", "imap")


class Kind(StrEnum):
    """What a record is for; each has its way to be judged."""

    SIGNED = "dnssec"
    ADDRESS = "address"
    MX = "mx"
    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    TLSA = "tlsa"
    STS = "mta-sts"
    REPORTS = "tls-rpt"
    CAA = "caa"
    SERVICE = "srv"
    HOST = "host"
    REVERSE = "ptr"
    SERVERS = "servers"
    SIGNATURES = "signatures"
    DENIAL = "denial"
    SCHEME = "tlsa-scheme"
    POLICY = "mta-sts-policy"
    LISTED = "block-list"


# what nobody writes into a zone
LOOKED_AT: Final = frozenset(
    {Kind.SIGNED, Kind.SERVERS, Kind.SIGNATURES, Kind.DENIAL, Kind.SCHEME, Kind.POLICY, Kind.LISTED}
)


class Wanted(msgspec.Struct, frozen=True):
    """One record; ``record`` is None where there is nothing that could be written down."""

    kind: Kind
    name: str  # A-labels in lower case, no final dot
    rdtype: RdType | Literal["RRSIG", "NSEC", "HTTPS"]
    record: Record | None = None
    is_optional: bool = False  # mail works as safely without


class KeyText(msgspec.Struct, frozen=True):
    """A DKIM key as it is published: the TXT record of a selector."""

    selector: str
    text: bytes


class Served(msgspec.Struct, frozen=True):
    """A chain that a port shows: DER, leaf first."""

    port: int
    chain: tuple[bytes, ...]


class Association(msgspec.Struct, frozen=True):
    """A TLSA record that is to be there, of today's certificate or of the next one."""

    port: int
    tlsa: Tlsa


class Signature(msgspec.Struct, frozen=True):
    """An RRSIG (RFC 4034 3.1): the type that it is of, its algorithm, and until when it holds."""

    covers: str
    algorithm: int
    expires_s: int


class ServerView(msgspec.Struct, frozen=True, kw_only=True):
    """What one address of a name server says about the domain."""

    name: str
    address: str = ""
    serial: int = 0
    mx: tuple[str, ...] = ()
    txt: tuple[str, ...] = ()
    signatures: tuple[Signature, ...] = ()
    failure: str = ""  # it has said nothing of use
    is_lame: bool = False  # it is not responsible for the zone, though the zone says so (RFC 1912 2.8)


class PolicyView(msgspec.Struct, frozen=True, kw_only=True):
    """The policy that was fetched; without one why."""

    policy: StsPolicy | None = None
    is_unreachable: bool = False
    is_untrusted: bool = False
    detail: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that the records follow from. Names are A-labels in lower case."""

    domain: str
    hostname: str
    addresses: tuple[str, ...]  # of the host, that mail comes to
    senders: tuple[str, ...]  # that mail comes from
    report_address: str  # who reads reports about the domain
    ports: dict[str, int]  # of the services that are switched on
    keys: tuple[KeyText, ...] = ()
    served: tuple[Served, ...] = ()
    associations: tuple[Association, ...] = ()
    policy_id: str = ""  # of the MTA-STS policy that is served; "" where none is
    issuers: tuple[str, ...] = ()  # CAA names of the authorities that certificates come from
    block_lists: tuple[str, ...] = ()  # of addresses; whether we are on one is looked at
    domain_block_lists: tuple[str, ...] = ()
    is_block_list_tested: bool = False  # whether a list is alive is looked at before
    now_s: int = 0
    servers: tuple[ServerView, ...] | None = None  # what each has said; None: nobody was asked
    policy: PolicyView | None = None  # likewise

    @property
    def is_host_within(self) -> bool:
        """Whether the host's own records belong below the domain."""
        return is_within(self.hostname, self.domain)


def is_within(name: str, zone: str) -> bool:
    """Whether a name is that of the zone or below it."""
    return name == zone or name.endswith("." + zone)


def wanted(facts: Facts) -> tuple[Wanted, ...]:
    """In the order in which they are shown."""
    return (
        Wanted(Kind.SIGNED, facts.domain, "SOA"),
        Wanted(Kind.MX, facts.domain, "MX", Mx(PREFERENCE, facts.hostname)),
        *_addresses(facts),
        *_sender_policies(facts),
        *_keys(facts),
        Wanted(Kind.DMARC, f"_dmarc.{facts.domain}", "TXT", _text(f"v=DMARC1; p=quarantine; rua={_mailto(facts)}")),
        *_associations(facts),
        *_strict_transport(facts),
        Wanted(Kind.REPORTS, f"_smtp._tls.{facts.domain}", "TXT", _text(f"v=TLSRPTv1; rua={_mailto(facts)}")),
        *(Wanted(Kind.CAA, facts.hostname, "CAA", Caa(0, "issue", name)) for name in facts.issuers),
        *_services(facts),
        *_reverse(facts),
    )


def _addresses(facts: Facts) -> Iterator[Wanted]:
    if not facts.addresses:
        yield Wanted(Kind.ADDRESS, facts.hostname, "A")
    for address in facts.addresses:
        yield Wanted(Kind.ADDRESS, facts.hostname, _address_type(address), address)


def _sender_policies(facts: Facts) -> Iterator[Wanted]:
    """Of the domain, and of the name in EHLO, which is asked for when the return path is empty (RFC 7208 2.4)."""
    others = "".join(f" {_term(each)}" for each in facts.senders if each not in facts.addresses)
    yield Wanted(Kind.SPF, facts.domain, "TXT", _text(f"v=spf1 mx{others} -all"))
    if facts.hostname != facts.domain:
        yield Wanted(Kind.SPF, facts.hostname, "TXT", _text(f"v=spf1 a{others} -all"))


def _keys(facts: Facts) -> Iterator[Wanted]:
    for key in facts.keys:
        yield Wanted(Kind.DKIM, f"{key.selector}._domainkey.{facts.domain}", "TXT", key.text)


def _associations(facts: Facts) -> Iterator[Wanted]:
    """RFC 7672 3.1 is about port 25; mail programs do not look yet."""
    for one in facts.associations:
        name = f"_{one.port}._tcp.{facts.hostname}"
        yield Wanted(Kind.TLSA, name, "TLSA", one.tlsa, is_optional=one.port != PORTS["smtp"])


def _strict_transport(facts: Facts) -> Iterator[Wanted]:
    if facts.policy_id:
        yield Wanted(Kind.STS, f"_mta-sts.{facts.domain}", "TXT", _text(f"v=STSv1; id={facts.policy_id}"))
        yield Wanted(Kind.HOST, f"mta-sts.{facts.domain}", "CNAME", facts.hostname)


def _services(facts: Facts) -> Iterator[Wanted]:
    """RFC 6186, RFC 8314 5.1: where a mail program finds TLS it is not told of what begins in clear."""
    for name in _SECURE:
        if port := facts.ports.get(name):
            yield Wanted(Kind.SERVICE, f"_{name}._tcp.{facts.domain}", "SRV", Srv(0, 1, port, facts.hostname))
    for name in _UPGRADED:
        port = facts.ports.get(name)
        offered = Srv(10, 1, port, facts.hostname) if port and f"{name}s" not in facts.ports else Srv(0, 0, 0, "")
        yield Wanted(Kind.SERVICE, f"_{name}._tcp.{facts.domain}", "SRV", offered, is_optional=True)
    for name in ("autoconfig", "autodiscover"):
        yield Wanted(Kind.HOST, f"{name}.{facts.domain}", "CNAME", facts.hostname, is_optional=True)


def _reverse(facts: Facts) -> Iterator[Wanted]:
    for address in facts.senders:
        yield Wanted(Kind.REVERSE, ipaddress.ip_address(address).reverse_pointer, "PTR", facts.hostname)


def _address_type(address: str) -> RdType:
    return "AAAA" if ":" in address else "A"


def _term(address: str) -> str:
    return f"ip6:{address}" if ":" in address else f"ip4:{address}"


def _mailto(facts: Facts) -> str:
    return f"mailto:{facts.report_address}"


def _text(text: str) -> bytes:
    return text.encode()
