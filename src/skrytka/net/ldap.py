"""Connections to a directory: never in clear, the certificate proven, everything bounded in time and size.

``ldaps://`` is TLS from the first octet, ``ldap://`` begins with StartTLS (RFC 4511 4.14) and goes nowhere without it.
References to other servers are not followed: who answers would be chosen by the directory, and be told passwords.
"""

import contextlib
import ipaddress
import re
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, Self

import msgspec

from skrytka.model.clock import Clock
from skrytka.model.engine import DisconnectedError
from skrytka.model.errors import PermanentError, Reason, RemoteProtocolError, TransientError
from skrytka.model.secret import Secret
from skrytka.net.client_tls import ClientTls
from skrytka.net.connection import Connection
from skrytka.net.dialer import Dial
from skrytka.net.dns.resolver import Resolver
from skrytka.net.tls_pipe import TlsPipe
from skrytka.protocol.ldap import messages
from skrytka.protocol.ldap.client import LdapClient
from skrytka.protocol.ldap.filters import Filter
from skrytka.protocol.ldap.messages import Entry, Result

PAGE: Final = 500
REST_S: Final = 5.0  # so long a directory that nobody reached is not tried again: others' logins wait behind each try
ENTRIES_MAX: Final = 100_000
_URL = re.compile(
    r"(?P<scheme>ldaps?)://(?P<host>[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?/?"
)


class LdapUrl(msgspec.Struct, frozen=True):
    """One server."""

    host: str
    port: int
    is_implicit_tls: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """PermanentError(BAD_SYNTAX) for anything but a scheme, a host and a port."""
        found = _URL.fullmatch(text)
        is_implicit = bool(found and found["scheme"] == "ldaps")
        port = int((found and found["port"]) or (636 if is_implicit else 389))
        if found is None or not 0 < port < 65536:
            raise PermanentError(Reason.BAD_SYNTAX, f"{text[:100]!r} is no LDAP server: ldaps://host[:port] or ldap://")
        return cls(found["host"].lower().strip("[]"), port, is_implicit)

    def __str__(self) -> str:
        return f"{'ldaps' if self.is_implicit_tls else 'ldap'}://{self.host}:{self.port}"


