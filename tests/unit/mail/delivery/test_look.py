"""The look at a message, whoever gets it: mailboxes here, other servers, nobody."""

import msgspec

from skrytka.inspect.errors import PoisonedMessageError
from skrytka.mail.delivery.look import Look
from skrytka.mail.delivery.message import Sealed
from skrytka.mail.delivery.summary import NO_COPIES
from skrytka.mail.delivery.types import Outgoing, Transaction
from skrytka.mail.policy.decide import decide
from skrytka.model import reply
from skrytka.model.address import Address
from skrytka.model.envelope import Recipient
from skrytka.model.errors import Reason, TransientError
from skrytka.store.commands.deliver import Deliver
from tests.unit.mail.world import HOSTNAME, MESSAGE, World

FORGED = MESSAGE.replace(b"bob@example.net", b"ceo@bank.example")


def look_of(world: World) -> Look:
    return Look(HOSTNAME, world.inspection, decide, world.senders, world.events)


def facts_of(world: World) -> Transaction:
    return msgspec.structs.replace(world.facts(), is_sender_checked=True)


async def sealed_of(world: World, message: bytes) -> Sealed:
    incoming = world.delivery.begin_checked()
    await incoming.write(message)
    sealed = await incoming.finish()
    assert isinstance(sealed, Sealed)
    return sealed


async def test_a_message_that_only_leaves_is_not_read(world: World) -> None:
    looked = await look_of(world).at(world.facts(), [], await sealed_of(world, MESSAGE))
    assert looked.insides is NO_COPIES
    assert looked.verdict.reply == reply.ACCEPTED


async def test_a_forged_message_is_not_passed_on_either(world: World) -> None:
    world.dns.txt("_dmarc.bank.example", "v=DMARC1; p=reject")
    looked = await look_of(world).at(facts_of(world), [], await sealed_of(world, FORGED))
    assert looked.verdict.reason is Reason.DMARC_REJECT
    outgoing = Outgoing(account=None, recipients=(Recipient(Address.parse("x@elsewhere.example")),))
    incoming = world.delivery.begin_checked()
    await incoming.write(FORGED)
    verdict = await world.delivery.deliver(facts_of(world), [], incoming, outgoing)
    assert verdict.reason is Reason.DMARC_REJECT


async def test_what_belongs_to_every_copy_is_in_the_facts(world: World) -> None:
    world.dns.txt("_dmarc.bank.example", "v=DMARC1; p=quarantine")
    world.dns.txt("example.net", "v=spf1 ip4:192.0.2.1 -all")
    looked = await look_of(world).at(facts_of(world), [], await sealed_of(world, FORGED))
    assert looked.facts.results.startswith(f"Authentication-Results: {HOSTNAME};\r\n\tspf=pass ")
    assert looked.facts.results.endswith("\r\n")
    assert looked.facts.is_junk
    assert looked.facts.is_proven


async def test_junk_goes_to_junk_from_the_queue_too(world: World) -> None:
    world.dns.txt("_dmarc.bank.example", "v=DMARC1; p=quarantine")
    world.store.failures[Deliver] = [TransientError(Reason.STORE_BUSY)]
    assert (await world.receive(FORGED)).reply == reply.ACCEPTED
    assert await world.inbox("alice", "Junk") == []
    await world.courier.run_once()
    (content,) = await world.inbox("alice", "Junk")
    assert b"\tdmarc=fail header.from=bank.example\r\n" in content
    assert await world.inbox() == []


async def test_poison_of_a_stranger_is_told_apart_from_his_policy(world: World) -> None:
    async def poisoned(*_: object) -> None:
        raise PoisonedMessageError("twice")

    world.inspector.structure = poisoned  # type: ignore[assignment,method-assign]
    looked = await look_of(world).at(facts_of(world), [], await sealed_of(world, MESSAGE))
    assert looked.insides.poison is not None
    assert looked.verdict.reply == reply.ACCEPTED
