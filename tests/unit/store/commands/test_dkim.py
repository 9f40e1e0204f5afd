"""Keys that sign for a domain, on both engines."""

import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.store.commands import AddDkimKeys, DkimMove, MoveDkimKeys, NewDkimKey, RemoveDomain
from skrytka.store.rows import DkimState
from skrytka.store.sql import dkim
from tests.support.store import StoreCase

RSA = NewDkimKey("s20261129r", "rsa-sha256", "MIIB", b"sealed rsa")
ED = NewDkimKey("s20261129e", "ed25519-sha256", "11qY", b"sealed ed")


async def add(case: StoreCase, *keys: NewDkimKey) -> None:
    await case.store.submit(AddDkimKeys(unit=case.ids.unit(), domain="example.test", keys=keys))


async def move(case: StoreCase, *moves: DkimMove, domain: str = "example.test") -> None:
    await case.store.submit(MoveDkimKeys(unit=case.ids.unit(), domain=domain, moves=moves))


async def states(case: StoreCase) -> dict[str, str]:
    return {row.selector: row.state.value for row in await case.store.read(dkim.keys_of("example.test"))}


async def test_keys_of_a_domain_are_new_until_they_are_moved(case: StoreCase) -> None:
    await case.domain()
    await add(case, RSA, ED)
    ed, rsa = await case.store.read(dkim.keys())
    assert (rsa.domain, rsa.selector, rsa.algorithm, rsa.state) == (
        "example.test",
        "s20261129r",
        "rsa-sha256",
        DkimState.NEW,
    )
    assert (rsa.public_key, rsa.private_key, rsa.changed_at_ms) == ("MIIB", b"sealed rsa", case.clock.now_ms())
    assert "sealed" not in repr((ed, rsa, RSA))
    case.clock.advance(5)
    await move(case, DkimMove(RSA.selector, DkimState.NEW, DkimState.ACTIVE))
    ed, rsa = await case.store.read(dkim.keys())
    assert (ed.state, rsa.state, rsa.changed_at_ms - rsa.created_at_ms) == (DkimState.NEW, DkimState.ACTIVE, 5000)


async def test_all_moves_happen_or_none(case: StoreCase) -> None:
    await case.domain()
    await add(case, RSA, ED)
    with pytest.raises(PermanentError) as caught:
        await move(
            case,
            DkimMove(RSA.selector, DkimState.NEW, DkimState.ACTIVE),
            DkimMove(ED.selector, DkimState.WAITING, DkimState.ACTIVE),
        )
    assert caught.value.reason is Reason.NOT_PERMITTED
    assert set((await states(case)).values()) == {"new"}


async def test_a_revoked_key_loses_its_secret_and_may_go(case: StoreCase) -> None:
    await case.domain()
    await add(case, RSA)
    await move(case, DkimMove(RSA.selector, DkimState.NEW, DkimState.REVOKED))
    (row,) = await case.store.read(dkim.keys())
    assert (row.state, row.private_key, row.public_key) == (DkimState.REVOKED, None, "MIIB")
    await move(case, DkimMove(RSA.selector, DkimState.REVOKED, None))
    assert await case.store.read(dkim.keys()) == []


async def test_one_key_of_an_algorithm_is_on_its_way_at_a_time(case: StoreCase) -> None:
    await case.domain()
    await add(case, RSA)
    another = NewDkimKey("s20261129r2", "rsa-sha256", "MIIC", b"x")
    for state in (DkimState.NEW, DkimState.WAITING):
        with pytest.raises(PermanentError, match="s20261129r"):
            await add(case, another)
        await move(case, DkimMove(RSA.selector, state, DkimState.WAITING))
    await move(case, DkimMove(RSA.selector, DkimState.WAITING, DkimState.ACTIVE))
    with pytest.raises(PermanentError):
        await add(case, RSA)
    await add(case, another, ED)
    assert await states(case) == {"s20261129e": "new", "s20261129r": "active", "s20261129r2": "new"}


async def test_keys_go_with_their_domain(case: StoreCase) -> None:
    with pytest.raises(PermanentError, match=r"example\.test"):
        await add(case, RSA)
    await case.domain()
    await add(case, RSA)
    await case.store.submit(RemoveDomain(unit=case.ids.unit(), name="example.test"))
    await case.domain()
    assert await case.store.read(dkim.keys()) == []
