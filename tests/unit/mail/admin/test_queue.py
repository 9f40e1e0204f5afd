"""The queue in the administrator's hands."""

import pytest

from skrytka.mail.admin.queue import Wanted
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import QueueChanged
from skrytka.store.commands.deliver import Deliver
from tests.support.outside import Outside, peer, to
from tests.unit.mail.world import ACTOR, MESSAGE, World, fails

ANY = Wanted()


async def test_held_mail_waits_until_it_is_released(world: World) -> None:
    queue = world.admin.queue
    async with peer() as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", "y@example.net")
        first, second = await queue.list(ANY)
        assert (first.recipient, first.reverse_path, first.state) == (
            "x@example.net",
            "<alice@example.test>",
            "waiting",
        )
        assert (second.number, second.kind, second.attempts) == (1, "outbound", 0)
        assert (await queue.hold(Wanted(id=first.id), ACTOR)).recipients == 2
        assert await outside.courier.run_once() == 0
        assert (await queue.retry(Wanted(id=first.id), ACTOR)).recipients == 0
        assert [each.state for each in await queue.list(Wanted(id=first.id))] == ["held", "held"]
        assert (await queue.release(ANY, ACTOR)).recipients == 2
        assert await outside.courier.run_once() == 2
    assert len(mx.messages) == 1
    assert await queue.list(ANY) == []
    done = [event for event in world.events.events if isinstance(event, QueueChanged)]
    assert [(event.action, event.count) for event in done] == [("queue.hold", 2), ("queue.release", 2)]


async def test_retry_makes_deferred_mail_due_now(world: World) -> None:
    async with peer({"RCPT": b"451 later\r\n"}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net")
        await outside.courier.run_once()
        assert await outside.courier.run_once() == 0
        (info,) = await world.admin.queue.list(ANY)
        assert (info.reason, info.attempts) == ("4.0.0", 1)
        await world.admin.queue.retry(Wanted(id=info.id), ACTOR)
        assert await outside.courier.run_once() == 1


async def test_removed_mail_is_gone_and_nobody_is_told(world: World) -> None:
    outside = Outside(world, 1)
    await outside.submit("x@example.net")
    assert (await world.admin.queue.remove(ANY, ACTOR)).recipients == 1
    assert await outside.queue() == []
    assert await world.inbox() == []
    assert (await world.admin.queue.remove(ANY, ACTOR)).recipients == 0


async def test_mail_for_mailboxes_here_is_listed_too(world: World) -> None:
    world.store.failures[Deliver] = fails(TransientError(Reason.STORE_BUSY))
    await world.deliver(MESSAGE)
    (info,) = await world.admin.queue.list(ANY)
    assert (info.kind, info.recipient, info.reason) == ("local", "alice@example.test", "store_busy")
    assert info.reverse_path == "<bob@example.net>"
    assert await world.admin.queue.list(Wanted(sender="bob@example.net")) == [info]
    await world.admin.queue.hold(Wanted(id=info.id), ACTOR)
    assert await world.courier.run_once() == 0
    await world.admin.queue.release(Wanted(id=info.id), ACTOR)
    assert await world.courier.run_once() == 1


@pytest.mark.parametrize(("text", "reason"), [("nonsense", Reason.BAD_SYNTAX), ("0" * 26, Reason.NO_SUCH_OBJECT)])
async def test_an_id_has_to_be_one_of_the_list(world: World, text: str, reason: Reason) -> None:
    for command in (world.admin.queue.retry, world.admin.queue.hold, world.admin.queue.remove):
        with pytest.raises(PermanentError) as caught:
            await command(Wanted(id=text), ACTOR)
        assert caught.value.reason is reason


async def test_recipients_are_chosen_by_who_sends_to_whom(world: World) -> None:
    queue = world.admin.queue
    outside = Outside(world, 1)
    await outside.submit("X@Example.net", "y@example.org")
    await outside.submit("x@example.net", sender="")

    async def numbers(**named: str) -> list[str]:
        return [f"{info.reverse_path} {info.recipient}" for info in await queue.list(Wanted(**named))]

    alice = ["<alice@example.test> X@example.net", "<alice@example.test> y@example.org"]
    assert sorted(await numbers(sender="Alice@example.test")) == alice
    assert await numbers(sender="<alice@example.test>", domain="EXAMPLE.org") == alice[1:]
    assert await numbers(sender="<>") == ["<> x@example.net"]
    assert len(await numbers(recipient="x@EXAMPLE.net")) == 2
    assert await numbers(state="held") == await numbers(domain="example.com") == []
    assert (await queue.hold(Wanted(domain="example.net"), ACTOR)).recipients == 2
    assert len(await numbers(state="held")) == 2
    assert (await queue.remove(Wanted(state="held", sender="<>"), ACTOR)).recipients == 1
    assert (await queue.release(Wanted(recipient="y@example.org"), ACTOR)).recipients == 0
    assert sorted(await numbers()) == alice


async def test_a_scheduled_message_waits_unless_it_is_named(world: World) -> None:
    """RFC 4865 4.2: nothing lets it go by the way."""
    queue = world.admin.queue
    async with peer() as mx:
        outside = Outside(world, mx.port)
        began_ms = world.clock.now_ms()
        await outside.submit(to("x@example.net"), to("bob@example.test"), hold_s=3600)
        outbound, local = sorted(await queue.list(Wanted(state="scheduled")), key=lambda info: info.kind, reverse=True)
        assert (outbound.recipient, local.recipient) == ("x@example.net", "bob@example.test")
        assert outbound.release_at_ms == outbound.due_at_ms == local.release_at_ms == began_ms + 3_600_000
        assert {info.reverse_path for info in (outbound, local)} == {"<alice@example.test>"}
        assert (await queue.retry(ANY, ACTOR)).recipients == 0
        assert (await queue.release(ANY, ACTOR)).recipients == 0
        assert (await queue.hold(ANY, ACTOR)).recipients == 2
        assert [info.state for info in await queue.list(ANY)] == ["held", "held"]
        world.clock.advance(3600)
        assert await outside.courier.run_once() == await outside.local.run_once() == 0
        assert (await queue.release(ANY, ACTOR)).recipients == 2
        assert await outside.courier.run_once() == await outside.local.run_once() == 1


async def test_a_hold_that_is_over_leaves_the_senders_time(world: World) -> None:
    queue = world.admin.queue
    async with peer() as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", hold_s=3600)
        await outside.submit("y@example.net", hold_s=3600)
        first, second = sorted(await queue.list(ANY), key=lambda info: info.recipient)
        await queue.hold(ANY, ACTOR)
        await queue.release(ANY, ACTOR)
        assert [info.state for info in await queue.list(ANY)] == ["scheduled", "scheduled"]
        assert await outside.courier.run_once() == 0
        assert (await queue.release(Wanted(id=first.id), ACTOR)).recipients == 1
        assert await outside.courier.run_once() == 1
        assert (await queue.remove(Wanted(id=second.id), ACTOR)).recipients == 1
    assert "RCPT TO:<x@example.net>" in mx.lines
    assert await queue.list(ANY) == []
