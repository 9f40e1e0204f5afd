from skrytka.mail.queue.waiting import WaitingMail
from tests.support.outside import Outside
from tests.unit.mail.world import World


async def test_an_account_has_as_many_messages_waiting_as_have_their_time_to_come(world: World) -> None:
    alice, waiting = await world.account("alice"), WaitingMail(world.store, world.clock)
    outside = Outside(world, 1)
    await outside.submit("x@example.net")
    assert await waiting.count(alice) == 0
    await outside.submit("x@example.net", "y@example.net", hold_s=60)
    await outside.submit("x@example.net", hold_s=120)
    assert await waiting.count(alice) == 2
    assert await waiting.count(await world.account("bob")) == 0
    world.clock.advance(60)
    assert await waiting.count(alice) == 1
