from tests.support.outside import Outside, to
from tests.unit.mail.world import World


async def test_what_leaves_is_due_at_once_and_sealed(world: World) -> None:
    outside = Outside(world, 1)
    await outside.submit(to("secret-name@example.net"))
    (row,) = await outside.queue()
    assert (row.due_at_ms, row.kind, row.priority) == (world.clock.now_ms(), 1, 0)
    stored = (world.root / "mail.sqlite").read_bytes() + (world.root / "mail.sqlite-wal").read_bytes()
    for known in (b"secret-name", b"alice@example.test>", b"Hello Alice"):
        assert known not in stored
