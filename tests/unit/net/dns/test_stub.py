"""Against a small name server on loopback: the kernel's sockets, ports and refusals are part of what is tested."""

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.dns import Answer, Server, Status
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.net.dns.stub import MISFITS_MAX, ROUNDS, StubResolver, system_servers
from tests.unit.net.harness import Run

Respond = Callable[[dns.message.Message, bool], list[bytes]]


class SystemRandom:
    def token(self, length: int) -> bytes:
        return secrets.token_bytes(length)


def good(query: dns.message.Message, address: str = "192.0.2.1", ttl: int = 60) -> dns.message.Message:
    response = dns.message.make_response(query)
    response.flags |= dns.flags.AD
    response.answer.append(dns.rrset.from_text(query.question[0].name, ttl, "IN", "A", address))
    return response


class NameServer(asyncio.DatagramProtocol):
    """Answers over UDP and TCP with what ``respond(query, is_tcp)`` makes."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.asked: list[bool] = []  # is_tcp
        self.ports: list[int] = []
        self.server = Server("127.0.0.1", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked.append(False)
        self.ports.append(addr[1])
        for response in self.respond(dns.message.from_wire(data), False):
            self._transport.sendto(response, addr)

    async def serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            length = int.from_bytes(await reader.readexactly(2), "big")
            query = dns.message.from_wire(await reader.readexactly(length))
            self.asked.append(True)
            for response in self.respond(query, True):
                writer.write(len(response).to_bytes(2, "big") + response)
        writer.close()


@contextlib.asynccontextmanager
async def name_server(respond: Respond) -> AsyncIterator[NameServer]:
    loop = asyncio.get_running_loop()
    ns = NameServer(respond)
    tcp = await asyncio.start_server(ns.serve_tcp, "127.0.0.1", 0)
    port = tcp.sockets[0].getsockname()[1]
    udp, _ = await loop.create_datagram_endpoint(lambda: ns, local_addr=("127.0.0.1", port))
    ns.server = Server("127.0.0.1", port)
    try:
        async with tcp:
            yield ns
    finally:
        udp.close()
        await asyncio.sleep(0)  # the transport closes its socket in the next turn of the loop
        await asyncio.sleep(0)


def resolver(*servers: NameServer, clock: FixedClock | None = None, timeout_s: float = 5.0) -> StubResolver:
    return StubResolver([ns.server for ns in servers], clock or FixedClock(), SystemRandom(), timeout_s=timeout_s)


def simple(query: dns.message.Message, is_tcp: bool) -> list[bytes]:
    return [good(query).to_wire()]


def test_an_answer_is_found_with_its_ad_bit_and_then_comes_from_the_cache(run: Run) -> None:
    async def main() -> None:
        async with name_server(simple) as ns:
            stub = resolver(ns)
            for name in ("mail.example.net", "MAIL.example.NET."):
                assert await stub.query(name, "a") == Answer(
                    Status.NOERROR, ("192.0.2.1",), is_authentic=True, ttl_s=60
                )
            assert ns.asked == [False]

    run(main())


def test_the_cache_forgets_when_the_ttl_is_over(run: Run) -> None:
    async def main() -> None:
        clock = FixedClock()
        async with name_server(simple) as ns:
            stub = resolver(ns, clock=clock)
            for passed_s, asked in ((0.0, 1), (59.0, 1), (2.0, 2)):
                clock.advance(passed_s)
                await stub.query("mail.example.net", "A")
                assert len(ns.asked) == asked

    run(main())


def test_a_name_that_does_not_exist_is_remembered_for_the_soas_minimum(run: Run) -> None:
    def nxdomain(query: dns.message.Message, is_tcp: bool) -> list[bytes]:
        response = dns.message.make_response(query)
        response.set_rcode(dns.rcode.NXDOMAIN)
        soa = dns.rrset.from_text("example.net.", 600, "IN", "SOA", "ns.example.net. h.example.net. 1 2 3 4 30")
        response.authority.append(soa)
        return [response.to_wire()]

    async def main() -> None:
        clock = FixedClock()
        async with name_server(nxdomain) as ns:
            stub = resolver(ns, clock=clock)
            for passed_s, asked in ((0.0, 1), (29.0, 1), (2.0, 2)):
                clock.advance(passed_s)
                assert (await stub.query("no.example.net", "A")).status is Status.NXDOMAIN
                assert len(ns.asked) == asked

    run(main())


def test_a_truncated_answer_is_fetched_over_tcp(run: Run) -> None:
    def truncated(query: dns.message.Message, is_tcp: bool) -> list[bytes]:
        if is_tcp:
            return [good(query).to_wire()]
        response = dns.message.make_response(query)
        response.flags |= dns.flags.TC
        return [response.to_wire()]

    async def main() -> None:
        async with name_server(truncated) as ns:
            assert (await resolver(ns).query("mail.example.net", "A")).records == ("192.0.2.1",)
            assert ns.asked == [False, True]

    run(main())


def forged(query: dns.message.Message) -> bytes:
    response = good(query, "198.51.100.66")
    response.id = query.id ^ 1
    return response.to_wire()


def test_a_packet_with_another_id_is_passed_over(run: Run) -> None:
    async def main() -> None:
        async with name_server(lambda query, is_tcp: [forged(query), b"", good(query).to_wire()]) as ns:
            assert (await resolver(ns).query("mail.example.net", "A")).records == ("192.0.2.1",)
            assert ns.asked == [False]

    run(main())


def test_after_some_packets_that_do_not_fit_tcp_is_asked(run: Run) -> None:
    def guessing(query: dns.message.Message, is_tcp: bool) -> list[bytes]:
        return [good(query).to_wire()] if is_tcp else [forged(query)] * MISFITS_MAX

    async def main() -> None:
        async with name_server(guessing) as ns:
            assert (await resolver(ns).query("mail.example.net", "A")).records == ("192.0.2.1",)
            assert ns.asked == [False, True]

    run(main())


def test_a_server_that_loses_the_letter_case_is_asked_over_tcp(run: Run) -> None:
    def lower(query: dns.message.Message, is_tcp: bool) -> list[bytes]:
        response = good(query)
        response.question = [dns.rrset.from_text("mail.example.net.", 0, "IN", "A")]
        return [response.to_wire()]

    async def main() -> None:
        async with name_server(lower) as ns:
            assert (await resolver(ns).query("mail.example.net", "A")).records == ("192.0.2.1",)
            assert ns.asked == [False, True]

    run(main())


def servfail(query: dns.message.Message, is_tcp: bool) -> list[bytes]:
    response = dns.message.make_response(query)
    response.set_rcode(dns.rcode.SERVFAIL)
    return [response.to_wire()]


def drop(query: dns.message.Message, is_tcp: bool) -> list[bytes]:
    return []


@pytest.mark.parametrize(
    ("respond", "reason"), [(servfail, Reason.DNS_FAILURE), (drop, Reason.DNS_TIMEOUT)], ids=["servfail", "drop"]
)
def test_without_an_answer_there_is_an_error_and_it_is_remembered(run: Run, respond: Respond, reason: Reason) -> None:
    async def main() -> None:
        clock = FixedClock()
        async with name_server(respond) as ns:
            stub = resolver(ns, clock=clock, timeout_s=0.05)
            for passed_s, asked in ((0.0, 1), (1.0, 1), (10.0, 2)):
                clock.advance(passed_s)
                with pytest.raises(TransientError) as caught:
                    await stub.query("mail.example.net", "A")
                assert caught.value.reason is reason
                assert len(ns.asked) == asked * ROUNDS

    run(main())


@pytest.mark.parametrize("respond", [servfail, drop], ids=["servfail", "drop"])
def test_the_next_server_is_asked_when_one_fails(run: Run, respond: Respond) -> None:
    async def main() -> None:
        async with name_server(respond) as bad, name_server(simple) as ns:
            answer = await resolver(bad, ns, timeout_s=0.4).query("mail.example.net", "A")
            assert answer.records == ("192.0.2.1",)

    run(main())


def test_a_server_that_is_not_there_is_passed_over_at_once(run: Run) -> None:
    async def main() -> None:
        async with name_server(simple) as gone:
            pass
        async with name_server(simple) as ns:
            assert (await resolver(gone, ns, timeout_s=600.0).query("mail.example.net", "A")).records == ("192.0.2.1",)

    run(main())


def test_equal_questions_at_the_same_time_are_asked_once(run: Run) -> None:
    async def main() -> None:
        async with name_server(simple) as ns:
            stub = resolver(ns)
            answers = await asyncio.gather(*(stub.query("mail.example.net", "A") for _ in range(20)))
            assert {answer.records for answer in answers} == {("192.0.2.1",)}
            assert ns.asked == [False]

    run(main())


def test_when_the_one_who_asks_for_all_is_cancelled_another_asks(run: Run) -> None:
    async def main() -> None:
        answering = itertools.count()
        async with name_server(lambda query, _: simple(query, False) if next(answering) else []) as ns:
            stub = resolver(ns)
            leader = asyncio.create_task(stub.query("mail.example.net", "A"))
            while not ns.asked:  # noqa: ASYNC110 - until the question is on its way
                await asyncio.sleep(0.001)
            follower = asyncio.create_task(stub.query("mail.example.net", "A"))
            await asyncio.sleep(0)
            leader.cancel()
            assert (await follower).records == ("192.0.2.1",)
            with pytest.raises(asyncio.CancelledError):
                await leader

    run(main())


def test_each_question_has_a_source_port_of_its_own(run: Run) -> None:
    async def main() -> None:
        async with name_server(simple) as ns:
            stub = resolver(ns)
            for number in range(20):
                await stub.query(f"host{number}.example.net", "A")
            assert len(set(ns.ports)) > 10

    run(main())


def test_what_is_no_name_or_type_is_never_asked(run: Run) -> None:
    async def main() -> None:
        async with name_server(simple) as ns:
            for name, rdtype in (("a..b", "A"), ("example.net", "NOSUCHTYPE")):
                with pytest.raises(PermanentError):
                    await resolver(ns).query(name, rdtype)
            assert ns.asked == []

    run(main())


def test_the_system_names_three_servers_at_most(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text("# comment\nsearch example\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\nnameserver bad\n" * 2)
    assert [server.address for server in system_servers(path)] == ["192.0.2.1", "fe80::1", "192.0.2.1"]
    assert system_servers(tmp_path / "missing") == (Server("127.0.0.1"),)