class LdapConnection:
    """One connection, one operation at a time. Everything that goes wrong on it is TransientError."""

    def __init__(self, conn: Connection, url: LdapUrl, seconds: float) -> None:
        self._conn = conn
        self._url = url
        self._seconds = seconds
        self._engine = LdapClient()

    async def start_tls(self) -> None:
        """Ask for TLS; without it nothing is sent."""
        result = (await self._ask(messages.start_tls(self._engine.next_number())))[1]
        if result.code != messages.SUCCESS:
            raise self._failed(result, "no StartTLS")

    async def secure(self, context: ssl.SSLContext) -> None:
        self._conn.deadline(self._seconds)
        pipe = TlsPipe(context, is_server=False, server_hostname=self._url.host)
        try:
            self._engine.tls_started(await self._conn.start_tls(pipe))
        except (RemoteProtocolError, DisconnectedError) as exc:
            cause = exc.__cause__
            why = cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else str(exc) or "no TLS"
            raise TransientError(Reason.UNREACHABLE, f"{self._url}: {why}") from exc

    async def bind(self, dn: str, password: Secret) -> bool:
        """Whether it is right. An empty password never is, whatever the server would say.

        An entry that is gone or locked is let in by no password: were it an error, its tries would count for nothing.
        """
        if not len(password) or not dn:
            return False
        result = (await self._ask(messages.bind(self._engine.next_number(), dn, password)))[1]
        if result.code == messages.SUCCESS:
            return True
        if result.code in messages.NOT_LET_IN:
            return False
        raise self._failed(result, "bind")

    async def search(
        self,
        base: str,
        filter_: Filter,
        values: Mapping[str, str],
        attributes: Sequence[str],
        *,
        entries_max: int = ENTRIES_MAX,
        is_base: bool = False,
    ) -> list[Entry]:
        """All that is found, page by page (RFC 2696); PermanentError(TOO_MANY) beyond ``entries_max``.

        ``is_base``: in ``base`` itself; nothing where there is no such entry.

        So many pages at most that half of them may be empty: a server that has ever another one keeps nobody for ever.
        """
        asked = messages.Asked(base, filter_, values, tuple(attributes), max(1, int(self._seconds)), is_base)
        found: list[Entry] = []
        cookie, size = b"", min(PAGE, entries_max + 1)
        for _ in range(2 * (entries_max // size + 1)):
            entries, result = await self._ask(messages.search(self._engine.next_number(), asked, size, cookie), size)
            found += entries
            if len(found) > entries_max:
                raise PermanentError(Reason.TOO_MANY, f"{self._url}: more than {entries_max} entries")
            if is_base and result.code == messages.NO_SUCH_OBJECT:
                return []
            if result.code not in (messages.SUCCESS, messages.REFERRAL):
                raise self._failed(result, "search")
            cookie = result.cookie
            if not cookie:
                return found
        raise TransientError(Reason.UNREACHABLE, f"{self._url}: a search without end")

    async def _ask(self, request: bytes, entries_max: int = 0) -> tuple[list[Entry], Result]:
        """What is found, and how it ended; more than was asked for is no answer."""
        self._conn.deadline(self._seconds)
        found: list[Entry] = []
        try:
            await self._conn.send(request)
            async for event in self._conn.events(self._engine):
                match event:
                    case Entry():
                        found.append(event)
                        if len(found) > entries_max:
                            raise TransientError(Reason.UNREACHABLE, f"{self._url}: more than was asked for")
                    case Result():
                        return found, event
                    case messages.Elsewhere():
                        pass
                    case _:
                        raise TransientError(Reason.TIMEOUT, f"{self._url} did not answer in time")
        except (RemoteProtocolError, DisconnectedError) as exc:
            raise TransientError(Reason.UNREACHABLE, f"{self._url}: {str(exc) or 'the connection broke'}") from exc
        raise TransientError(Reason.UNREACHABLE, f"{self._url}: the connection broke")

    def _failed(self, result: Result, what: str) -> TransientError:
        said = result.said[:200] if result.said.isprintable() else ""
        return TransientError(Reason.UNREACHABLE, f"{self._url}: {what}: result {result.code} {said}".rstrip())


class Ldap:
    """Servers of one directory, asked in their order until one can be spoken to."""

    def __init__(
        self,
        urls: Sequence[LdapUrl],
        dial: Dial,
        resolver: Resolver,
        tls: ClientTls,
        clock: Clock,
        *,
        ca_file: str | None = None,
        seconds: float = 5.0,
    ) -> None:
        self._urls = urls
        self._dial = dial
        self._resolver = resolver
        self._tls = tls
        self._clock = clock
        self._ca_file = ca_file
        self._seconds = seconds
        self._failure: TransientError | None = None
        self._rests_until_s = float("-inf")

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[LdapConnection]:
        """A connection under TLS, nobody bound yet; TransientError when no server can be reached."""
        if self._failure is not None and self._clock.monotonic_s() < self._rests_until_s:
            raise TransientError(self._failure.reason, self._failure.detail)
        try:
            conn, made = await self._first()
        except TransientError as exc:
            self._rest(exc)
            raise
        try:
            yield made
        except TransientError as exc:
            if exc.reason is Reason.TIMEOUT:
                self._rest(exc)
            raise
        finally:
            conn.abort()

    def _rest(self, failure: TransientError) -> None:
        self._failure, self._rests_until_s = failure, self._clock.monotonic_s() + REST_S

    async def _first(self) -> tuple[Connection, LdapConnection]:
        failure: TransientError | None = None
        for url in self._urls:
            for address in await self._addresses(url.host):
                try:
                    return await self._connect(url, address)
                except TransientError as exc:
                    failure = exc
        raise failure or TransientError(Reason.UNREACHABLE, "no server of the directory has an address")

    async def _connect(self, url: LdapUrl, address: str) -> tuple[Connection, LdapConnection]:
        conn = await self._dial.connect(address, url.port, seconds=self._seconds)
        made = LdapConnection(conn, url, self._seconds)
        try:
            context = self._tls.context(is_verified=True, ca_file=self._ca_file, is_common_name_taken=False)
            if not url.is_implicit_tls:
                await made.start_tls()
            await made.secure(context)
        except BaseException:
            conn.abort()
            raise
        return conn, made

    async def _addresses(self, host: str) -> tuple[str, ...]:
        with contextlib.suppress(ValueError):
            return (str(ipaddress.ip_address(host)),)
        found: list[str] = []
        for rdtype in ("A", "AAAA"):
            with contextlib.suppress(PermanentError, TransientError):
                found += (await self._resolver.query(host, rdtype)).texts
        return tuple(found)
