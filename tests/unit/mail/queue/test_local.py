from skrytka.model.errors import Reason, TransientError
from skrytka.store.commands.deliver import Deliver
from skrytka.store.commands.queue import Enqueue
from tests.unit.mail.world import MESSAGE, World, fails


async def test_what_is_queued_is_sealed(world: World) -> None:
    world.store.failures[Deliver] = fails(TransientError(Reason.STORE_BUSY))
    await world.deliver(MESSAGE, "alice@example.test", "bob@example.test")
    (queued,) = [command for command in world.store.commands if isinstance(command, Enqueue)]
    assert len(queued.recipients) == 2
    assert {recipient.reason for recipient in queued.recipients} == {"store_busy"}
    stored = (world.root / "mail.sqlite").read_bytes() + (world.root / "mail.sqlite-wal").read_bytes()
    for known in (b"Hello Alice", b"lunch", b"bob@example.net", b"192.0.2.1"):
        assert known not in stored


async def test_what_is_queued_is_due_at_once(world: World) -> None:
    assert await world.courier.next_due_ms() is None
    world.store.failures[Deliver] = fails(TransientError(Reason.STORE_BUSY))
    await world.deliver(MESSAGE)
    assert await world.courier.next_due_ms() == world.clock.now_ms()
