"""The queue in the administrator's hands."""

import pytest

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import QueueChanged
from skrytka.store.commands.deliver import Deliver
from tests.support.outside import Outside, peer
from tests.unit.mail.world import ACTOR, MESSAGE, World, fails


async def test_held_mail_waits_until_it_is_released(world: World) -> None:
    queue = world.admin.queue
    async with peer() as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", "y@example.net")
        first, second = await queue.list()
        assert (first.recipient, first.reverse_path, first.state) == (
            "x@example.net",
            "<alice@example.test>",
            "waiting",
        )
        assert (second.number, second.kind, second.attempts) == (1, "outbound", 0)
        assert (await queue.hold(first.id, ACTOR)).recipients == 2
        assert await outside.courier.run_once() == 0
        assert (await queue.retry(first.id, ACTOR)).recipients == 0
        assert [each.state for each in await queue.show(first.id)] == ["held", "held"]
        assert (await queue.release("all", ACTOR)).recipients == 2
        assert await outside.courier.run_once() == 2
    assert len(mx.messages) == 1
    assert await queue.list() == []
    done = [event for event in world.events.events if isinstance(event, QueueChanged)]
    assert [(event.action, event.count) for event in done] == [("queue.hold", 2), ("queue.release", 2)]


async def test_retry_makes_deferred_mail_due_now(world: World) -> None:
    async with peer({"RCPT": b"451 later\r\n"}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net")
        await outside.courier.run_once()
        assert await outside.courier.run_once() == 0
        (info,) = await world.admin.queue.list()
        assert (info.reason, info.attempts) == ("4.0.0", 1)
        await world.admin.queue.retry(info.id, ACTOR)
        assert await outside.courier.run_once() == 1


async def test_removed_mail_is_gone_and_nobody_is_told(world: World) -> None:
    outside = Outside(world, 1)
    await outside.submit("x@example.net")
    assert (await world.admin.queue.remove("all", ACTOR)).recipients == 1
    assert await outside.queue() == []
    assert await world.inbox() == []
    assert (await world.admin.queue.remove("all", ACTOR)).recipients == 0


async def test_mail_for_mailboxes_here_is_listed_without_its_addresses(world: World) -> None:
    world.store.failures[Deliver] = fails(TransientError(Reason.STORE_BUSY))
    await world.deliver(MESSAGE)
    (info,) = await world.admin.queue.list()
    assert (info.kind, info.recipient, info.reason) == ("local", "", "store_busy")
    await world.admin.queue.hold(info.id, ACTOR)
    assert await world.courier.run_once() == 0
    await world.admin.queue.release(info.id, ACTOR)
    assert await world.courier.run_once() == 1


@pytest.mark.parametrize(("text", "reason"), [("nonsense", Reason.BAD_SYNTAX), ("0" * 26, Reason.NO_SUCH_OBJECT)])
async def test_an_id_has_to_be_one_of_the_list(world: World, text: str, reason: Reason) -> None:
    for command in (world.admin.queue.retry, world.admin.queue.hold, world.admin.queue.remove):
        with pytest.raises(PermanentError) as caught:
            await command(text, ACTOR)
        assert caught.value.reason is reason
