import pytest

from skrytka.mail.identity.access_deps import AccessDeps
from skrytka.mail.identity.repeats import KEPT_S, Repeats, Said
from skrytka.model.errors import PermanentError, Reason
from tests.unit.mail.world import World

SAID = Said(200, b'{"token":"hunter2-hunter2"}', (("Content-Type", "application/json"),))


async def refused(repeats: Repeats, world: World, asked: bytes = b"a") -> Reason:
    with pytest.raises(PermanentError) as caught:
        await repeats.begin(await world.account("alice"), b"k", asked)
    return caught.value.reason


async def test_an_answer_outlives_the_process_that_gave_it(world: World, access: AccessDeps) -> None:
    first, alice = Repeats(access), await world.account("alice")
    assert await first.begin(alice, b"k", b"a") is None
    assert await refused(Repeats(access), world) is Reason.ALREADY_EXISTS
    await first.end(alice, b"k", SAID)
    after = Repeats(access)
    assert await after.begin(alice, b"k", b"a") == SAID
    assert await refused(after, world, b"b") is Reason.BAD_SYNTAX
    assert await after.begin(await world.account("bob"), b"k", b"a") is None
    assert await after.begin(alice, b"another", b"a") is None
    world.clock.advance(KEPT_S)
    assert await after.begin(alice, b"k", b"a") is None
    assert "hunter2" not in repr(SAID)


async def test_what_is_kept_is_sealed(world: World, access: AccessDeps) -> None:
    repeats, alice = Repeats(access), await world.account("alice")
    await repeats.begin(alice, b"k", b"a")
    await repeats.end(alice, b"k", SAID)
    assert b"hunter2" not in b"".join(path.read_bytes() for path in world.root.rglob("*") if path.is_file())


async def test_what_came_to_nothing_may_be_tried_again(world: World, access: AccessDeps) -> None:
    repeats, alice = Repeats(access), await world.account("alice")
    assert await repeats.begin(alice, b"k", b"a") is None
    await repeats.end(alice, b"k", None)
    assert await repeats.begin(alice, b"k", b"a") is None
