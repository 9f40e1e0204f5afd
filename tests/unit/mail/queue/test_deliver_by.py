"""Delivery by a time (RFC 2852): relayed, returned, told of, on the wire and in the reports."""

import msgspec
import pytest

from skrytka.mail.admin.queue import Wanted
from skrytka.mail.queue.courier import BACK_OFF_S
from skrytka.mail.queue.deliver_by import deadline_ms
from skrytka.model.envelope import By, DeliverBy, Notify
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import FaultRaised
from skrytka.protocol.smtp.received import date_text
from skrytka.store.commands.deliver import Deliver
from skrytka.store.commands.outbound import Post, Settle
from tests.support.dsn import Dsn, reports
from tests.support.outside import EHLO, Outside, peer, to
from tests.unit.mail.world import MESSAGE, World, fails

RETURN, TELL = By(120, is_return=True), By(120, is_return=False)
LATER = {"RCPT": b"451 4.7.1 later\r\n"}


def offers(*keywords: str) -> dict[str, bytes]:
    lines = "".join(f"250-{keyword}\r\n" for keyword in keywords).encode()
    return {"EHLO": EHLO.replace(b"250 ENHANCED", lines + b"250 ENHANCED")}


async def told(world: World) -> list[Dsn]:
    return reports(await world.inbox())


def actions(dsns: list[Dsn]) -> list[tuple[str, str]]:
    return [(dsn.action, dsn.field("Status")) for dsn in dsns]


def test_the_time_goes_with_the_rows_when_they_are_mended() -> None:
    by = DeliverBy.of(By(60, is_return=True), 5_000)
    assert by is not None
    assert deadline_ms(by, arrived_at_ms=6_000, created_at_ms=6_000) == 65_000
    assert deadline_ms(by, arrived_at_ms=6_000, created_at_ms=106_000) == 165_000
    assert DeliverBy.of(None, 5_000) is None


# -- the next server offers it ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "elapsed_s", "said"),
    [
        (RETURN, 22, "BY=98;R"),  # RFC 2852 6
        (TELL, 22, "BY=98;N"),
        (By(120, is_return=True, is_traced=True), 0, "BY=120;RT"),
        (TELL, 150, "BY=-30;N"),
        (By(-30, is_return=False), 0, "BY=-30;N"),
    ],
)
async def test_the_next_server_hears_what_is_left(world: World, by: By, elapsed_s: int, said: str) -> None:
    async with peer(offers("DELIVERBY 30", "DSN")) as mx:
        outside = Outside(world, mx.port)
        await outside.submit(to("x@example.net", Notify.NEVER), by=by)
        world.clock.advance(elapsed_s)
        await outside.courier.run_once()
    assert [line.rpartition(" ")[2] for line in mx.lines if line.startswith("MAIL")] == [said]
    assert [line for line in mx.lines if line.startswith("RCPT")] == ["RCPT TO:<x@example.net> NOTIFY=NEVER"]
    assert len(mx.messages) == 1
    assert await told(world) == []


async def test_a_server_that_promises_it_is_handed_the_message_without_a_word(world: World) -> None:
    async with peer(offers("DELIVERBY")) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", by=TELL)
        await outside.submit("x@example.net", by=RETURN)
        await outside.courier.run_once()
    assert len(mx.messages) == 2
    assert await told(world) == []


@pytest.mark.parametrize("by", [By(120, is_return=True, is_traced=True), By(120, is_return=False, is_traced=True)])
async def test_a_trace_tells_of_every_server(world: World, by: By) -> None:
    """RFC 2852 4.1.4: whatever NOTIFY says, but for NEVER."""
    deadline = date_text(world.clock.now_ms() + 120_000)
    async with peer(offers("DELIVERBY", "DSN")) as mx:
        outside = Outside(world, mx.port)
        for notify in ((), (Notify.FAILURE,), (Notify.NEVER,)):
            await outside.submit(to("x@example.net", *notify), by=by)
        await outside.courier.run_once()
    found = await told(world)
    assert actions(found) == [("relayed", "2.6.0")] * 2
    assert {dsn.field("Deliver-By-Date") for dsn in found} == {deadline}
    assert all(dsn.field("Arrival-Date") for dsn in found)


