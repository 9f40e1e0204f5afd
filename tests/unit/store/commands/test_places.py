"""Places, locks and the links of alerts; on both engines."""

import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.commands import ExpirePlaces, LockAccount, NotePlaces, Place, PutAlert, SetPassword, UnlockAccount
from skrytka.store.commands.places import PLACES_MAX
from skrytka.store.sql import directory, factors
from skrytka.store.sql import places as sql
from tests.support.store import StoreCase

TOKEN = b"t" * 16


async def account(case: StoreCase) -> tuple[AccountId, str]:
    await case.domain()
    made = await case.account("ann")
    await case.store.submit(SetPassword(unit=case.ids.unit(), account=made, verifier=b"old"))
    return made, "ann@example.test"


async def note(case: StoreCase, who: AccountId, *macs: bytes, kind: str = "network") -> None:
    places = tuple(Place(kind, mac) for mac in macs)
    await case.store.submit(NotePlaces(unit=case.ids.unit(), account=who, places=places))


async def password(case: StoreCase, who: AccountId) -> list[bytes]:
    return [bytes(row.verifier) for row in await case.store.read(directory.credentials(who))]


async def test_a_place_is_noted_once_and_its_last_time_moves(case: StoreCase) -> None:
    who, address = await account(case)
    assert await case.store.read(sql.of_address(address)) == []
    assert await case.store.read(sql.watched_since_ms()) is None
    await note(case, who, b"a")
    first = (await case.store.read(sql.of_address(address)))[0]
    case.clock.advance(5)
    await note(case, who, b"a", b"b")
    rows = {row.mac: row for row in await case.store.read(sql.of_address(address))}
    assert (rows[b"a"].first_at_ms, rows[b"a"].last_at_ms) == (first.first_at_ms, first.first_at_ms + 5000)
    assert rows[b"b"].first_at_ms == first.first_at_ms + 5000
    assert await case.store.read(sql.watched_since_ms()) == first.first_at_ms
    assert await case.store.read(sql.of_address("nobody@example.test")) == []


async def test_of_too_many_the_longest_unseen_goes(case: StoreCase) -> None:
    who, address = await account(case)
    for number in range(PLACES_MAX + 2):
        case.clock.advance(1)
        await note(case, who, b"%d" % number)
    await note(case, who, b"PL", kind="country")
    rows = await case.store.read(sql.of_address(address))
    networks = {row.mac for row in rows if row.kind == "network"}
    assert len(networks) == PLACES_MAX
    assert b"0" not in networks
    assert b"1" not in networks
    assert [row.mac for row in rows if row.kind == "country"] == [b"PL"]


async def test_places_end_with_their_age_in_small_steps(case: StoreCase) -> None:
    who, address = await account(case)
    await note(case, who, b"a", b"b", b"c")
    case.clock.advance(100)
    await note(case, who, b"c")
    before_ms = case.clock.now_ms() - 50_000
    expire = [ExpirePlaces(unit=case.ids.unit(), before_ms=before_ms, limit=1) for _ in range(3)]
    assert [await case.store.submit(step) for step in expire] == [1, 1, 0]
    assert [row.mac for row in await case.store.read(sql.of_address(address))] == [b"c"]


async def test_a_locked_account_has_no_password_and_no_home_and_can_have_them_back(case: StoreCase) -> None:
    who, address = await account(case)
    await note(case, who, b"a")
    assert await case.store.read(sql.lock_of(who)) is None
    assert await case.store.submit(LockAccount(unit=case.ids.unit(), account=who, reason="administrator", closed=b"!"))
    lock = await case.store.read(sql.lock_of(who))
    assert lock is not None
    assert lock.reason == "administrator"
    assert await password(case, who) == [b"!"]
    assert await case.store.read(factors.password_history(who, 24)) == [b"old"]
    assert await case.store.read(sql.of_address(address)) == []
    assert not await case.store.submit(LockAccount(unit=case.ids.unit(), account=who, reason="again", closed=b"!"))
    assert await case.store.submit(UnlockAccount(unit=case.ids.unit(), account=who, closed=b"!"))
    assert await password(case, who) == [b"old"]
    assert not await case.store.submit(UnlockAccount(unit=case.ids.unit(), account=who, closed=b"!"))


async def test_a_new_password_stays_when_the_lock_goes(case: StoreCase) -> None:
    who, _ = await account(case)
    await case.store.submit(LockAccount(unit=case.ids.unit(), account=who, reason="administrator", closed=b"!"))
    await case.store.submit(SetPassword(unit=case.ids.unit(), account=who, verifier=b"new"))
    await case.store.submit(UnlockAccount(unit=case.ids.unit(), account=who, closed=b"!"))
    assert await password(case, who) == [b"new"]


async def test_a_link_locks_once_and_for_a_time(case: StoreCase) -> None:
    who, _ = await account(case)
    until_ms = case.clock.now_ms() + 1000
    await case.store.submit(PutAlert(unit=case.ids.unit(), account=who, token=TOKEN, expires_at_ms=until_ms))
    assert await case.store.read(sql.has_alert(who, TOKEN, case.clock.now_ms()))
    assert not await case.store.read(sql.has_alert(who, b"x", case.clock.now_ms()))
    assert not await case.store.read(sql.has_alert(who, TOKEN, until_ms))
    for token in (b"x", None):
        lock = LockAccount(
            unit=case.ids.unit(), account=AccountId(99) if token is None else who, reason="o", closed=b"!", token=token
        )
        with pytest.raises(PermanentError) as caught:
            await case.store.submit(lock)
        assert caught.value.reason is Reason.NO_SUCH_OBJECT
    assert await case.store.submit(
        LockAccount(unit=case.ids.unit(), account=who, reason="owner", closed=b"!", token=TOKEN)
    )
    with pytest.raises(PermanentError):
        await case.store.submit(
            LockAccount(unit=case.ids.unit(), account=who, reason="owner", closed=b"!", token=TOKEN)
        )


async def test_a_link_that_has_ended_does_nothing(case: StoreCase) -> None:
    who, _ = await account(case)
    until_ms = case.clock.now_ms() + 1000
    await case.store.submit(PutAlert(unit=case.ids.unit(), account=who, token=TOKEN, expires_at_ms=until_ms))
    case.clock.advance(2)
    with pytest.raises(PermanentError):
        await case.store.submit(
            LockAccount(unit=case.ids.unit(), account=who, reason="owner", closed=b"!", token=TOKEN)
        )
    assert await password(case, who) == [b"old"]
