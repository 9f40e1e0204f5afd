"""Roles, sessions, keys and approvals, on both engines."""

import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.access_rows import ApprovalState, HandKind
from skrytka.store.commands import (
    AddApiKey,
    AskApproval,
    BeginSession,
    DecideApproval,
    EndSessions,
    ExpireAccess,
    GiveRole,
    NoteHand,
    RemoveAccount,
    RemoveApiKey,
    RemoveDomain,
    ReturnApproval,
    SeeSession,
    SuspendAccount,
    TakeRole,
    UseApiKey,
    UseApproval,
)
from skrytka.store.sql import access as sql
from skrytka.store.sql import directory
from tests.support.store import StoreCase

ONE, TWO, NEW = b"1" * 16, b"2" * 16, b"3" * 16


async def admins(case: StoreCase) -> list[AccountId]:
    return [row.account for row in await case.store.read(directory.admins())]


async def roles(case: StoreCase, account: AccountId) -> list[tuple[str, str]]:
    return [(row.role, row.domain) for row in await case.store.read(sql.grants(account))]


async def begin(case: StoreCase, account: AccountId, session: bytes, *ended: bytes) -> None:
    unit = case.ids.unit()
    await case.store.submit(
        BeginSession(unit=unit, account=account, session=session, record=b"r", proved_at_ms=0, ended=ended)
    )


async def sessions(case: StoreCase, account: AccountId) -> list[bytes]:
    return [row.session for row in await case.store.read(sql.sessions(account))]


async def test_who_is_made_an_administrator_has_the_role_and_who_has_the_role_is_one(case: StoreCase) -> None:
    await case.domain()
    first, second = await case.account("first", is_admin=True), await case.account("second")
    assert await roles(case, first) == [("system_admin", "")]
    give = GiveRole(unit=case.ids.unit(), account=second, role="system_admin")
    await case.store.submit(give)
    assert await admins(case) == [first, second]
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(GiveRole(unit=case.ids.unit(), account=second, role="system_admin"))
    assert caught.value.reason is Reason.ALREADY_EXISTS
    await case.store.submit(TakeRole(unit=case.ids.unit(), account=first, role="system_admin"))
    assert await admins(case) == [second]
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(TakeRole(unit=case.ids.unit(), account=second, role="system_admin"))
    assert caught.value.reason is Reason.NOT_PERMITTED


async def test_a_role_of_a_domain_goes_with_the_domain_and_all_with_the_account(case: StoreCase) -> None:
    await case.domain()
    await case.domain("second.test")
    await case.account("root", is_admin=True)
    account = await case.account()
    for domain in ("second.test", "example.test"):
        await case.store.submit(GiveRole(unit=case.ids.unit(), account=account, role="help_desk", domain=domain))
    with pytest.raises(PermanentError):
        await case.store.submit(GiveRole(unit=case.ids.unit(), account=account, role="help_desk", domain="gone.test"))
    with pytest.raises(PermanentError):
        await case.store.submit(TakeRole(unit=case.ids.unit(), account=account, role="auditor"))
    await case.store.submit(RemoveDomain(unit=case.ids.unit(), name="second.test"))
    assert await roles(case, account) == [("help_desk", "example.test")]
    await begin(case, account, ONE)
    await case.store.submit(RemoveAccount(unit=case.ids.unit(), account=account))
    assert await roles(case, account) == []
    assert await sessions(case, account) == []
    assert [row.address for row in await case.store.read(sql.all_grants())] == ["root@example.test"]
    for late in (GiveRole(unit=case.ids.unit(), account=account, role="auditor"),):
        with pytest.raises(PermanentError):
            await case.store.submit(late)
    with pytest.raises(PermanentError):
        await begin(case, account, TWO)


async def test_a_session_is_seen_gets_another_name_and_ends(case: StoreCase) -> None:
    account, other = await case.two_accounts()
    await begin(case, account, ONE)
    await begin(case, other, ONE)
    case.clock.advance(70)
    assert await case.store.submit(SeeSession(unit=case.ids.unit(), account=account, session=ONE))
    row = await case.store.read(sql.session(account, ONE))
    assert row is not None
    assert (row.seen_at_ms - row.created_at_ms, row.proved_at_ms) == (70_000, 0)
    assert await case.store.submit(SeeSession(unit=case.ids.unit(), account=account, session=ONE, new=NEW))
    assert not await case.store.submit(SeeSession(unit=case.ids.unit(), account=account, session=ONE))
    assert await case.store.read(sql.session(account, ONE)) is None
    await begin(case, account, TWO, NEW)
    await begin(case, account, ONE)
    assert await case.store.submit(EndSessions(unit=case.ids.unit(), account=account, kept=TWO)) == 1
    assert await sessions(case, account) == [TWO]
    assert await case.store.submit(EndSessions(unit=case.ids.unit(), account=account, session=ONE)) == 0
    assert await sessions(case, other) == [ONE]
    await case.store.submit(SuspendAccount(unit=case.ids.unit(), account=other))
    assert await sessions(case, other) == []


