"""Machines with certificates of our own, on both engines."""

import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.access_rows import MachineRow
from skrytka.store.commands import EnrolMachine, InviteMachine, RemoveAccount, RenewMachine, RevokeMachine, SetPassword
from skrytka.store.commands.machines import KEPT_MS, MACHINES_MAX
from skrytka.store.sql import machines as sql
from tests.support.store import StoreCase

TOKEN = b"t" * 16
MINUTE_MS = 60_000


async def invite(case: StoreCase, account: int, machine: bytes, token: bytes = TOKEN) -> None:
    until_ms = case.clock.now_ms() + MINUTE_MS
    await case.store.submit(
        InviteMachine(
            unit=case.ids.unit(),
            account=AccountId(account),
            machine=machine,
            purpose="remote",
            record=b"r",
            token=token,
            token_until_ms=until_ms,
        )
    )


async def enrol(case: StoreCase, account: int, machine: bytes, token: bytes = TOKEN) -> bool:
    expires_at_ms = case.clock.now_ms() + 60 * MINUTE_MS
    return await case.store.submit(
        EnrolMachine(
            unit=case.ids.unit(), account=AccountId(account), machine=machine, token=token, expires_at_ms=expires_at_ms
        )
    )


async def found(case: StoreCase, account: int, machine: bytes) -> MachineRow | None:
    return await case.store.read(sql.machine(AccountId(account), machine))


async def test_a_token_is_good_once_and_for_its_time(case: StoreCase) -> None:
    await case.domain()
    account, one, two = await case.account(), case.ids(), case.ids()
    await invite(case, account, one)
    assert await case.store.read(sql.invited_until()) == (case.clock.now_ms() + MINUTE_MS, 1)
    assert not await enrol(case, account, one, b"x" * 16)
    assert not await enrol(case, account, two)
    assert await enrol(case, account, one)
    assert not await enrol(case, account, one)
    assert not await enrol(case, account, one, b"")
    row = await found(case, account, one)
    assert row is not None
    assert (row.token_until_ms, row.enrolled_at_ms) == (0, case.clock.now_ms())
    await invite(case, account, two)
    case.clock.advance(60)
    assert not await enrol(case, account, two)


async def test_a_certificate_is_renewed_until_its_machine_is_put_out(case: StoreCase) -> None:
    await case.domain()
    account, one = await case.account(), case.ids()

    async def renew(expires_at_ms: int) -> bool:
        return await case.store.submit(
            RenewMachine(unit=case.ids.unit(), account=account, machine=one, expires_at_ms=expires_at_ms)
        )

    await invite(case, account, one)
    assert not await renew(5)  # it is invited only
    assert await enrol(case, account, one)
    case.clock.advance(10)
    assert await renew(5)
    row = await found(case, account, one)
    assert row is not None
    assert (row.expires_at_ms, row.renewed_at_ms - row.enrolled_at_ms) == (5, 10_000)
    await case.store.submit(RevokeMachine(unit=case.ids.unit(), account=account, machine=one))
    assert not await renew(6)
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(RevokeMachine(unit=case.ids.unit(), account=account, machine=one))
    assert caught.value.reason is Reason.NO_SUCH_OBJECT


async def test_what_has_lapsed_goes_with_the_next_invitation(case: StoreCase) -> None:
    await case.domain()
    account, one, two, three = await case.account(), case.ids(), case.ids(), case.ids()
    await invite(case, account, one)
    await invite(case, account, two)
    assert await enrol(case, account, two)
    case.clock.advance(61)
    await invite(case, 0, three)
    assert [row.machine for row in await case.store.read(sql.machines())] == [three, two]
    case.clock.advance(3600 + KEPT_MS / 1000)
    await invite(case, account, one)
    assert [row.machine for row in await case.store.read(sql.machines())] == [one]


async def test_they_are_so_many_and_go_with_their_account_and_when_its_password_is_known_to_others(
    case: StoreCase,
) -> None:
    await case.domain()
    await case.account("root", is_admin=True)
    account = await case.account()
    for _ in range(MACHINES_MAX):
        await invite(case, account, case.ids())
    with pytest.raises(PermanentError) as caught:
        await invite(case, account, case.ids())
    assert caught.value.reason is Reason.TOO_MANY
    await case.store.submit(SetPassword(unit=case.ids.unit(), account=account, verifier=b"v", is_distrusted=True))
    assert await case.store.read(sql.machines()) == []
    await invite(case, account, case.ids())
    await case.store.submit(RemoveAccount(unit=case.ids.unit(), account=account))
    assert await case.store.read(sql.machines()) == []
    with pytest.raises(PermanentError):
        await invite(case, account, case.ids())
