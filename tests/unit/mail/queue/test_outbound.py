"""The courier of outbound mail against scripted servers on loopback."""

import asyncio
import dataclasses

import pytest

from skrytka.mail.outbox.sealed import queue_keys
from skrytka.mail.queue.outbound import OutboundCourier
from skrytka.model.clock import AgeClock
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import DeliveryDeferred, DeliveryFailed, FaultRaised, MessageRelayed
from skrytka.model.settings import Route
from skrytka.protocol.smtp.received import date_text
from skrytka.store.commands.outbound import Later, Post, Settle
from skrytka.store.sql.outbound import Share
from tests.support.dsn import reports
from tests.support.outside import CLOSE, EHLO, HANG, Outside, peer, to
from tests.unit.mail.world import MESSAGE, World, fails

DAY_S = 86_400


async def test_a_message_is_sent_with_our_field_before_it_and_leaves_the_queue(world: World) -> None:
    async with peer() as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", "y@example.net")
        assert await outside.courier.run_once() == 2
    (message,) = mx.messages
    assert message.endswith(MESSAGE)
    head = message.removesuffix(MESSAGE)
    assert head.startswith(b"Received: by mx.example.test with ESMTP id ")
    assert b"192.0.2.1" not in head
    assert mx.lines[1:4] == [
        f"MAIL FROM:<alice@example.test> SIZE={len(message)}",
        "RCPT TO:<x@example.net>",
        "RCPT TO:<y@example.net>",
    ]
    assert await outside.queue() == []
    assert [type(event) for event in world.events.events[-2:]] == [MessageRelayed, MessageRelayed]


async def test_messages_of_one_destination_share_a_connection(world: World) -> None:
    async with peer() as mx:
        outside = Outside(world, mx.port, connections_per_destination=1)
        for number in range(4):
            await outside.submit(f"x{number}@example.net")
        assert await outside.courier.run_once() == 4
    assert (mx.sessions, len(mx.messages), mx.lines.count("QUIT")) == (1, 4, 1)


async def test_two_couriers_send_everything_once_and_share_the_connections(world: World) -> None:
    async with peer() as mx:
        outside = Outside(world, mx.port, connections_per_destination=3)
        for number in range(12):
            await outside.submit(f"x{number}@example.net")
        deps = outside.courier._deps
        couriers = [OutboundCourier(dataclasses.replace(deps, share=Share(number, 2))) for number in range(2)]
        assert [courier._per_destination for courier in couriers] == [2, 1]
        sent = [await courier.run_once() for courier in couriers]
    assert sum(sent) == 12
    assert min(sent) > 0
    assert sorted(line for line in mx.lines if line.startswith("RCPT")) == sorted(
        f"RCPT TO:<x{number}@example.net>" for number in range(12)
    )
    assert await outside.queue() == []


async def test_a_connection_carries_so_many_messages_and_no_more(world: World) -> None:
    async with peer() as mx:
        outside = Outside(world, mx.port, connections_per_destination=1, messages_per_connection=2)
        for number in range(5):
            await outside.submit(f"x{number}@example.net")
        await outside.courier.run_once()
    assert (mx.sessions, len(mx.messages)) == (3, 5)