async def test_a_key_is_used_and_removed(case: StoreCase) -> None:
    await case.domain()
    account = await case.account()
    unit = case.ids.unit()
    await case.store.submit(AddApiKey(unit=unit, account=account, api_key=ONE, mac=TWO, record=b"r", expires_at_ms=5))
    await case.store.submit(UseApiKey(unit=case.ids.unit(), account=account, api_key=ONE))
    row = await case.store.read(sql.api_key(account, ONE))
    assert row is not None
    assert (row.used_at_ms, row.mac) == (case.clock.now_ms(), TWO)
    assert await case.store.read(sql.api_keys()) == [row]
    await case.store.submit(RemoveApiKey(unit=case.ids.unit(), account=account, api_key=ONE))
    with pytest.raises(PermanentError):
        await case.store.submit(RemoveApiKey(unit=case.ids.unit(), account=account, api_key=ONE))


async def test_an_approval_is_decided_by_somebody_else_and_used_once(case: StoreCase) -> None:
    asker, other = await case.two_accounts()
    expires_at_ms = case.clock.now_ms() + 10_000
    unit = case.ids.unit()
    await case.store.submit(
        AskApproval(unit=unit, approval=ONE, account=asker, digest=TWO, record=b"r", expires_at_ms=expires_at_ms)
    )

    async def decide(by: AccountId, approval: bytes = ONE) -> None:
        state = ApprovalState.APPROVED
        await case.store.submit(
            DecideApproval(unit=case.ids.unit(), approval=approval, by=by, state=state, record=b"s")
        )

    assert not await case.store.submit(UseApproval(unit=case.ids.unit(), approval=ONE))
    for by, approval in ((asker, ONE), (other, TWO)):
        with pytest.raises(PermanentError):
            await decide(by, approval)
    await decide(other)
    with pytest.raises(PermanentError):
        await decide(other)
    assert [await case.store.submit(UseApproval(unit=case.ids.unit(), approval=ONE)) for _ in range(2)] == [True, False]
    (row,) = await case.store.read(sql.approvals())
    assert (row.state, row.decided_by, row.record) == (ApprovalState.USED, other, b"s")
    assert await case.store.read(sql.approvals_of(asker)) == [row]
    assert await case.store.read(sql.approvals_of(other)) == []
    given_back = [await case.store.submit(ReturnApproval(unit=case.ids.unit(), approval=ONE)) for _ in range(2)]
    assert given_back == [True, False]
    assert [await case.store.submit(UseApproval(unit=case.ids.unit(), approval=ONE)) for _ in range(2)] == [True, False]


async def test_local_root_decides_without_an_account(case: StoreCase) -> None:
    asker, _other = await case.two_accounts()
    unit, later = case.ids.unit(), case.clock.now_ms() + 10_000
    await case.store.submit(
        AskApproval(unit=unit, approval=ONE, account=asker, digest=TWO, record=b"r", expires_at_ms=later)
    )
    unit, state = case.ids.unit(), ApprovalState.REFUSED
    await case.store.submit(DecideApproval(unit=unit, approval=ONE, by=None, state=state, record=b"s"))
    (row,) = await case.store.read(sql.approvals())
    assert (row.state, row.decided_by) == (ApprovalState.REFUSED, None)
    assert not await case.store.submit(ReturnApproval(unit=case.ids.unit(), approval=ONE))


async def test_a_hand_is_kept_with_its_last_time_also_when_the_account_has_gone(case: StoreCase) -> None:
    account, other = await case.two_accounts()

    async def note(kind: HandKind) -> None:
        await case.store.submit(NoteHand(unit=case.ids.unit(), account=account, kind=kind, actor=other))

    await note(HandKind.ROLE)
    await note(HandKind.PASSWORD)
    case.clock.advance(5)
    await note(HandKind.ROLE)
    now = case.clock.now_ms()
    found = [(row.kind, row.actor, now - row.at_ms) for row in await case.store.read(sql.hands(account))]
    assert found == [(HandKind.PASSWORD, other, 5000), (HandKind.ROLE, other, 0)]
    assert await case.store.read(sql.hands(other)) == []
    await case.store.submit(RemoveAccount(unit=case.ids.unit(), account=account))
    assert len(await case.store.read(sql.hands(account))) == 2
    with pytest.raises(PermanentError):
        await note(HandKind.ROLE)


async def test_whoever_made_an_account_has_a_hand_in_it_from_its_first_moment(case: StoreCase) -> None:
    await case.domain()
    first = await case.account("first")
    second = await case.account("second", made_by=first)
    (row,) = await case.store.read(sql.hands(second))
    assert (row.kind, row.actor) == (HandKind.MADE, first)


async def test_what_is_long_over_is_forgotten(case: StoreCase) -> None:
    await case.domain()
    account = await case.account()
    await begin(case, account, ONE)
    now = case.clock.now_ms()
    expire = ExpireAccess(unit=case.ids.unit(), sessions_before_ms=now, approvals_before_ms=now)
    assert await case.store.submit(expire) == 0
    expire = ExpireAccess(unit=case.ids.unit(), sessions_before_ms=now + 1, approvals_before_ms=now)
    assert await case.store.submit(expire) == 1
