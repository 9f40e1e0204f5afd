from skrytka.model.address import NULL_REVERSE_PATH, Address, Domain, ReversePath
from tests.unit.mail.world import World

OURS = Domain("example.test")
BOB = Address.parse("bob@example.net")


async def test_a_reverse_path_is_rewritten_and_restored_with_a_key_of_the_node(world: World) -> None:
    assert "node:srs" not in {entry.subject for entry in world.ring.entries()}
    made = (await world.rewriting.rewritten(ReversePath(BOB), OURS)).address
    assert made is not None
    assert made.domain == OURS
    assert "node:srs" in {entry.subject for entry in world.ring.entries()}
    assert await world.rewriting.restored(made) == BOB
    assert await world.rewriting.restored(Address(made.local + "x", OURS)) is None
    world.clock.advance(22 * 86_400)
    assert await world.rewriting.restored(made) is None


async def test_the_null_one_stays_and_what_is_too_long_becomes_it(world: World) -> None:
    assert await world.rewriting.rewritten(NULL_REVERSE_PATH, OURS) == NULL_REVERSE_PATH
    long = ReversePath(Address.parse(f"{'x' * 230}@example.net"))
    assert await world.rewriting.rewritten(long, OURS) == NULL_REVERSE_PATH
