"""DNS messages by dnspython: queries that are hard to forge an answer to, and answers taken apart."""

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.ttl
import msgspec
from dns.rdtypes.ANY.CAA import CAA
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.NS import NS
from dns.rdtypes.ANY.PTR import PTR
from dns.rdtypes.ANY.TLSA import TLSA
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.SRV import SRV

from skrytka.model.address import Domain
from skrytka.model.clock import Random
from skrytka.model.dns import Answer, Caa, Mx, Record, Srv, Status, Tlsa
from skrytka.model.errors import PermanentError, Reason

UDP_PAYLOAD_BYTES = 1232  # DNS flag day 2020: fits an IPv6 packet of the least MTU, so no fragments to forge
TTL_MAX_S = 86_400
UNUSABLE_TLSA = Tlsa(255, 255, 255, b"")  # stands for what dnspython does not read; RFC 7672 2.2: it is a record still
NEGATIVE_TTL_MAX_S = 900  # RFC 2308 5 allows 3 hours; a mail server wants to see a new record sooner


class BadResponseError(Exception):
    """Not an answer to our question: somebody else's packet, or broken."""


class DoubtfulResponseError(BadResponseError):
    """The right id with other letter case (dns-0x20) or a broken rest: a poor server, or a forger who guessed well."""


class ServerFailureError(Exception):
    """The server says that it cannot say: SERVFAIL, REFUSED..."""


class Query(msgspec.Struct, frozen=True):
    """One question on its way, with all that its answer must repeat (RFC 5452 9.1)."""

    name: dns.name.Name  # in mixed case
    rdtype: dns.rdatatype.RdataType
    txid: int
    data: bytes


def parse_name(name: Domain | str) -> dns.name.Name:
    """PermanentError(BAD_SYNTAX) for what no DNS name can be; address literals are none."""
    try:
        parsed = dns.name.from_text(str(name).lower(), idna_codec=None)
    except (dns.exception.DNSException, UnicodeError, ValueError) as exc:
        raise PermanentError(Reason.BAD_SYNTAX, "not a DNS name") from exc
    if len(parsed) < 2:
        raise PermanentError(Reason.BAD_SYNTAX, "an empty DNS name")
    return parsed


def make_query(name: dns.name.Name, rdtype: dns.rdatatype.RdataType, random: Random) -> Query:
    """Random id and random case of letters; EDNS with DO, AD so that a validating resolver reports (RFC 6840 5.7)."""
    txid = int.from_bytes(random.token(2), "big")
    mixed = _mix_case(name, random)
    message = dns.message.make_query(
        mixed, rdtype, use_edns=0, want_dnssec=True, payload=UDP_PAYLOAD_BYTES, id=txid, flags=dns.flags.RD
    )
    message.flags |= dns.flags.AD
    return Query(mixed, rdtype, txid, message.to_wire())


def _mix_case(name: dns.name.Name, random: Random) -> dns.name.Name:
    length = sum(map(len, name.labels))
    bits = int.from_bytes(random.token(length // 8 + 1), "big")
    labels = []
    for label in name.labels:
        mixed = bytearray(label)
        for index, byte in enumerate(mixed):
            if 0x61 <= byte <= 0x7A and bits & 1:
                mixed[index] = byte - 0x20
            bits >>= 1
        labels.append(bytes(mixed))
    return dns.name.Name(labels)


def is_truncated(data: bytes) -> bool:
    """Whether the TC bit is set (RFC 2181 9): what is there is not used, TCP is asked instead."""
    return len(data) > 2 and bool(data[2] & 0x02)


def read_response(query: Query, data: bytes, *, is_udp: bool, is_trusted: bool) -> Answer:
    """The answer; BadResponseError if it is not one to our question, ServerFailureError if the server has none."""
    if len(data) < 12 or int.from_bytes(data[:2], "big") != query.txid:
        raise BadResponseError("id")
    try:
        message = dns.message.from_wire(
            data, ignore_trailing=True, continue_on_error=query.rdtype == dns.rdatatype.TLSA
        )
    except (dns.exception.DNSException, ValueError) as exc:
        raise DoubtfulResponseError("not parsed") from exc
    if not isinstance(message, dns.message.QueryMessage) or not message.flags & dns.flags.QR:
        raise BadResponseError("no response")
    _check_question(query, message, is_udp=is_udp)
    if message.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise ServerFailureError(dns.rcode.to_text(message.rcode()))
    is_authentic = is_trusted and bool(message.flags & dns.flags.AD)
    try:
        chain = message.resolve_chaining()
    except (dns.exception.DNSException, ValueError) as exc:
        raise ServerFailureError("broken answer") from exc
    canonical = _name(chain.canonical_name) if chain.cnames else ""
    broken = (UNUSABLE_TLSA,) if message.errors else ()
    if chain.answer is not None or broken:
        records = (*(record_of(rdata) for rdata in chain.answer or ()), *broken)
        return Answer(Status.NOERROR, records, is_authentic, min(chain.minimum_ttl, TTL_MAX_S), canonical)
    status = Status.NXDOMAIN if message.rcode() == dns.rcode.NXDOMAIN else Status.NODATA
    has_soa = any(rrset.rdtype == dns.rdatatype.SOA for rrset in message.authority)
    ttl_s = min(chain.minimum_ttl, NEGATIVE_TTL_MAX_S) if has_soa else 0  # RFC 2308 5: not cached without SOA
    return Answer(status, (), is_authentic, ttl_s, canonical)


def _check_question(query: Query, message: dns.message.QueryMessage, *, is_udp: bool) -> None:
    if len(message.question) != 1:
        raise BadResponseError("question")
    asked = message.question[0]
    if asked.rdclass != dns.rdataclass.IN or asked.rdtype != query.rdtype or asked.name != query.name:
        raise BadResponseError("question")
    if is_udp and asked.name.labels != query.name.labels:
        raise DoubtfulResponseError("case")


def record_of(rdata: dns.rdata.Rdata) -> Record:
    """What dnspython read, as the value that everybody else has."""
    match rdata:
        case TXT():
            return b"".join(rdata.strings)
        case MX():
            return Mx(rdata.preference, _name(rdata.exchange))
        case TLSA():
            return Tlsa(rdata.usage, rdata.selector, rdata.mtype, rdata.cert)
        case SRV():
            return Srv(rdata.priority, rdata.weight, rdata.port, _name(rdata.target))
        case CAA():
            return Caa(rdata.flags, _text(rdata.tag).lower(), _text(rdata.value))
        case PTR() | CNAME() | NS():
            return _name(rdata.target)
        case _:
            return rdata.to_text()


def _name(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower() if len(name) > 1 else ""


def _text(octets: bytes) -> str:
    """A published text; what is not US-ASCII is written out."""
    return octets.decode("ascii", "backslashreplace")
