"""Changes that may be sent twice, on both engines."""

import pytest

from skrytka.model.errors import Reason, TransientError
from skrytka.model.ids import AccountId
from skrytka.store.commands import BeginRepeat, EndRepeat, repeats
from skrytka.store.commands.repeats import Before
from tests.support.store import StoreCase

ALICE, BOB = AccountId(1), AccountId(2)


async def begin(case: StoreCase, account: AccountId = ALICE, repeat: bytes = b"r") -> Before | None:
    until_ms = case.clock.now_ms() + 10_000
    return await case.store.submit(
        BeginRepeat(unit=case.ids.unit(), account=account, repeat=repeat, digest=b"d", expires_at_ms=until_ms)
    )


async def end(case: StoreCase, record: bytes) -> bool:
    return await case.store.submit(EndRepeat(unit=case.ids.unit(), account=ALICE, repeat=b"r", record=record))


async def test_what_was_sent_is_known_until_its_time_is_over(case: StoreCase) -> None:
    assert await begin(case) is None
    assert await begin(case, BOB) is None
    assert await begin(case) == Before(b"d", b"")
    assert await end(case, b"said")
    assert await begin(case) == Before(b"d", b"said")
    case.clock.advance(10)
    assert await begin(case) is None
    assert await end(case, b"")
    assert not await end(case, b"")
    assert await begin(case) is None


async def test_no_account_keeps_more_than_so_many(case: StoreCase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "KEPT_MAX", 3)
    for number in range(3):
        assert await begin(case, ALICE, b"%d" % number) is None
    with pytest.raises(TransientError) as caught:
        await begin(case)
    assert caught.value.reason is Reason.RATE_LIMITED
    assert await begin(case, BOB) is None
