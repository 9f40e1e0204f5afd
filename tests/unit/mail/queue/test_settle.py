"""Outcomes are written down, many at a time, and what could not be is not forgotten."""

from skrytka.model.errors import Reason, TransientError
from skrytka.store.commands.outbound import Settle
from tests.support.outside import Outside, peer
from tests.unit.mail.world import World, fails


def commits(world: World) -> list[Settle]:
    return [command for command in world.store.commands if isinstance(command, Settle)]


async def test_many_messages_share_a_commit(world: World) -> None:
    async with peer() as mx:
        outside = Outside(world, mx.port)
        for number in range(20):
            await outside.submit(f"x{number}@example.net")
        await outside.courier.run_once()
    assert len(mx.messages) == 20
    assert await outside.queue() == []
    assert sum(len(command.done) for command in commits(world)) == 20
    assert len(commits(world)) < 20


async def test_what_is_over_and_what_is_not_go_in_one_commit(world: World) -> None:
    async with peer({"RCPT": lambda line: b"450 4.2.0 later\r\n" if "later" in line else b"250 ok\r\n"}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", "later@example.net")
        await outside.courier.run_once()
    (command,) = commits(world)
    assert [done.recipients for done in command.done] == [(0,)]
    assert [(later.recipients, later.reason) for later in command.later] == [((1,), "4.2.0")]


async def test_a_batch_that_failed_is_owed_and_nothing_of_it_is_sent_again(world: World) -> None:
    async with peer() as mx:
        outside = Outside(world, mx.port)
        for number in range(3):
            await outside.submit(f"x{number}@example.net")
        world.store.failures[Settle] = fails(TransientError(Reason.STORE_DOWN), times=9)
        await outside.courier.run_once()
        assert len(await outside.queue()) == 3
        assert not outside.courier._in_flight
        world.store.failures.clear()
        await outside.courier.run_once()
    assert len(mx.messages) == 3
    assert await outside.queue() == []
    assert not outside.courier._settlements._owed
