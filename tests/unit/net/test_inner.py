"""Two real ends over loopback, each with a certificate that was asked for as every machine asks."""

import asyncio
import ssl

import pytest

from skrytka.model.clock import Clock, FixedClock
from skrytka.model.errors import TransientError
from skrytka.model.events import MachineRefused
from skrytka.model.ids import AccountId
from skrytka.model.machine import SERVERS, Machine, Purpose
from skrytka.model.secret import Secret
from skrytka.net.authority import Authority, Issued
from skrytka.net.connection import Connection
from skrytka.net.dialer import Dialer
from skrytka.net.inner import Inner, client_context, server_context
from skrytka.net.machines import new_request, read_request
from skrytka.net.sweeper import Sweeper
from skrytka.store.system import SystemClock
from tests.unit.net.harness import LineEngine, Recorder, World, serving

CLOCK = SystemClock()
SEED = Secret(bytes(32))
HOUR_MS = 3_600_000


def member(number: int, purpose: Purpose = Purpose.NODE) -> Machine:
    account = AccountId(7) if purpose is Purpose.REMOTE else SERVERS
    return Machine(purpose, account, number.to_bytes(16, "big"))


def issued(machine: Machine, name: str, seed: Secret = SEED, clock: Clock | None = None) -> Issued:
    """As a node gets it."""
    now = clock or SystemClock()
    key, request = new_request()
    authority = Authority.of_nodes(seed, now)
    signed = authority.sign_machine(read_request(request), machine, (name,), now.now_ms() + HOUR_MS)
    return Issued(authority.certificate, signed.pem, key.reveal())


class Members:
    def __init__(self) -> None:
        self.gone: set[Machine] = set()

    async def holds(self, machine: Machine) -> bool:
        return machine not in self.gone


ONE, TWO = member(1), member(2)


class Ends:
    """The node "one" listens; others call it."""

    def __init__(self) -> None:
        self.members = Members()
        self.recorder = Recorder()
        self.seen: list[Machine] = []
        self.left_s: list[float] = []  # until their certificates end
        self.one = Inner(issued(ONE, "one"), self.members, self.recorder, CLOCK)

    def caller(self, own: Issued) -> Inner:
        return Inner(own, self.members, self.recorder, CLOCK)

    async def echo(self, conn: Connection, machine: Machine) -> None:
        self.seen.append(machine)
        self.left_s.append(conn.ends_at_s - CLOCK.monotonic_s())
        engine = LineEngine()
        async for event in conn.events(engine):
            await conn.send(engine.send(getattr(event, "text", b"")))

    def serving(self) -> object:
        service = self.one.service("inner", self.echo)
        return serving(service.session, tls=self.one, is_implicit_tls=True, name="inner")

    async def said(self, world: World, caller: Inner, node: str = "one") -> bytes:
        """What comes back; "" when the other end leaves without a word."""
        dial = Dialer(Sweeper(SystemClock()), service="inner")
        async with caller.call(dial, "127.0.0.1", world.port, node, seconds=10) as conn:
            engine = LineEngine()
            await conn.send(b"hello\n")
            async for event in conn.events(engine):
                return getattr(event, "text", b"")
        return b""


async def test_two_nodes_know_each_other_and_speak() -> None:
    ends = Ends()
    async with ends.serving() as world:  # type: ignore[attr-defined]
        assert await ends.said(world, ends.caller(issued(TWO, "two"))) == b"hello"
        assert await ends.said(world, ends.caller(issued(member(3, Purpose.STANDBY), "three"))) == b"hello"
        await world.until(lambda: not len(ends.one))
    assert ends.seen == [TWO, member(3, Purpose.STANDBY)]
    assert all(3500 < left_s <= 3600 for left_s in ends.left_s)
    assert not ends.recorder.of(MachineRefused)


@pytest.mark.parametrize(
    "stranger",
    [
        issued(TWO, "two", Secret(b"x" * 32)),  # of another ring
        issued(TWO, "two", SEED, FixedClock(SystemClock().now_ms() - 3 * HOUR_MS)),  # expired
    ],
)
async def test_another_authority_s_and_an_old_one_are_refused_by_both_ends(stranger: Issued) -> None:
    ends = Ends()
    async with ends.serving() as world:  # type: ignore[attr-defined]
        with pytest.raises(TransientError):
            await ends.said(world, ends.caller(stranger))
        ends.one.use(stranger)
        with pytest.raises(TransientError):
            await ends.said(world, ends.caller(issued(TWO, "two")), "two")
    assert not ends.seen


async def test_a_certificate_for_something_else_opens_nothing() -> None:
    ends = Ends()
    async with ends.serving() as world:  # type: ignore[attr-defined]
        assert await refused(ends, world, ends.caller(issued(member(2, Purpose.REMOTE), "two")))
        ends.one.use(issued(member(1, Purpose.REMOTE), "one"))
        with pytest.raises(TransientError):
            await ends.said(world, ends.caller(issued(TWO, "two")))
    assert not ends.seen
    assert {each.reason for each in ends.recorder.of(MachineRefused)} == {"purpose"}


async def test_who_was_put_out_is_refused_and_what_he_has_open_ends_at_once() -> None:
    ends = Ends()
    two, dial = ends.caller(issued(TWO, "two")), Dialer(Sweeper(SystemClock()), service="inner")
    async with ends.serving() as world:  # type: ignore[attr-defined]
        async with two.call(dial, "127.0.0.1", world.port, "one", seconds=10) as conn:
            await world.until(lambda: len(ends.one) == 1)
            ends.members.gone.add(TWO)
            await ends.one.recheck()
            async for _event in conn.events(LineEngine()):
                pass  # until its end
            await world.until(lambda: not len(ends.one))
        assert await refused(ends, world, two)
        assert ends.seen == [TWO]
        ends.members.gone = {ONE}
        with pytest.raises(TransientError):
            await ends.said(world, two)
    assert {each.reason for each in ends.recorder.of(MachineRefused)} == {"revoked"}


async def test_a_node_is_the_one_that_was_called() -> None:
    ends = Ends()
    async with ends.serving() as world:  # type: ignore[attr-defined]
        with pytest.raises(TransientError):
            await ends.said(world, ends.caller(issued(TWO, "two")), "three")


async def test_from_loopback_nobody_comes_in_without_a_certificate() -> None:
    ends = Ends()
    context = ssl.create_default_context(cadata=issued(ONE, "one").authority.decode())
    async with ends.serving() as world:  # type: ignore[attr-defined]
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await bare(world, context)
    assert not ends.seen


async def bare(world: World, context: ssl.SSLContext) -> bytes:
    reader, writer = await world.connect(ssl=context, server_hostname="one")
    writer.write(b"hello\n")
    return await reader.readexactly(1)


async def refused(ends: Ends, world: World, caller: Inner) -> bool:
    """The client's handshake is over before the server has looked: the line is cut then."""
    try:
        return await ends.said(world, caller) == b""
    except Exception as exc:  # noqa: BLE001 - a reset in whatever words
        return not isinstance(exc, AssertionError)


def test_contexts_demand_the_other_end_s_certificate_and_the_newest_tls() -> None:
    for context in (server_context(issued(ONE, "one")), client_context(issued(ONE, "one"))):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.minimum_version is ssl.TLSVersion.TLSv1_3
