"""A stub resolver: asks the configured recursive resolvers, best one that validates, on loopback.

What it does against forged answers (RFC 5452): a fresh socket for each question, so a random source port; random id
and letter case; connected, so only the server's packets arrive; packets that do not fit are passed over, and TCP is
asked after some of them. The AD bit counts only from a resolver on this machine: on a wire anybody can set it.
"""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import dns.exception
import dns.name
import dns.rdatatype

from skrytka.model.address import Domain
from skrytka.model.clock import Clock, Random
from skrytka.model.dns import Answer, Server
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.net.dns import wire
from skrytka.net.dns.cache import Cache, Key
from skrytka.net.dns.weight import HEAVY, LIGHT, MalformedError, weight

ROUNDS = 2  # how often each server is asked
MISFITS_MAX = 4  # packets that do not fit before TCP is asked: somebody may be guessing
_RECEIVE_BYTES = 4096


def system_servers(path: Path) -> tuple[Server, ...]:
    """The ``nameserver`` lines of resolv.conf (resolv.conf(5)): three at most, this machine if there is none."""
    servers = []
    with contextlib.suppress(OSError):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            words = line.split()
            if len(words) >= 2 and words[0] == "nameserver":
                with contextlib.suppress(ValueError):
                    servers.append(Server(str(ipaddress.ip_address(words[1].partition("%")[0]))))
    return tuple(servers[:3]) or (Server("127.0.0.1"),)


class _LeaderGoneError(Exception):
    """Whoever asked for all of us was cancelled: somebody else has to."""


class StubResolver:
    """A :class:`Resolver` with cache; equal questions at the same time are asked once."""

    def __init__(
        self,
        servers: Sequence[Server],
        clock: Clock,
        random: Random,
        *,
        timeout_s: float = 3.0,
        cache: Cache | None = None,
    ) -> None:
        self._servers = tuple(servers)
        self._random = random
        self._try_s = timeout_s / max(1, ROUNDS * len(self._servers))
        self._cache = Cache(clock) if cache is None else cache
        self._asking: dict[Key, asyncio.Future[Answer]] = {}

    async def query(self, name: Domain | str, rdtype: str) -> Answer:
        """As :meth:`Resolver.query`; all tries together take ``timeout_s`` at most."""
        parsed, text = _named(str(name))
        key = (text, rdtype.upper())
        while True:
            if (answer := self._cache.get(key)) is not None:
                return answer
            under_way = self._asking.get(key)
            if under_way is None:
                return await self._lead(key, parsed)
            with contextlib.suppress(_LeaderGoneError):
                return await asyncio.shield(under_way)

    def known(self, name: str, rdtype: str) -> Answer | None:
        """What is remembered; None for nothing, for no name, and for what nobody could answer a moment ago."""
        try:
            return self._cache.get((_named(name)[1], rdtype))
        except (TransientError, PermanentError):
            return None

    @property
    def names(self) -> tuple[str, ...]:
        """Whom it asks."""
        return tuple(server.address for server in self._servers)

    async def is_validating(self) -> bool:
        """Whether a resolver on this machine proves the signed root. TransientError as :meth:`query`; never cached."""
        return (await self._ask_all(dns.name.root, dns.rdatatype.SOA)).is_authentic

    async def _lead(self, key: Key, name: dns.name.Name) -> Answer:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asking[key] = future
        try:
            answer = await self._ask_all(name, _rdtype(key[1]))
        except TransientError as exc:
            self._cache.put_failure(key, exc.reason)
            future.set_exception(exc)
            raise
        except BaseException:
            future.set_exception(_LeaderGoneError())
            raise
        else:
            self._cache.put(key, answer)
            future.set_result(answer)
            return answer
        finally:
            del self._asking[key]
            if future.done() and not future.cancelled():
                future.exception()  # looked at, though nobody may have waited

    async def _ask_all(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Answer:
        failure = ""
        for _ in range(ROUNDS):
            for server in self._servers:
                try:
                    async with asyncio.timeout(self._try_s):
                        return await self._ask(server, name, rdtype)
                except TimeoutError:
                    continue
                except (OSError, EOFError, wire.ServerFailureError, wire.BadResponseError) as exc:
                    failure = str(exc) or type(exc).__name__
        if failure:
            raise TransientError(Reason.DNS_FAILURE, failure)
        raise TransientError(Reason.DNS_TIMEOUT, f"{len(self._servers)} resolvers did not answer")

    async def _ask(self, server: Server, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Answer:
        query = wire.make_query(name, rdtype, self._random)
        answer = await _ask_udp(server, query)
        return answer if answer is not None else await _ask_tcp(server, query)


async def _ask_udp(server: Server, query: wire.Query) -> Answer | None:
    """None when TCP has to be asked: truncated, wrong case, or too many packets that do not fit."""
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in server.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)  # noqa: FBT003 - the method knows no name for it
        sock.connect((server.address, server.port))
        sock.send(query.data)
        for _ in range(MISFITS_MAX):
            data = await loop.sock_recv(sock, _RECEIVE_BYTES)
            try:
                if wire.is_truncated(data):
                    return None  # forged or not: TCP tells
                return await _read(query, data, is_udp=True, is_trusted=server.is_loopback)
            except wire.DoubtfulResponseError:
                return None
            except wire.BadResponseError:
                continue
    return None


async def _ask_tcp(server: Server, query: wire.Query) -> Answer:
    """RFC 7766: two octets of length, then the message."""
    reader, writer = await asyncio.open_connection(server.address, server.port)
    try:
        writer.write(len(query.data).to_bytes(2, "big") + query.data)
        length = int.from_bytes(await reader.readexactly(2), "big")
        data = await reader.readexactly(length)
    finally:
        writer.close()
    return await _read(query, data, is_udp=False, is_trusted=server.is_loopback)


async def _read(query: wire.Query, data: bytes, *, is_udp: bool, is_trusted: bool) -> Answer:
    """As :func:`wire.read_response`; what takes longer than the loop may wait is read in a thread, or not at all."""
    if data[:2] != query.data[:2]:
        raise wire.BadResponseError("id")
    try:
        cost = weight(data)
    except MalformedError as exc:
        raise wire.DoubtfulResponseError("not parsed") from exc
    if cost > HEAVY:
        raise wire.DoubtfulResponseError("more than anybody needs to know")
    if cost <= LIGHT:
        return wire.read_response(query, data, is_udp=is_udp, is_trusted=is_trusted)
    return await asyncio.to_thread(wire.read_response, query, data, is_udp=is_udp, is_trusted=is_trusted)


@lru_cache(maxsize=2048)  # the same few names are asked for again and again, and to read one costs 20 µs
def _named(name: str) -> tuple[dns.name.Name, str]:
    parsed = wire.parse_name(name)
    return parsed, parsed.to_text()


def _rdtype(text: str) -> dns.rdatatype.RdataType:
    try:
        return dns.rdatatype.from_text(text)
    except (dns.exception.DNSException, ValueError) as exc:
        raise PermanentError(Reason.BAD_SYNTAX, f"no record type {text!r}") from exc