async def test_a_refused_recipient_comes_back_and_the_others_go(world: World) -> None:
    async with peer({"RCPT": lambda line: b"550 5.1.1 who?\r\n" if "no@" in line else b"250 ok\r\n"}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", "no@example.net")
        await outside.courier.run_once()
    assert len(mx.messages) == 1
    assert await outside.queue() == []
    (report,) = await world.inbox()
    assert report.startswith(b"Return-Path: <>\r\n")
    for line in (
        b"Final-Recipient: rfc822; no@example.net",
        b"Action: failed",
        b"Diagnostic-Code: smtp; 550 5.1.1 who?",
    ):
        assert line in report
    assert b"x@example.net" not in report.split(b"Content-Type: message/rfc822")[0]


async def test_the_report_and_the_end_of_its_recipient_are_one_commit(world: World) -> None:
    async with peer({"MAIL": b"550 5.7.1 no\r\n"}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net")
        world.store.failures[Post] = fails(TransientError(Reason.STORE_DOWN))
        await outside.courier.run_once()
        assert await world.inbox() == []
        assert len(await outside.queue()) == 1
        await outside.courier.run_once()
    assert len(await world.inbox()) == 1
    assert await outside.queue() == []


async def test_while_the_end_cannot_be_stored_the_message_is_not_sent_again(world: World) -> None:
    async with peer() as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net")
        world.store.failures[Settle] = fails(TransientError(Reason.STORE_DOWN), times=3)
        for _ in range(3):
            assert await outside.courier.run_once() == 1
            assert len(await outside.queue()) == 1
        await outside.courier.run_once()
    assert len(mx.messages) == 1
    assert await outside.queue() == []
    assert [event.fault for event in world.events.events if isinstance(event, FaultRaised)] == ["F-courier"] * 3


async def test_after_a_crash_between_the_reply_and_the_commit_the_message_goes_once_more(world: World) -> None:
    async with peer() as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net")
        world.store.failures[Settle] = fails(TransientError(Reason.STORE_DOWN))
        await outside.courier.run_once()
        after = Outside(world, mx.port)  # a new process: it knows what the disk knows
        await after.courier.run_once()
        assert await after.courier.run_once() == 0
    assert len(mx.messages) == 2
    assert await outside.queue() == []


async def test_a_report_that_nobody_can_be_given_ends_the_message_all_the_same(world: World) -> None:
    async with peer({"RCPT": b"550 no\r\n"}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net")
        world.store.failures[Post] = [PermanentError(Reason.NO_SUCH_OBJECT)]
        await outside.courier.run_once()
    assert await outside.queue() == []
    assert await world.inbox() == []


async def test_tries_wait_longer_then_the_sender_hears_of_it_once_then_it_comes_back(world: World) -> None:
    async with peer({"RCPT": b"451 4.7.1 greylisted\r\n"}) as mx:
        outside = Outside(world, mx.port, delay_notice_s=500, expire_s=DAY_S)
        await outside.submit("x@example.net")
        waits = []
        for _ in range(3):
            assert await outside.courier.run_once() == 1
            (row,) = await outside.queue()
            waits.append((row.due_at_ms - world.clock.now_ms()) // 1000)
            world.clock.advance(waits[-1])
        assert waits == [60, 600, 600]
        (notice,) = await world.inbox()
        assert b"Action: delayed" in notice
        assert b"Will-Retry-Until: " in notice
        world.clock.advance(DAY_S)
        await outside.courier.run_once()
        _, last = await world.inbox()
        assert b"Status: 4.4.7" in last
        assert b"451 4.7.1 greylisted" in last
    assert await outside.queue() == []
    assert mx.messages == []
    deferred = [event for event in world.events.events if isinstance(event, DeliveryDeferred)]
    assert [event.attempts for event in deferred] == [1, 2, 3]
    assert {(event.reason, event.detail) for event in deferred} == {("4.7.1", "451 4.7.1 greylisted")}
    assert deferred[0].host


async def test_nobody_hears_of_a_message_without_a_reverse_path(world: World) -> None:
    async with peer({"RCPT": b"550 5.1.1 no\r\n"}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", sender="")
        await outside.courier.run_once()
    assert "MAIL FROM:<> " in mx.lines[1]
    assert await outside.queue() == []
    assert await world.inbox() == []
    (failed,) = [event for event in world.events.events if isinstance(event, DeliveryFailed)]
    assert not failed.is_reported
    assert failed.detail == "550 5.1.1 no"


async def test_a_report_to_another_server_goes_with_the_null_reverse_path(world: World) -> None:
    async with peer({"RCPT": lambda line: b"250 ok\r\n" if "eve@" in line else b"550 no\r\n"}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", sender="eve@example.net")
        assert await outside.courier.run_once() == 1
        assert len(await outside.queue()) == 1
        assert await outside.courier.run_once() == 1
    (report,) = mx.messages
    assert b"To: eve@example.net\r\n" in report
    assert [line for line in mx.lines if line.startswith("MAIL")][1].startswith("MAIL FROM:<> ")


@pytest.mark.parametrize(
    ("domain", "status"),
    [
        ("null.example.net", "5.1.10"),
        ("gone.example.org", "5.1.2"),
        ("bare.example.net", "5.1.2"),
        ("loop.example.net", "5.4.6"),
    ],
)
async def test_a_domain_that_takes_no_mail_is_told_at_once(world: World, domain: str, status: str) -> None:
    outside = Outside(world, 1)
    await outside.submit(f"x@{domain}")
    await outside.courier.run_once()
    (report,) = await world.inbox()
    assert f"Status: {status}\r\n".encode() in report
    assert b"Remote-MTA" not in report
    assert await outside.queue() == []


async def test_the_next_server_is_tried_when_one_does_not_answer(world: World) -> None:
    async with peer() as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@two.example.net", "y@plain.example.net")
        await outside.courier.run_once()
    assert len(mx.messages) == 2
    assert await outside.queue() == []


@pytest.mark.parametrize("where", ["", "EHLO", "MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize("answer", [CLOSE, b"421 4.3.2 later\r\n", b"nonsense\r\n", b"451 4.3.0 later\r\n"])
async def test_a_server_that_breaks_off_anywhere_gets_it_later(world: World, where: str, answer: bytes) -> None:
    async with peer({where: answer}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net")
        await outside.courier.run_once()
        (row,) = await outside.queue()
        assert (row.attempts, row.is_held) == (1, 0)
        del mx.answers[where]
        mx.answers |= peer_yes(where)
        world.clock.advance(60)
        await outside.courier.run_once()
        assert await outside.queue() == []
        assert await world.inbox() == []


def peer_yes(verb: str) -> dict[str, bytes]:
    from tests.support.outside import _YES

    return {verb: _YES[verb]}


@pytest.mark.parametrize("where", ["", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", ".", "RSET", "QUIT"])
async def test_a_server_that_hangs_is_left_when_its_time_is_over(world: World, where: str) -> None:
    ehlo = EHLO.replace(b"250 ENHANCED", b"250-STARTTLS\r\n250 ENHANCED") if where == "STARTTLS" else EHLO
    refused = {"RCPT": b"450 4.2.0 later\r\n"} if where in {"RSET", "QUIT"} else {}
    async with peer({"EHLO": ehlo, **refused, where: HANG}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net")
        async with asyncio.TaskGroup() as tasks:
            run = tasks.create_task(outside.courier.run_once())
            while not run.done():
                await asyncio.sleep(0.005)
                if mx.sessions and len(outside.sweeper):
                    world.clock.advance(601)
                    outside.sweeper.sweep()
    (row,) = await outside.queue()
    assert row.attempts == 1
    assert row.reason in ({"4.4.2", "4.2.0"} if where == "QUIT" else {"4.4.2"})  # with QUIT all has been said


async def test_a_server_that_hangs_does_not_hold_up_another(world: World) -> None:
    async with peer({"EHLO": HANG}) as slow, peer() as quick:
        routes = (Route(domain="slow.example.net", host="127.0.0.1", port=slow.port),)
        outside = Outside(world, quick.port, routes=routes)
        await outside.submit("x@slow.example.net")
        await outside.submit("x@example.net")
        async with asyncio.TaskGroup() as tasks:
            run = tasks.create_task(outside.courier.run())
            while not quick.messages:  # noqa: ASYNC110 - what it waits for is inside the code under test
                await asyncio.sleep(0.005)
            run.cancel()
    assert len(slow.lines) == 1


async def test_in_a_demo_mail_is_held_unless_a_route_leads_somewhere(world: World) -> None:
    async with peer() as mx:
        routes = (Route(domain="example.net", host="127.0.0.1", port=mx.port),)
        outside = Outside(world, 1, is_demo=True, routes=routes)
        await outside.submit("x@example.net", "x@two.example.net")
        await outside.courier.run_once()
        assert await outside.courier.run_once() == 0
    assert len(mx.messages) == 1
    (row,) = await outside.queue()
    assert (row.is_held, row.reason) == (1, "demo: not sent")


async def test_what_cannot_be_opened_is_held(world: World) -> None:
    outside = Outside(world, 1)
    await outside.submit("x@example.net")
    (row,) = await outside.queue()
    later = Later(row.queue_id, (0,), 1, "")
    await world.store.submit(Settle(unit=b"u" * 16, later=(later,)))  # type: ignore[arg-type]
    broken = row._replace(envelope=row.envelope[:-1] + b"\0")
    async with asyncio.TaskGroup() as tasks:
        keys = await queue_keys(world.keys, world.random)
        await outside.courier._hand_out(keys, [broken], tasks)
    (row,) = await outside.queue()
    assert (row.is_held, row.reason) == (1, "corrupt")


async def test_a_bug_holds_up_its_own_message_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with peer() as mx:
        outside = Outside(world, mx.port)
        await outside.submit(to("x@example.net"))

        async def broken(*_args: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr("skrytka.mail.queue.path.Path.deliver", broken)
        await outside.courier.run_once()
        monkeypatch.undo()
        (row,) = await outside.queue()
        assert row.attempts == 1
        world.clock.advance(60)
        await outside.courier.run_once()
    assert len(mx.messages) == 1


async def test_a_bug_after_a_message_was_sent_sends_it_to_nobody_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with peer({"RCPT": lambda line: b"550 5.1.1 who?\r\n" if "no@" in line else b"250 ok\r\n"}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", "no@example.net")

        async def broken(*_args: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr("skrytka.mail.queue.bounce.Bounces.post", broken)
        await outside.courier.run_once()
        monkeypatch.undo()
        (row,) = await outside.queue()
        assert (row.recipient, row.attempts) == (1, 1)  # refused, and nobody was told yet
        world.clock.advance(3600)
        await outside.courier.run_once()
    assert len(mx.messages) == 1
    assert await outside.queue() == []
    (report,) = await world.inbox()
    assert b"no@example.net" in report


async def test_a_paused_queue_sends_nothing(world: World) -> None:
    async with peer() as mx:
        outside = Outside(world, mx.port, is_paused=True)
        await outside.submit("x@example.net")
        assert await outside.courier.run_once() == 0
        assert mx.sessions == 0
        assert len(await outside.queue()) == 1
        outside.courier.is_paused = False
        assert await outside.courier.run_once() == 1
    assert len(mx.messages) == 1


async def test_urgent_mail_is_sent_first_and_bulk_last(world: World) -> None:
    async with peer() as mx:
        outside = Outside(world, mx.port, connections_per_destination=1)
        for priority in (-9, 0, 9):
            await outside.submit(f"p{priority}@example.net", priority=priority)
        await outside.courier.run_once()
    assert [line for line in mx.lines if line.startswith("RCPT")] == [
        f"RCPT TO:<p{priority}@example.net>" for priority in (9, 0, -9)
    ]


async def test_what_cannot_be_reached_is_tried_once_for_all_that_waits_for_it(world: World) -> None:
    async with peer({"": b"421 4.3.2 full\r\n"}) as mx:
        outside = Outside(world, mx.port, connections_per_destination=1)
        for number in range(5):
            await outside.submit(f"x{number}@example.net")
        await outside.courier.run_once()
        assert mx.sessions == 1
        rows = await outside.queue()
        assert [(row.attempts, row.reason) for row in rows] == [(1, "4.3.2")] * 5
        mx.answers[""] = b"220 mx.example.net\r\n"
        world.clock.advance(60)
        await outside.courier.run_once()
        assert await outside.queue() == []


async def test_more_than_memory_shall_hold_waits_on_disk_and_is_read_when_there_is_room(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skrytka.mail.queue.outbound.BATCH", 4)
    monkeypatch.setattr("skrytka.mail.queue.outbound.WAITING_MAX", 6)
    async with peer() as mx:
        outside = Outside(world, mx.port, connections_per_destination=1)
        for number in range(20):
            await outside.submit(f"x{number}@example.net", f"y{number}@example.net")
        async with asyncio.TaskGroup() as tasks:
            run = tasks.create_task(outside.courier.run())
            while await outside.queue():
                assert len(outside.courier._in_flight) <= 20
                await asyncio.sleep(0.005)
            run.cancel()
    assert sorted(line for line in mx.lines if line.startswith("RCPT")) == sorted(
        f"RCPT TO:<{letter}{number}@example.net>" for letter in "xy" for number in range(20)
    )


async def test_a_slow_destination_with_much_mail_does_not_hide_that_of_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skrytka.mail.queue.outbound.BATCH", 4)
    monkeypatch.setattr("skrytka.mail.queue.outbound.WAITING_MAX", 6)
    monkeypatch.setattr("skrytka.mail.queue.outbound.TICK_S", 0.01)
    async with peer({"EHLO": HANG}) as slow, peer() as quick:
        routes = (Route(domain="slow.example.net", host="127.0.0.1", port=slow.port),)
        outside = Outside(world, quick.port, routes=routes, connections_per_destination=5)
        for number in range(30):
            await outside.submit(f"x{number}@slow.example.net")
        await outside.submit("x@example.net")
        async with asyncio.TaskGroup() as tasks:
            run = tasks.create_task(outside.courier.run())
            while not quick.messages:  # noqa: ASYNC110 - what it waits for is inside the code under test
                await asyncio.sleep(0.005)
            run.cancel()
    assert len(outside.courier._in_flight) < 20


async def test_a_clock_that_is_set_ahead_has_mail_tried_at_once_and_nothing_given_up_or_told(world: World) -> None:
    async with peer({"RCPT": b"451 4.7.1 later\r\n"}) as mx:
        outside = Outside(world, mx.port, delay_notice_s=DAY_S, expire_s=5 * DAY_S)
        courier = OutboundCourier(dataclasses.replace(outside.courier._deps, age=AgeClock(world.clock, None)))
        await outside.submit("x@example.net")
        await courier.run_once()
        for tried in (2, 3, 4):
            world.clock.jump(30 * DAY_S)
            await courier.run_once()
            (row,) = await outside.queue()
            assert row.attempts == tried
        assert await world.inbox() == []
        world.clock.advance(6 * DAY_S)  # these days really go by
        await courier.run_once()
    assert await outside.queue() == []
    assert len(await world.inbox()) == 1


async def test_what_was_held_for_long_is_tried_as_long_as_any_other(world: World) -> None:
    async with peer({"RCPT": b"451 4.7.1 greylisted\r\n"}) as mx:
        outside = Outside(world, mx.port, delay_notice_s=500, expire_s=DAY_S)
        began_ms = world.clock.now_ms()
        await outside.submit("x@example.net", hold_s=10 * DAY_S)
        world.clock.advance(10 * DAY_S)
        assert await outside.courier.run_once() == 1
        assert await world.inbox() == []
        world.clock.advance(600)
        assert await outside.courier.run_once() == 1
        (notice,) = reports(await world.inbox())
        assert notice.action == "delayed"
        assert notice.field("Will-Retry-Until") == date_text(began_ms + 11 * DAY_S * 1000)
        assert notice.field("Future-Release-Request") == f"for;{10 * DAY_S}"
        world.clock.advance(DAY_S)
        await outside.courier.run_once()
        assert reports(await world.inbox())[-1].field("Status") == "4.4.7"
    assert await outside.queue() == []
