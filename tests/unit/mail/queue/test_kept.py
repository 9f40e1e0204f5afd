"""Policies in the store: sealed, and what does not open is none."""

from skrytka.mail.queue.kept import KeptPolicies, KeptPolicy
from skrytka.protocol.tlspolicy.sts import StsPolicy
from skrytka.store.commands import PutStsPolicy
from skrytka.store.sql import sts as sql
from tests.support.store import Ids
from tests.unit.mail.world import World

KEPT = KeptPolicy(
    domain="example.org",
    id="1",
    policy=StsPolicy("enforce", ("mx.example.org",), 86_400),
    fetched_at_ms=10,
    used_at_ms=5,
)


async def test_a_policy_comes_back_as_it_was_and_nobody_else_reads_whose_it_is(world: World) -> None:
    kept = KeptPolicies(world.store, world.keys, world.clock, world.random)
    assert await kept.get("example.org") is None
    await kept.put(KEPT)
    assert await kept.get("example.org") == KEPT
    ((place, sealed),) = await world.store.read(sql.fetched_before(99, b"", 9))
    assert b"example" not in place + sealed
    assert len(place) == 16
    assert await kept.fetched_before(10) == ([], b"")
    assert await kept.fetched_before(11) == ([KEPT], b"")
    await kept.drop("example.org")
    assert await kept.get("example.org") is None


async def test_what_does_not_open_is_none_and_goes(world: World) -> None:
    kept = KeptPolicies(world.store, world.keys, world.clock, world.random)
    await kept.put(KEPT)
    ((place, sealed),) = await world.store.read(sql.fetched_before(99, b"", 9))
    ids = Ids()
    for other in (place, bytes(16)):  # changed, and moved to another domain
        octets = sealed[:-1] + bytes([sealed[-1] ^ 1]) if other == place else sealed
        await world.store.submit(PutStsPolicy(unit=ids.unit(), domain=other, fetched_at_ms=50, sealed=octets))
    assert await kept.get("example.org") is None
    assert await kept.fetched_before(99) == ([], b"")
    assert await world.store.read(sql.fetched_before(99, b"", 9)) == []
