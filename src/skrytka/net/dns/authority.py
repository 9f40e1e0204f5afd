"""Asks each name server of a zone by itself, without recursion, and by TCP, where nobody forges answers from afar.

Whom it asks is for the owner of the domain to say, and that need not be who runs this server: nobody is asked at an
address of ours or of a network behind us, and an answer is no longer than those of honest servers.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.RRSIG import RRSIG
from dns.rdtypes.ANY.SOA import SOA

from skrytka.model.dns import Server
from skrytka.model.errors import PermanentError, TransientError
from skrytka.net.dns.resolver import Resolver
from skrytka.net.dns.weight import HEAVY, weight
from skrytka.net.facts import Networks, normalise
from skrytka.net.outside import is_public
from skrytka.protocol.published.wanted import ServerView, Signature

PORT: Final = 53
SERVERS_MAX: Final = 13  # of one zone
ADDRESSES_MAX: Final = 2  # of one server
ASK_S: Final = 5.0
ANSWER_MAX: Final = 16 * 1024  # octets: to read the longest that TCP carries takes a tenth of a second
SIGNATURES_MAX: Final = 50
_LOOKED_AT: Final = (dns.rdatatype.SOA, dns.rdatatype.MX, dns.rdatatype.TXT)
_BROKEN: Final = (OSError, EOFError, TimeoutError, dns.exception.DNSException, ValueError)


class Authority:
    """Who is asked is found by the resolver; ``port`` is another one in tests only."""

    def __init__(self, resolver: Resolver, *, port: int = PORT, networks: Networks) -> None:
        """``networks``: where servers are asked beside public addresses."""
        self._resolver = resolver
        self._networks = networks
        self._port = port

    async def views(self, domain: str) -> tuple[ServerView, ...]:
        """One for each address of each server; empty when nobody says who they are."""
        try:
            zone, names = await self._servers(domain)
            found = await asyncio.gather(*(self._of(name, zone, domain) for name in names[:SERVERS_MAX]))
        except TransientError:
            return ()
        return tuple(view for views in found for view in views)

    async def _servers(self, domain: str) -> tuple[str, Sequence[str]]:
        """The zone that the domain lies in, and its servers."""
        zone = domain
        while "." in zone:  # those of a top-level domain answer for nobody here
            answer = await self._resolver.query(zone, "NS")
            if answer.texts and not answer.canonical:
                return zone, sorted(answer.texts)
            zone = zone.partition(".")[2]
        return "", ()

    async def _of(self, name: str, zone: str, domain: str) -> list[ServerView]:
        addresses: list[str] = []
        for rdtype in ("A", "AAAA"):
            try:
                addresses += (await self._resolver.query(name, rdtype)).texts[:ADDRESSES_MAX]
            except (TransientError, PermanentError):  # also what is no name
                continue
        if not addresses:
            return [ServerView(name=name, failure="it has no address")]
        return list(await asyncio.gather(*(self._view(name, address, zone, domain) for address in addresses)))

    async def _view(self, name: str, address: str, zone: str, domain: str) -> ServerView:
        ip = normalise(address)
        if not (is_public(ip) or ip in self._networks):
            return ServerView(name=name, address=address, failure="not a public address")
        try:
            async with asyncio.timeout(ASK_S):
                soa, mx, txt = await _ask(Server(address, self._port), [zone, domain, domain])
        except _BROKEN as exc:
            return ServerView(name=name, address=address, failure=str(exc) or "no answer")
        lame = [each for each in (soa, mx, txt) if not each.flags & dns.flags.AA or each.rcode() != dns.rcode.NOERROR]
        serial = next((each.serial for each in _records(soa, dns.rdatatype.SOA) if isinstance(each, SOA)), 0)
        if lame or not serial:
            return ServerView(name=name, address=address, failure="not responsible", is_lame=True)
        return ServerView(
            name=name,
            address=address,
            serial=serial,
            mx=_texts(mx, dns.rdatatype.MX),
            txt=_texts(txt, dns.rdatatype.TXT),
            signatures=tuple(each for answer in (soa, mx, txt) for each in _signatures(answer))[:SIGNATURES_MAX],
        )


async def _ask(server: Server, names: Sequence[str]) -> list[dns.message.Message]:
    """SOA, MX and TXT of these names over one connection; the messages of which no answer came break it off."""
    reader, writer = await asyncio.open_connection(server.address, server.port)
    try:
        found = []
        for name, rdtype in zip(names, _LOOKED_AT, strict=True):
            query = dns.message.make_query(dns.name.from_text(name), rdtype, want_dnssec=True, flags=0)
            data = query.to_wire()
            writer.write(len(data).to_bytes(2, "big") + data)
            length = int.from_bytes(await reader.readexactly(2), "big")
            if length > ANSWER_MAX:
                raise ValueError("an answer that is too long")
            octets = await reader.readexactly(length)
            if weight(octets) > HEAVY:
                raise ValueError("an answer that takes too long to read")
            answer = await asyncio.to_thread(dns.message.from_wire, octets)
            if not query.is_response(answer):
                raise ValueError("an answer to another question")
            found.append(answer)
        return found
    finally:
        writer.close()


def _records(answer: dns.message.Message, rdtype: dns.rdatatype.RdataType) -> list[object]:
    return [each for rrset in answer.answer if rrset.rdtype == rdtype for each in rrset]


def _texts(answer: dns.message.Message, rdtype: dns.rdatatype.RdataType) -> tuple[str, ...]:
    """In one spelling and order, so that they can be compared."""
    return tuple(sorted(each.to_text().lower() for rrset in answer.answer if rrset.rdtype == rdtype for each in rrset))


def _signatures(answer: dns.message.Message) -> list[Signature]:
    return [
        Signature(dns.rdatatype.to_text(each.type_covered), int(each.algorithm), each.expiration)
        for each in _records(answer, dns.rdatatype.RRSIG)
        if isinstance(each, RRSIG)
    ]