# -- it does not --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keywords", "by"), [((), RETURN), (("DSN",), RETURN), (("DELIVERBY 240",), RETURN), (("DELIVERBY 121",), RETURN)]
)
async def test_what_is_to_come_back_goes_to_nobody_who_does_not_promise_it(
    world: World, keywords: tuple[str, ...], by: By
) -> None:
    """RFC 2852 4.1.4.1 and 7: undeliverable for good, and no other MX is looked for."""
    async with peer(offers(*keywords)) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@twice.example.net", by=by)
        await outside.courier.run_once()
    assert mx.messages == []
    assert not any(line.startswith("MAIL") for line in mx.lines)
    assert mx.sessions == 1
    assert actions(await told(world)) == [("failed", "5.3.3")]
    assert await outside.queue() == []


@pytest.mark.parametrize(
    ("notify", "handed_on", "heard"),
    [
        ((), "FAILURE,DELAY", ["relayed"]),
        ((Notify.FAILURE,), "FAILURE,DELAY", ["relayed"]),
        ((Notify.SUCCESS,), "SUCCESS,DELAY", ["relayed"]),
        ((Notify.NEVER,), "NEVER", []),
    ],
)
@pytest.mark.parametrize("is_dsn", [True, False])
async def test_who_is_to_be_told_hears_that_nobody_promises_it(
    world: World, notify: tuple[Notify, ...], handed_on: str, heard: list[str], is_dsn: bool
) -> None:
    """RFC 2852 4.1.4.2."""
    async with peer(offers("DSN") if is_dsn else {}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit(to("x@example.net", *notify), by=TELL)
        await outside.courier.run_once()
    assert len(mx.messages) == 1
    assert [dsn.action for dsn in await told(world)] == heard
    (rcpt,) = [line for line in mx.lines if line.startswith("RCPT")]
    assert rcpt == f"RCPT TO:<x@example.net> NOTIFY={handed_on}" if is_dsn else "RCPT TO:<x@example.net>"


async def test_after_the_time_nothing_more_is_said_of_who_has_it(world: World) -> None:
    async with peer(offers("DSN")) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", by=By(-5, is_return=False))
        await outside.courier.run_once()
    assert "RCPT TO:<x@example.net>" in mx.lines
    assert actions(await told(world)) == [("delayed", "4.4.7")]


# -- the time passes ----------------------------------------------------------------------------------------------


async def test_the_queue_wakes_at_the_time_and_the_message_comes_back_untried(world: World) -> None:
    """RFC 2852 4.1.3, mode R."""
    began_ms = world.clock.now_ms()
    async with peer({**LATER, **offers("DELIVERBY")}) as mx:
        outside = Outside(world, mx.port, retry_s=(100, 3600))
        await outside.submit("x@example.net", by=RETURN)
        assert await outside.courier.run_once() == 1
        world.clock.advance(100)
        assert await outside.courier.run_once() == 1
        (row,) = await outside.queue()
        assert row.due_at_ms == began_ms + 120_000, "not an hour later"
        world.clock.advance(20)
        tries = len(mx.lines)
        assert await outside.courier.run_once() == 1
    assert len(mx.lines) == tries
    (dsn,) = await told(world)
    assert actions([dsn]) == [("failed", "5.4.7")]
    assert dsn.field("Deliver-By-Date") == date_text(began_ms + 120_000)
    assert dsn.field("Arrival-Date") == date_text(began_ms)
    assert "The time by which you wanted it delivered has passed." in dsn.text
    assert await outside.queue() == []


async def test_who_wants_a_word_gets_one_at_the_time_and_the_message_goes_on(world: World) -> None:
    """RFC 2852 4.1.3, mode N: once, and no delay notice after it."""
    began_ms = world.clock.now_ms()
    async with peer(LATER) as mx:
        outside = Outside(world, mx.port, retry_s=(3600,), delay_notice_s=7000)
        await outside.submit(to("x@example.net"), to("y@example.net", Notify.FAILURE), by=TELL)
        await outside.courier.run_once()
        assert sorted(row.due_at_ms for row in await outside.queue()) == [began_ms + 120_000, began_ms + 3_600_000]
        world.clock.advance(119)
        assert await outside.courier.run_once() == 0
        world.clock.advance(1)
        assert await outside.courier.run_once() == 1
        (dsn,) = await told(world)
        assert actions([dsn]) == [("delayed", "4.4.7")]
        assert dsn.field("Final-Recipient") == "rfc822; x@example.net"
        assert dsn.field("Will-Retry-Until")
        for _ in range(4):
            world.clock.advance(3600)
            await outside.courier.run_once()
        assert len(await told(world)) == 1
        mx.answers["RCPT"] = b"250 ok\r\n"
        world.clock.advance(3600)
        assert await outside.courier.run_once() == 2
    assert await outside.queue() == []
    assert len(await told(world)) == 1


async def test_a_delay_that_was_told_before_is_told_again_as_late(world: World) -> None:
    async with peer(LATER) as mx:
        outside = Outside(world, mx.port, retry_s=(60,), delay_notice_s=50)
        await outside.submit("x@example.net", by=TELL)
        for _ in range(4):
            await outside.courier.run_once()
            world.clock.advance(60)
    assert actions(await told(world)) == [("delayed", "4.7.1"), ("delayed", "4.4.7")]


async def test_a_word_that_could_not_be_written_down_is_said_next_time(world: World) -> None:
    async with peer(LATER) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", by=By(-1, is_return=False))
        world.store.failures[Post] = fails(TransientError(Reason.STORE_DOWN))
        await outside.courier.run_once()
        assert mx.lines == []
        assert await told(world) == []
        await outside.courier.run_once()
    assert actions(await told(world)) == [("delayed", "4.4.7")]


async def test_nobody_to_tell_is_a_fault_once_and_the_message_goes_on(world: World) -> None:
    async with peer(LATER) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", by=By(-1, is_return=False))
        world.store.failures[Post] = [PermanentError(Reason.NO_SUCH_OBJECT)]
        for _ in range(3):
            await outside.courier.run_once()
            world.clock.advance(600)
        assert [line[:4] for line in mx.lines].count("RCPT") == 3
    faults = [event for event in world.events.events if isinstance(event, FaultRaised)]
    assert len(faults) == 1
    assert any(isinstance(command, Settle) and command.late for command in world.store.commands)


async def test_nobody_hears_of_a_message_without_a_reverse_path(world: World) -> None:
    async with peer(LATER) as mx:
        outside = Outside(world, mx.port, retry_s=(60,))
        await outside.submit("x@example.net", sender="", by=TELL)
        await outside.submit("y@example.net", sender="", by=RETURN)
        for _ in range(4):
            await outside.courier.run_once()
            world.clock.advance(60)
        assert [row.is_told for row in await outside.queue()] == [0]


async def test_what_was_given_up_meanwhile_is_as_final_as_ever(world: World) -> None:
    """RFC 2852 4.1.2."""
    async with peer({"RCPT": b"550 5.1.1 who?\r\n", **offers("DELIVERBY")}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", by=RETURN)
        await outside.courier.run_once()
    assert actions(await told(world)) == [("failed", "5.1.1")]


async def test_a_message_whose_time_passes_while_it_waits_for_a_worker_is_not_sent(world: World) -> None:
    async with peer(offers("DELIVERBY")) as mx:
        outside = Outside(world, mx.port, connections_per_destination=1)

        def slow(line: str) -> bytes:
            world.clock.advance(200)
            return b"250 ok\r\n"

        mx.answers["MAIL"] = slow
        await outside.submit("x@example.net", by=RETURN)
        await outside.submit("y@example.net", by=RETURN)
        await outside.courier.run_once()
    assert len(mx.messages) == 1
    assert actions(await told(world)) == [("failed", "5.4.7")]


# -- mailboxes here -----------------------------------------------------------------------------------------------


async def waits_here(world: World, by: By, *notify: Notify) -> Outside:
    outside = Outside(world, 1)
    world.store.failures[Deliver] = fails(TransientError(Reason.STORE_BUSY))
    await outside.submit(to("bob@example.test", *notify), by=by)
    return outside


async def test_a_mailbox_that_comes_back_in_time_gets_it_and_nobody_hears_of_it(world: World) -> None:
    outside = await waits_here(world, RETURN)
    assert await outside.local.run_once() == 1
    assert len(await world.inbox("bob")) == 1
    assert await told(world) == []


async def test_a_copy_here_whose_time_has_passed_comes_back(world: World) -> None:
    began_ms = world.clock.now_ms()
    outside = await waits_here(world, By(61, is_return=True))
    for wait_s in BACK_OFF_S[:3]:
        world.store.failures[Deliver] = fails(TransientError(Reason.STORE_BUSY))
        assert await outside.local.run_once() == 1
        world.clock.advance(wait_s)
    world.store.failures[Deliver] = fails(TransientError(Reason.STORE_BUSY))
    await outside.local.run_once()
    assert await outside.local.next_due_ms() is None or await outside.local.next_due_ms() == began_ms + 61_000
    world.clock.advance(61)
    world.store.failures.clear()
    await outside.local.run_once()
    assert await world.inbox("bob") == []
    (dsn,) = await told(world)
    assert actions([dsn]) == [("failed", "5.4.7")]
    assert dsn.field("Deliver-By-Date") == date_text(began_ms + 61_000)
    assert await outside.local.next_due_ms() is None


@pytest.mark.parametrize(("notify", "heard"), [((), 1), ((Notify.DELAY,), 1), ((Notify.FAILURE,), 0)])
async def test_a_copy_here_that_is_late_is_told_of_once(world: World, notify: tuple[Notify, ...], heard: int) -> None:
    outside = await waits_here(world, By(-1, is_return=False), *notify)
    for _ in range(3):
        world.store.failures[Deliver] = fails(TransientError(Reason.STORE_BUSY))
        assert await outside.local.run_once() == 1
        world.clock.advance(BACK_OFF_S[2])
    world.store.failures.clear()
    await outside.local.run_once()
    assert len(await world.inbox("bob")) == 1
    assert actions(await told(world)) == [("delayed", "4.4.7")] * heard


async def test_a_time_that_passed_while_the_message_came_in_refuses_it(world: World) -> None:
    outside = Outside(world, 1)
    late = DeliverBy(world.clock.now_ms(), is_return=True)
    facts = msgspec.structs.replace(world.facts(), deliver_by=late)
    incoming = outside.delivery.begin()
    await incoming.write(MESSAGE)
    verdict = await outside.delivery.deliver(facts, await world.resolve("bob@example.test"), incoming)
    assert (verdict.reply.code, verdict.reply.enhanced) == (554, "5.4.7")
    assert await world.inbox("bob") == []


async def test_the_queue_shows_by_when(world: World) -> None:
    began_ms = world.clock.now_ms()
    outside = Outside(world, 1)
    await outside.submit("x@example.net", by=By(120, is_return=False, is_traced=True), hold_s=60)
    await outside.submit("y@example.net")
    first, second = sorted(await world.admin.queue.list(Wanted()), key=lambda info: info.recipient)
    assert (first.deliver_by_at_ms, first.deliver_by_mode, first.state) == (began_ms + 120_000, "NT", "scheduled")
    assert (second.deliver_by_at_ms, second.deliver_by_mode) == (None, "")
