from collections.abc import Callable

import pytest

from skrytka.mail.outbox.dkim_keys import dkim_keys, make_key, open_key, record_of, selector_of
from skrytka.model.address import Domain
from skrytka.model.errors import PermanentError, Reason
from skrytka.protocol.mailauth.dkim.key import Algorithm, read_key
from skrytka.store.rows import DkimKeyRow, DkimState
from tests.support.signing import BOTH
from tests.unit.mail.world import World

NOW_MS = 1_795_910_400_000  # 2026-11-29
EXAMPLE = Domain("example.test")


async def row_of(world: World, algorithm: Algorithm, selector: str = "s1") -> DkimKeyRow:
    made = make_key(await dkim_keys(world.keys, world.random), EXAMPLE, selector, algorithm)
    return DkimKeyRow(
        EXAMPLE.name, selector, made.algorithm, DkimState.ACTIVE, made.public_key, made.private_key, NOW_MS, NOW_MS
    )


@pytest.mark.parametrize("algorithm", BOTH)
async def test_a_key_opens_in_its_own_place_and_fits_its_record(world: World, algorithm: Algorithm) -> None:
    row = await row_of(world, algorithm)
    keys = await dkim_keys(world.keys, world.random)
    key = open_key(keys, row)
    assert (key.algorithm, key.record_name) == (algorithm, "s1._domainkey.example.test")
    assert key.record == record_of(row)
    assert read_key(record_of(row).encode()).verifies(key.sign(b"x"), b"x")
    assert read_key(record_of(row).encode()).bits in {2048, 256}
    private = row.private_key or b""
    assert b"PRIVATE" not in private
    for shown in (repr(row), repr(key), repr(keys)):
        assert "PRIVATE" not in shown
        assert repr(private)[2:-1] not in shown


@pytest.mark.parametrize(
    "change",
    [
        lambda row, _other: row._replace(domain="other.test"),
        lambda row, _other: row._replace(selector="s2"),
        lambda row, _other: row._replace(private_key=None),
        lambda row, _other: row._replace(private_key=row.private_key[:-1] + b"\0\0"),
        lambda row, other: row._replace(public_key=other.public_key),
    ],
    ids=["domain", "selector", "gone", "changed", "another's public half"],
)
async def test_anything_else_is_damage(world: World, change: Callable[[DkimKeyRow, DkimKeyRow], DkimKeyRow]) -> None:
    row = await row_of(world, Algorithm.ED25519_SHA256)
    other = await row_of(world, Algorithm.ED25519_SHA256)
    with pytest.raises(PermanentError) as caught:
        open_key(await dkim_keys(world.keys, world.random), change(row, other))
    assert caught.value.reason is Reason.CORRUPT


def test_selectors_sort_by_date_and_have_no_second() -> None:
    assert selector_of(Algorithm.RSA_SHA256, NOW_MS, frozenset()) == "s20261129r"
    taken = frozenset({"s20261129r", "s20261129r2"})
    assert selector_of(Algorithm.RSA_SHA256, NOW_MS, taken) == "s20261129r3"
    assert selector_of(Algorithm.ED25519_SHA256, NOW_MS, taken) == "s20261129e"


async def test_the_record_of_a_revoked_key_is_empty(world: World) -> None:
    row = await row_of(world, Algorithm.ED25519_SHA256)
    assert record_of(row, is_revoked=True) == "v=DKIM1; k=ed25519; p="
