"""Reports that this server sends: into mailboxes here, signed into the queue for others, nowhere else."""

from pathlib import Path

import pytest

from skrytka.mail.delivery.report_sender import ReportSender
from skrytka.model.address import Address, ReversePath
from skrytka.model.errors import Reason, TransientError
from skrytka.protocol.reports.report_mail import write_dmarc_mail, write_tls_mail
from skrytka.store.commands.outbound import Post
from tests.support.chains import issue, tlsa
from tests.support.outside import Outside, peer
from tests.support.signing import give_keys, signing_of, use_keys, verified
from tests.support.tls_peer import tls_peer
from tests.unit.mail.delivery.test_report_intake import mail
from tests.unit.mail.world import ACTOR, World, fails

FROM = Address.parse("postmaster@example.test")
RAW = write_dmarc_mail(mail(b"<feedback/>")).replace(b"noreply@example.net", b"postmaster@example.test")
TLS_RAW = write_tls_mail(mail(b"{}"))
LEAF = issue("leaf")
HERE, ELSEWHERE = Address.parse("alice@example.test"), Address.parse("d@example.net")
NOBODY = Address.parse("nobody@example.test")


def sender_of(outside: Outside) -> ReportSender:
    assert outside.delivery.reports is not None
    return ReportSender(outside.delivery.reports.deps)


async def test_it_leaves_signed_by_our_domain_and_a_failure_is_told_to_nobody(world: World) -> None:
    records = await give_keys(world)
    await use_keys(world)
    async with peer({"RCPT": lambda line: b"550 5.1.1 who?\r\n" if "b@" in line else b"250 ok\r\n"}) as mx:
        outside = Outside(world, mx.port, signing=signing_of(world))
        assert await sender_of(outside).send(RAW, FROM, [ELSEWHERE, Address.parse("b@example.net")]) == (
            ELSEWHERE,
            Address.parse("b@example.net"),
        )
        assert await outside.courier.run_once() == 2
    (message,) = mx.messages
    assert set(verified(message, records).values()) == {True}
    assert any(line.startswith("MAIL FROM:<postmaster@example.test>") for line in mx.lines)
    assert await outside.queue() == []
    assert await world.inbox("admin") == []  # who answers for postmaster hears of no failure


async def test_it_goes_into_a_mailbox_here(world: World) -> None:
    outside = Outside(world, 1)
    assert await sender_of(outside).send(RAW, FROM, [HERE]) == (HERE,)
    (copy,) = await world.inbox()
    assert copy.endswith(RAW)
    assert await outside.queue() == []


async def test_an_alias_of_ours_may_lead_it_on(world: World) -> None:
    await world.admin.aliases.add("d@example.test", ["alice@example.test", "x@example.net"], ACTOR)
    await world.admin.aliases.add("e@example.test", ["y@example.net"], ACTOR)
    outside = Outside(world, 1)
    to = [Address.parse("d@example.test"), Address.parse("e@example.test")]
    assert await sender_of(outside).send(RAW, FROM, to, is_null=True) == tuple(to)
    assert len(await world.inbox()) == 1
    assert len(await outside.queue()) == 2


async def test_an_address_of_ours_that_takes_no_mail_is_left_out(world: World) -> None:
    outside = Outside(world, 1)
    assert await sender_of(outside).send(RAW, FROM, [NOBODY, ELSEWHERE]) == (ELSEWHERE,)
    assert len(await outside.queue()) == 1
    assert await sender_of(outside).send(RAW, FROM, [NOBODY]) == ()
    assert len(await outside.queue()) == 1


@pytest.mark.parametrize("to", [HERE, ELSEWHERE])
async def test_a_store_that_is_down_is_told_and_nothing_is_left_behind(world: World, to: Address) -> None:
    outside = Outside(world, 1)
    world.store.failures[Post] = fails(TransientError(Reason.DISK_FULL))
    with pytest.raises(TransientError):
        await sender_of(outside).send(RAW, FROM, [to])
    assert (await world.inbox(), await outside.queue()) == ([], [])
    assert list((world.root / "spool").iterdir()) == []


@pytest.mark.parametrize(("raw", "delivered"), [(RAW, 0), (TLS_RAW, 1)])
async def test_a_tls_report_goes_to_a_server_whose_tls_does_not_work(
    world: World, tmp_path: Path, raw: bytes, delivered: int
) -> None:
    """RFC 8460 5.3: DANE asks for TLS that the server does not offer."""
    async with tls_peer(tmp_path, ()) as mx:
        outside = Outside(world, mx.port, resolver=mx.zone(tlsa(3, 1, 1, LEAF)))
        await sender_of(outside)._queue(raw, FROM, ReversePath(FROM), [Address.parse("bob@example.test")])
        await outside.courier.run_once()
        assert len(mx.delivery.delivered) == delivered
