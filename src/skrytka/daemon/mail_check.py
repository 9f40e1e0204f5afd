"""Who a message in a file is from, for ``skrytka check``: what the server asks about mail that comes in.

Only header lines are read here. From is taken apart by an inspector in its sandbox, as everywhere else; it is started
when the first message with a From comes (0.15 s) and serves all files of the command.
"""

import contextlib
from collections.abc import AsyncIterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from subprocess import Popen
from types import TracebackType
from typing import BinaryIO, Final, Self

import msgspec

from skrytka.daemon import config
from skrytka.daemon.layout import Layout
from skrytka.daemon.mail_file import MailFile
from skrytka.daemon.resolver import resolver_of
from skrytka.inspect.client import Death, InspectorPool, PoolLimits
from skrytka.inspect.inspector import Inspector
from skrytka.inspect.spawn import start_zygote
from skrytka.inspect.wire import INLINE_MAX_BYTES
from skrytka.mail.delivery.incoming import scan_header
from skrytka.model.address import AddressError, Domain
from skrytka.model.clock import Clock
from skrytka.model.settings import Dns
from skrytka.net.dns.drive import drive
from skrytka.net.dns.resolver import Resolver
from skrytka.net.dns.zone import StaticZone
from skrytka.protocol.mailauth.author import Author, author_of
from skrytka.protocol.mailauth.dkim.body import BodyHasher
from skrytka.protocol.mailauth.dkim.header import Header
from skrytka.protocol.mailauth.facts import MessageFacts, message_facts
from skrytka.protocol.mailauth.message import check_message, read_signed
from skrytka.protocol.mailauth.query import Check
from skrytka.protocol.mailauth.spf.check import check_host
from skrytka.protocol.mailauth.spf.identity import POSTMASTER
from skrytka.protocol.mailauth.spf.result import Identity, SpfResult
from skrytka.store.system import SystemClock, SystemRandom

AUTHSERV_ID: Final = "localhost"  # in the field that is shown: nobody is to take it for a server's
DNS_S: Final = 60.0  # for all questions about a message
FROM_FIELDS_MAX: Final = 2  # taken apart: more are as wrong as two


class Session(msgspec.Struct, frozen=True):
    """Who is assumed to have sent the messages; ``mail_from`` "" is the null reverse path (RFC 7208 2.4)."""

    ip: IPv4Address | IPv6Address
    helo: str
    mail_from: str

    def identity(self) -> Identity:
        """As it was typed: what no parser of a session of ours would let through has to have a result too."""
        if not self.mail_from:
            return Identity("helo", POSTMASTER, _a_labels(self.helo))
        local, _, domain = self.mail_from.rpartition("@")
        return Identity("mfrom", local or POSTMASTER, _a_labels(domain))


class OwnInspector:
    """The inspector of a process that is no server; closed with the block, whatever happens."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pool: InspectorPool | None = None
        self._process: Popen[bytes] | None = None

    def get(self) -> Inspector:
        if self._pool is None:
            self._process, zygote = start_zygote()
            self._pool = InspectorPool(1, self._clock, self, PoolLimits(wait_s=10.0))
            self._pool.attach(zygote)
        return self._pool

    def inspector_died(self, death: Death) -> None:
        """The job says it."""

    def inspector_exited(self, pid: int, status: int) -> None:
        """Nobody asks."""

    def zygote_lost(self) -> None:
        """What waits fails when its time is over."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class MailChecker:
    """One after the other; ``now_s`` is when the messages are taken to have come in."""

    def __init__(
        self, resolver: Resolver, inspector: OwnInspector, clock: Clock, now_s: int, session: Session | None
    ) -> None:
        self._resolver = resolver
        self._inspector = inspector
        self._clock = clock
        self._now_s = now_s
        self._session = session

    async def check(self, stream: BinaryIO) -> MessageFacts:
        """OSError, PermanentError(TOO_LARGE), and what ``Inspector`` raises; a message is never at fault."""
        file = MailFile(stream)
        signed = read_signed(scan_header(file.header).fields)
        hasher = BodyHasher(signed.body_specs)
        for piece in file.body():
            hasher.feed(piece)
        author = await self._author(signed.header)
        check = check_message(signed, hasher.finish(), self._now_s, author, self._spf())
        results = await drive(check, self._resolver, self._clock, seconds=DNS_S)
        return message_facts(results, AUTHSERV_ID, sets=len(signed.header.named(b"arc-seal")))

    async def _author(self, header: Header) -> Author:
        fields = header.named(b"from")
        return author_of([await self._domains(field) for field in fields[:FROM_FIELDS_MAX]])

    async def _domains(self, field: bytes) -> list[bytes] | None:
        value = field.partition(b":")[2]
        if len(value) > INLINE_MAX_BYTES:
            return None
        found = await self._inspector.get().mailboxes(value)
        return None if found is None else [each.domain for each in found]

    def _spf(self) -> Check[SpfResult] | None:
        session = self._session
        if session is None:
            return None
        return check_host(session.identity(), ip=session.ip, helo=session.helo, now_s=self._now_s)


@contextlib.asynccontextmanager
async def checker(
    layout: Layout, zone: Path | None, session: Session | None, now_s: int | None
) -> AsyncIterator[MailChecker]:
    """With the zone alone, else with the resolvers of the installation, else with the system's.

    PermanentError(BAD_CONFIG): a zone or settings that cannot be used.
    """
    clock = SystemClock()
    resolver = StaticZone.load(zone) if zone is not None else _resolver(layout, clock)
    with OwnInspector(clock) as inspector:
        yield MailChecker(resolver, inspector, clock, now_s or clock.now_ms() // 1000, session)


def _resolver(layout: Layout, clock: Clock) -> Resolver:
    try:
        settings = config.load(layout.config).settings.dns if layout.config.is_file() else Dns()
    except PermissionError:
        settings = Dns()
    return resolver_of(settings, layout, clock, SystemRandom())


def _a_labels(domain: str) -> str:
    """RFC 8616 4; what is no domain is for SPF to judge."""
    try:
        return domain if domain.isascii() else Domain.parse(domain).name
    except AddressError:
        return domain
