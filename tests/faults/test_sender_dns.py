"""Whose mail it is, when a real name server on loopback is silent or fails: no mail is lost, and no time."""

import time
from collections.abc import AsyncIterator

import dns.message
import dns.rcode
import dns.rrset
import pytest

from skrytka.mail.delivery.senders import FIRST_S
from skrytka.model import reply
from skrytka.model.events import SenderChecked
from skrytka.net.dns.stub import StubResolver
from skrytka.store.system import SystemClock
from tests.support import dkim
from tests.support.memory import folder_in_memory
from tests.unit.mail.world import MESSAGE, World
from tests.unit.net.dns.test_stub import NameServer, Respond, name_server

TIMEOUT_S = 0.2
FORGED = MESSAGE.replace(b"bob@example.net", b"ceo@bank.example")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    with folder_in_memory() as folder:
        made = World(folder)
        await made.ready()
        yield made
        await made.close()


def ask(world: World, ns: NameServer) -> None:
    """From now on, with the clock of this machine: the fixed one would never be late."""
    resolver = StubResolver([ns.server], SystemClock(), world.random, timeout_s=TIMEOUT_S)
    deps = world.senders._deps
    object.__setattr__(deps, "resolver", resolver)
    object.__setattr__(deps, "known", resolver.known)
    object.__setattr__(deps, "clock", SystemClock())


def checked(world: World) -> SenderChecked:
    (event,) = [event for event in world.events.events if isinstance(event, SenderChecked)]
    return event


def silent(_query: dns.message.Message, _is_tcp: bool) -> list[bytes]:
    return []


def failing(query: dns.message.Message, _is_tcp: bool) -> list[bytes]:
    response = dns.message.make_response(query)
    response.set_rcode(dns.rcode.SERVFAIL)
    return [response.to_wire()]


@pytest.mark.parametrize("respond", [silent, failing])
async def test_mail_is_delivered_and_the_results_say_that_nobody_knows(world: World, respond: Respond) -> None:
    async with name_server(respond) as ns:
        ask(world, ns)
        began_s = time.monotonic()
        assert (await world.receive(dkim.signed(FORGED))).reply == reply.ACCEPTED
        took_s = time.monotonic() - began_s
    event = checked(world)
    assert (event.spf, event.dmarc, event.disposition) == ("temperror", "temperror", "none")
    assert event.dkim[0].startswith("temperror ")
    assert took_s < FIRST_S  # they wait at the same time, each for one look-up
    (content,) = await world.inbox()
    assert b"dmarc=temperror" in content


async def test_an_endless_policy_ends_by_its_own_limits(world: World) -> None:
    """Each name of the sender includes ten others, all of them there: RFC 7208 4.6.4."""

    def branching(query: dns.message.Message, _is_tcp: bool) -> list[bytes]:
        name = query.question[0].name
        response = dns.message.make_response(query)
        if not name.to_text().startswith("_dmarc."):
            parts = " ".join(f'" include:{number}.{name.to_text(omit_final_dot=True)}"' for number in range(10))
            response.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", f'"v=spf1" {parts} " -all"'))
        return [response.to_wire()]

    async with name_server(branching) as ns:
        ask(world, ns)
        assert (await world.receive(MESSAGE)).reply == reply.ACCEPTED
        assert len(ns.asked) < 30
    assert (checked(world).spf, checked(world).spf_cause) == ("permerror", "too_many_lookups")
