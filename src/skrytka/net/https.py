"""Requests to other servers over HTTPS: only with a certificate that is right, bounded in size and time.

One connection a request. Who answers is looked up by our own resolver, so a demo reaches nobody.
"""

import contextlib
import ipaddress
import re
import ssl
from typing import Final, Self

import msgspec

from skrytka.model.engine import DisconnectedError
from skrytka.model.errors import PermanentError, Reason, RemoteProtocolError, TransientError
from skrytka.net.client_tls import ClientTls
from skrytka.net.connection import Connection
from skrytka.net.dialer import Dial
from skrytka.net.dns.resolver import Resolver
from skrytka.net.tls_pipe import TlsPipe
from skrytka.protocol.http.client import HttpClient, Received, Sent

ADDRESSES_MAX: Final = 4  # tried one after another
PORT: Final = 443
_URL = re.compile(
    r"https://(?P<host>[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?(?P<path>/[\x21-\x22\x24-\x7e]*)?"
)


class Url(msgspec.Struct, frozen=True):
    """An ``https`` URL, taken apart; nothing else exists here."""

    host: str  # in lower case; an address without brackets
    port: int
    path: str  # with its query

    @classmethod
    def parse(cls, text: str) -> Self:
        """PermanentError(BAD_SYNTAX) for anything else: another scheme, a user, a fragment."""
        found = _URL.fullmatch(text) if len(text) <= 2048 else None
        port = int((found and found["port"]) or PORT)
        if found is None or not 0 < port < 65536:
            raise PermanentError(Reason.BAD_SYNTAX, f"{text[:100]!r} is no https URL")
        return cls(found["host"].lower().strip("[]"), port, found["path"] or "/")

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORT else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"https://{self.authority}{self.path}"


class UntrustedError(TransientError):
    """The server's certificate is not right."""


class Https:
    """The client of one event loop; ``ca_file`` instead of the authorities of this machine."""

    def __init__(self, dial: Dial, resolver: Resolver, tls: ClientTls, *, ca_file: str | None = None) -> None:
        self._dial = dial
        self._resolver = resolver
        self._tls = tls
        self._ca_file = ca_file

    async def ask(
        self,
        url: Url,
        *,
        method: str = "GET",
        fields: tuple[tuple[str, str], ...] = (),
        body: bytes | None = None,
        seconds: float,
        body_max: int,
    ) -> Received:
        """The response, whatever its status. What keeps it from coming is TransientError; no redirect is followed."""
        conn = await self._connected(url, seconds)
        try:
            engine = HttpClient(body_max=body_max)
            await conn.send(engine.send(Sent(method, url.authority, url.path, fields, body)))
            async for event in conn.events(engine):
                if isinstance(event, Received):
                    return event
                break  # late, or the process ends
            raise TransientError(Reason.TIMEOUT, f"{url.host} did not answer within {seconds:.0f} s")
        except (RemoteProtocolError, DisconnectedError) as exc:
            raise TransientError(Reason.UNREACHABLE, f"{url.host}: {str(exc) or 'the connection broke'}") from exc
        finally:
            conn.abort()

    async def _connected(self, url: Url, seconds: float) -> Connection:
        failure: TransientError | None = None
        for address in await self._addresses(url.host):
            try:
                conn = await self._dial.connect(address, url.port, seconds=seconds)
            except TransientError as exc:
                failure = exc
                continue
            try:
                await self._start_tls(conn, url, seconds)
            except TransientError as exc:
                conn.abort()
                failure = exc
            except BaseException:
                conn.abort()
                raise
            else:
                return conn
        raise failure or TransientError(Reason.UNREACHABLE, f"{url.host} has no address in DNS")

    async def _start_tls(self, conn: Connection, url: Url, seconds: float) -> None:
        conn.deadline(seconds)
        context = self._tls.context(is_verified=True, ca_file=self._ca_file, is_common_name_taken=False)
        pipe = TlsPipe(context, is_server=False, server_hostname=url.host)
        try:
            await conn.start_tls(pipe)
        except (RemoteProtocolError, DisconnectedError) as exc:
            if isinstance(exc.__cause__, ssl.SSLCertVerificationError):
                raise UntrustedError(Reason.UNREACHABLE, f"{url.host}: {exc.__cause__.verify_message}") from exc
            raise TransientError(Reason.UNREACHABLE, f"{url.host}: {str(exc) or 'no TLS'}") from exc

    async def _addresses(self, host: str) -> tuple[str, ...]:
        """What DNS does not say of one family hinders nobody who has an address of the other."""
        with contextlib.suppress(ValueError):
            return (str(ipaddress.ip_address(host)),)
        found: list[str] = []
        failure: TransientError | None = None
        for rdtype in ("A", "AAAA"):
            try:
                found += (await self._resolver.query(host, rdtype)).texts
            except TransientError as exc:
                failure = exc
            except PermanentError:  # what is no name has no address
                continue
        if failure is not None and not found:
            raise failure
        return tuple(found[:ADDRESSES_MAX])
