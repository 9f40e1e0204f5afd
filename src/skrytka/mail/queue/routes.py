"""Which servers take mail for a domain: a static route, else its MX records, else its own address (RFC 5321 5.1)."""

from collections.abc import Sequence
from ipaddress import ip_address
from itertools import zip_longest
from typing import Final, NamedTuple, TypeVar

import msgspec

from skrytka.model.address import Domain
from skrytka.model.clock import Random
from skrytka.model.dns import Answer, Mx, Status
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.settings import Outbound, Route, TlsDemand
from skrytka.net.dns.resolver import Resolver

T = TypeVar("T", Route, TlsDemand)
SMTP_PORT: Final = 25
HOPS_MAX: Final = 10  # servers tried for one message in one run; a domain with a thousand MX is somebody's joke
ADDRESSES_MAX: Final = 4  # of one server
REMEMBERED_MAX: Final = 10_000  # domains whose static route is known


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """A server to try."""

    host: str  # name or IP address
    port: int = SMTP_PORT
    tls: str = "opportunistic"
    username: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    is_static: bool = False
    is_policy_asked: bool = True  # of a static one only where its route says so
    is_dane: bool = False  # its name was learnt securely, or is the domain's own: TLSA records count (RFC 7672 2.2)
    next_hops: tuple[str, ...] = ()  # the domain, and what it is an alias of: names its certificate may have


class Located(NamedTuple):
    """Where a server is, and the answers that say so."""

    addresses: list[str]
    answers: tuple[Answer, ...] = ()


class Routes:
    """Answers for domains; ``port`` is another one in tests only."""

    def __init__(
        self, settings: Outbound, resolver: Resolver, hostname: str, random: Random, *, port: int = SMTP_PORT
    ) -> None:
        self._settings = settings
        self._resolver = resolver
        self._hostname = hostname.lower()
        self._random = random
        self._port = port
        self._static: dict[str, Route | None] = {}

    def static(self, domain: Domain) -> Route | None:
        """The most exact route: the domain's own, the longest suffix, everything."""
        if domain.name not in self._static:
            if len(self._static) >= REMEMBERED_MAX:
                self._static.clear()
            self._static[domain.name] = self._most_exact(domain)
        return self._static[domain.name]

    def _most_exact(self, domain: Domain) -> Route | None:
        return most_exact(self._settings.routes, domain.name)

    def destination(self, domain: Domain) -> str:
        """What limits and connections are counted by."""
        route = self.static(domain)
        return domain.name if route is None else f"{route.host}:{route.port}"

    async def hops(self, domain: Domain) -> list[Hop]:
        """Servers, best first. TransientError(DNS_*); PermanentError when there can be none."""
        route = self.static(domain)
        if route is not None:
            return [
                Hop(
                    host=route.host,
                    port=route.port,
                    tls=route.tls,
                    username=route.username,
                    password_file=route.password_file,
                    ca_file=route.ca_file,
                    is_static=True,
                    is_policy_asked=route.is_policy_asked,
                    is_dane=route.is_policy_asked and not _is_ip(route.host),  # its name is from our own settings
                )
            ]
        if domain.is_literal:  # RFC 5321 4.1.3
            return [Hop(host=_address_of(domain), port=self._port)]
        answer = await self._resolver.query(domain, "MX")
        if answer.status is Status.NXDOMAIN:
            raise PermanentError(Reason.NO_SUCH_DOMAIN, f"the domain {domain} does not exist")
        exchanges = answer.exchanges
        if len(exchanges) == 1 and exchanges[0].exchange in {"", "."}:  # RFC 7505 3
            raise PermanentError(Reason.RELAY_DENIED, f"the domain {domain} takes no mail")
        if not exchanges:
            return [await self._implicit(domain)]
        names = self._ordered([each for each in exchanges if each.exchange not in {"", "."}], domain)
        next_hops = tuple(dict.fromkeys(name for name in (domain.name, answer.canonical) if name))
        return [
            Hop(
                host=name,
                port=self._port,
                ca_file=self._settings.ca_file,
                is_dane=answer.is_authentic and not _is_ip(name),
                next_hops=next_hops if answer.is_authentic else (),
            )
            for name in names[:HOPS_MAX]
        ]

    async def _implicit(self, domain: Domain) -> Hop:
        """RFC 5321 5.1: without MX the domain itself, if it has an address."""
        hop = Hop(
            host=domain.name,
            port=self._port,
            ca_file=self._settings.ca_file,
            is_dane=True,
            next_hops=(domain.name,),
        )
        try:
            await self.locate(hop)
        except TransientError as exc:
            if exc.reason is Reason.UNREACHABLE:
                raise PermanentError(Reason.NO_SUCH_DOMAIN, f"the domain {domain} has no mail server") from exc
            raise
        return hop

    def _ordered(self, exchanges: list[Mx], domain: Domain) -> list[str]:
        """RFC 5321 5.1: equal ones in a random order, and only what is better than ourselves."""
        own = min((each.preference for each in exchanges if each.exchange == self._hostname), default=None)
        usable = [each for each in exchanges if own is None or each.preference < own]
        if not usable:
            raise PermanentError(Reason.MAIL_LOOP, f"the mail server of {domain} is this one, which does not serve it")
        return [each.exchange for each in sorted(usable, key=lambda each: (each.preference, self._random.token(4)))]

    async def locate(self, hop: Hop) -> Located:
        """IP addresses of a server, IPv6 and IPv4 in turn: either may lead nowhere from here.

        TransientError(DNS_*), TransientError(UNREACHABLE) when it has none.
        """
        if _is_ip(hop.host):
            return Located([hop.host])
        answers: list[Answer] = []
        failure: TransientError | None = None
        for rdtype in ("AAAA", "A"):
            try:
                answers.append(await self._resolver.query(hop.host, rdtype))
            except TransientError as exc:
                failure = exc
        families = [answer.texts for answer in answers]
        found = [address for pair in zip_longest(*families) for address in pair if address is not None]
        if not found and failure is not None:
            raise failure
        if not found:
            raise TransientError(Reason.UNREACHABLE, f"{hop.host} has no address")
        return Located(found[:ADDRESSES_MAX], tuple(answers))


def most_exact(entries: Sequence[T], domain: str) -> T | None:
    """The domain's own, the longest suffix, everything."""
    found = [entry for entry in entries if _covers(entry.domain.lower(), domain)]
    return max(found, key=lambda entry: (not entry.domain.startswith((".", "*")), len(entry.domain)), default=None)


def _covers(pattern: str, name: str) -> bool:
    return pattern in {"*", name} or (pattern.startswith(".") and name.endswith(pattern))


def _address_of(literal: Domain) -> str:
    return literal.name.strip("[]").removeprefix("IPv6:")


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
