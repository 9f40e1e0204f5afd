"""Old passwords, second factors, one-time codes, rules and what is to be told, on both engines."""

import asyncio

import pytest

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.ids import AccountId
from skrytka.store.commands import (
    AddFactor,
    ChangePassword,
    DropMfaRule,
    DropNotice,
    FailFactor,
    PutCodes,
    PutMfaRule,
    RemoveAccount,
    RemoveDomain,
    RemoveFactor,
    ResetFactors,
    UseCode,
    UseFactor,
)
from skrytka.store.commands.factors import CODES_MAX, FACTORS_MAX, FAILURES_MAX, HISTORY
from skrytka.store.factor_rows import CodeKind, FactorKind, Notice, RuleRow, RuleScope
from skrytka.store.sql import directory
from skrytka.store.sql import factors as sql
from skrytka.store.statement import Query, Statement
from tests.support.store import StoreCase

MAC = b"m" * 16
OTHER = b"o" * 16
STATE = Statement("SELECT value FROM meta WHERE name = 'directory'")


async def state(case: StoreCase) -> int:
    """Of the directory: logins are read anew when it has changed."""

    def asked() -> Query[int]:
        ((value,),) = yield STATE()
        assert isinstance(value, int)
        return value

    return await case.store.read(asked())


async def change(case: StoreCase, account: AccountId, verifier: bytes, was: bytes | None) -> None:
    await case.store.submit(
        ChangePassword(
            unit=case.ids.unit(), account=account, verifier=verifier, was=was, notice=Notice.PASSWORD_CHANGED
        )
    )


async def add(case: StoreCase, account: AccountId, factor: int, kind: FactorKind = FactorKind.TOTP) -> None:
    await case.store.submit(
        AddFactor(unit=case.ids.unit(), account=account, factor=factor, kind=kind, sealed=b"sealed")
    )


async def use(case: StoreCase, account: AccountId, factor: int, counter: int) -> bool:
    return await case.store.submit(UseFactor(unit=case.ids.unit(), account=account, factor=factor, counter=counter))


async def told(case: StoreCase) -> list[tuple[int, str]]:
    return [(row.account, row.what.value) for row in await case.store.read(sql.notices(100))]


async def test_a_changed_password_keeps_what_was_and_no_more_than_it_must(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    await change(case, alice, b"verifier 0", None)
    for number in range(30):
        await change(case, alice, b"verifier %d" % (number + 1), b"verifier %d" % number)
    assert [row.verifier for row in await case.store.read(directory.credentials(alice))] == [b"verifier 30"]
    kept = await case.store.read(sql.password_history(alice, 100))
    assert kept == [b"verifier %d" % number for number in range(29, 29 - (HISTORY - 1), -1)]
    assert await case.store.read(sql.password_history(bob, 100)) == []
    assert (alice, "password.changed") in await told(case)


async def test_a_password_is_changed_only_from_what_was_seen(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await change(case, alice, b"first", None)
    for was in (None, b"other"):
        with pytest.raises(TransientError) as caught:
            await change(case, alice, b"second", was)
        assert caught.value.reason is Reason.STORE_BUSY
    assert [row.verifier for row in await case.store.read(directory.credentials(alice))] == [b"first"]


async def test_a_new_password_ends_codes_to_set_one(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    for kind in (CodeKind.PASSWORD, CodeKind.RECOVERY):
        await case.store.submit(PutCodes(unit=case.ids.unit(), account=alice, kind=kind, macs=(MAC,)))
    await change(case, alice, b"first", None)
    assert await case.store.read(sql.codes_left(alice, CodeKind.PASSWORD)) == 0
    assert await case.store.read(sql.codes_left(alice, CodeKind.RECOVERY)) == 1


async def test_a_factor_is_added_told_and_removed(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    before = await state(case)
    await add(case, alice, 1)
    await add(case, alice, 2, FactorKind.WEBAUTHN)
    assert await state(case) == before + 2
    first, second = await case.store.read(sql.factors(alice))
    assert (first.factor, first.kind, first.sealed, first.counter) == (1, FactorKind.TOTP, b"sealed", 0)
    assert (second.kind, second.created_at_ms, second.used_at_ms) == (FactorKind.WEBAUTHN, case.clock.now_ms(), None)
    assert "sealed" not in repr(first)
    assert (await case.store.read(sql.has_factor(alice)), await case.store.read(sql.has_factor(bob))) == (True, False)
    with pytest.raises(PermanentError) as caught:
        await add(case, alice, 1)
    assert caught.value.reason is Reason.ALREADY_EXISTS
    await case.store.submit(RemoveFactor(unit=case.ids.unit(), account=alice, factor=1))
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(RemoveFactor(unit=case.ids.unit(), account=alice, factor=1))
    assert caught.value.reason is Reason.NO_SUCH_OBJECT
    assert await told(case) == [(alice, "totp.added"), (alice, "webauthn.added"), (alice, "totp.removed")]


async def test_an_account_has_only_so_many_factors(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    for number in range(FACTORS_MAX):
        await add(case, alice, number)
    with pytest.raises(PermanentError) as caught:
        await add(case, alice, 99)
    assert caught.value.reason is Reason.TOO_MANY


async def test_a_counter_counts_once_and_only_upwards(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await add(case, alice, 1)
    before = await state(case)
    assert [await use(case, alice, 1, counter) for counter in (5, 5, 4, 6)] == [True, False, False, True]
    assert not await use(case, alice, 2, 7)
    (row,) = await case.store.read(sql.factors(alice))
    assert (row.counter, row.used_at_ms) == (6, case.clock.now_ms())
    assert await state(case) == before  # nobody's remembered login has to be read again


async def test_an_authenticator_that_does_not_count_stays_at_zero(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await add(case, alice, 1, FactorKind.WEBAUTHN)
    assert [await use(case, alice, 1, counter) for counter in (0, 0, 9, 0, 9)] == [True, True, True, False, False]


async def test_after_a_hundred_wrong_codes_in_a_row_the_factor_opens_nothing(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await add(case, alice, 1)
    fail = [
        await case.store.submit(FailFactor(unit=case.ids.unit(), account=alice, kind=FactorKind.TOTP))
        for _ in range(FAILURES_MAX - 1)
    ]
    assert fail == list(range(1, FAILURES_MAX))
    assert await use(case, alice, 1, 10)
    for _ in range(FAILURES_MAX):
        await case.store.submit(FailFactor(unit=case.ids.unit(), account=alice, kind=FactorKind.TOTP))
    assert not await use(case, alice, 1, 11)
    nobody = FailFactor(unit=case.ids.unit(), account=AccountId(77), kind=FactorKind.TOTP)
    assert await case.store.submit(nobody) == 0


async def test_a_code_works_once_for_its_account_and_kind_until_its_time(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    codes = PutCodes(unit=case.ids.unit(), account=alice, kind=CodeKind.RECOVERY, macs=(MAC, OTHER))
    await case.store.submit(codes)
    expires = case.clock.now_ms() + 1000
    await case.store.submit(
        PutCodes(unit=case.ids.unit(), account=alice, kind=CodeKind.PASSWORD, macs=(MAC,), expires_at_ms=expires)
    )

    async def left(account: AccountId, kind: CodeKind, mac: bytes) -> int | None:
        used = UseCode(unit=case.ids.unit(), account=account, kind=kind, mac=mac, notice=Notice.CODE_USED)
        return await case.store.submit(used)

    assert await left(bob, CodeKind.RECOVERY, MAC) is None
    assert await left(alice, CodeKind.ENROL, MAC) is None
    assert await left(alice, CodeKind.RECOVERY, MAC) == 1
    assert await left(alice, CodeKind.RECOVERY, MAC) is None
    assert await left(alice, CodeKind.RECOVERY, OTHER) == 0
    case.clock.advance(1.0)
    assert await left(alice, CodeKind.PASSWORD, MAC) is None
    assert await told(case) == [(alice, "code.used")] * 2


async def test_new_codes_take_the_place_of_all_old_ones(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    for macs in ((MAC,), (OTHER,), ()):
        await case.store.submit(PutCodes(unit=case.ids.unit(), account=alice, kind=CodeKind.RECOVERY, macs=macs))
        assert await case.store.read(sql.codes_left(alice, CodeKind.RECOVERY)) == len(macs)
    many = tuple(bytes([number]) * 16 for number in range(CODES_MAX + 1))
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(PutCodes(unit=case.ids.unit(), account=alice, kind=CodeKind.RECOVERY, macs=many))
    assert caught.value.reason is Reason.TOO_MANY


async def test_a_reset_takes_all_factors_and_demands_a_new_one(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await add(case, alice, 1)
    await case.store.submit(PutCodes(unit=case.ids.unit(), account=alice, kind=CodeKind.RECOVERY, macs=(MAC,)))
    now = case.clock.now_ms()
    await case.store.submit(
        ResetFactors(
            unit=case.ids.unit(), account=alice, address="alice@example.test", mac=OTHER, expires_at_ms=now + 1000
        )
    )
    assert await case.store.read(sql.factors(alice)) == []
    assert await case.store.read(sql.codes_left(alice, CodeKind.RECOVERY)) == 0
    assert await case.store.read(sql.codes_left(alice, CodeKind.ENROL)) == 1
    rule = RuleRow(
        RuleScope.ACCOUNT, "alice@example.test", is_required=True, grace_ms=0, until_ms=None, created_at_ms=now
    )
    assert await case.store.read(sql.rules()) == [rule]
    assert (await told(case))[-1] == (alice, "factors.reset")
    await add(case, alice, 1)
    assert await case.store.read(sql.codes_left(alice, CodeKind.ENROL)) == 0  # it has done its work


async def test_rules_are_put_replaced_and_dropped(case: StoreCase) -> None:
    await case.two_accounts()
    for scope, subject in (
        (RuleScope.ROLE, "user"),
        (RuleScope.DOMAIN, "example.test"),
        (RuleScope.DOMAIN, "other.test"),
        (RuleScope.ACCOUNT, "alice@example.test"),
    ):
        rule = PutMfaRule(unit=case.ids.unit(), scope=scope, subject=subject, is_required=True, grace_ms=5)
        await case.store.submit(rule)
    exempt = PutMfaRule(
        unit=case.ids.unit(),
        scope=RuleScope.ACCOUNT,
        subject="alice@example.test",
        is_required=False,
        until_ms=9,
    )
    before = await state(case)
    await case.store.submit(exempt)
    assert await state(case) == before + 1
    assert len(await case.store.read(sql.rules())) == 4
    found = await case.store.read(sql.rules_of("alice@example.test"))
    assert [(row.scope.value, row.is_required, row.until_ms) for row in found] == [
        ("account", False, 9),
        ("domain", True, None),
        ("role", True, None),
    ]
    await case.store.submit(DropMfaRule(unit=case.ids.unit(), scope=RuleScope.ROLE, subject="user"))
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(DropMfaRule(unit=case.ids.unit(), scope=RuleScope.ROLE, subject="user"))
    assert caught.value.reason is Reason.NO_SUCH_OBJECT


async def test_with_the_account_goes_all_that_is_about_it(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    await change(case, alice, b"first", None)
    await change(case, alice, b"second", b"first")
    await add(case, alice, 1)
    await case.store.submit(PutCodes(unit=case.ids.unit(), account=alice, kind=CodeKind.RECOVERY, macs=(MAC,)))
    for scope, subject in ((RuleScope.ACCOUNT, "alice@example.test"), (RuleScope.DOMAIN, "example.test")):
        await case.store.submit(PutMfaRule(unit=case.ids.unit(), scope=scope, subject=subject, is_required=True))
    await case.store.submit(RemoveAccount(unit=case.ids.unit(), account=alice))
    assert await case.store.read(sql.password_history(alice, 9)) == []
    assert await case.store.read(sql.factors(alice)) == []
    assert await case.store.read(sql.codes_left(alice, CodeKind.RECOVERY)) == 0
    assert await told(case) == []
    assert [row.subject for row in await case.store.read(sql.rules())] == ["example.test"]
    await case.store.submit(RemoveAccount(unit=case.ids.unit(), account=bob))
    await case.store.submit(RemoveDomain(unit=case.ids.unit(), name="example.test"))
    assert await case.store.read(sql.rules()) == []


async def test_what_was_told_is_forgotten(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await add(case, alice, 1)
    (row,) = await case.store.read(sql.notices(100))
    assert (row.what, row.created_at_ms) == (Notice.TOTP_ADDED, case.clock.now_ms())
    await case.store.submit(DropNotice(unit=case.ids.unit(), notice=row.notice))
    assert await case.store.read(sql.notices(100)) == []


async def test_a_factor_that_has_to_be_the_first_comes_after_no_other(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()

    async def add_first(factor: int) -> None:
        await case.store.submit(
            AddFactor(
                unit=case.ids.unit(),
                account=alice,
                factor=factor,
                kind=FactorKind.TOTP,
                sealed=b"sealed",
                is_first=True,
            )
        )

    await add_first(1)
    with pytest.raises(PermanentError) as caught:
        await add_first(2)
    assert caught.value.reason is Reason.NOT_PERMITTED
    assert [row.factor for row in await case.store.read(sql.factors(alice))] == [1]


async def test_the_code_of_a_reset_adds_one_factor_and_a_wrong_one_none(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    end = case.clock.now_ms() + 1000
    await case.store.submit(
        ResetFactors(unit=case.ids.unit(), account=alice, address="alice@example.test", mac=MAC, expires_at_ms=end)
    )
    outcomes = []
    for factor, mac in ((1, OTHER), (1, MAC), (2, MAC)):
        command = AddFactor(
            unit=case.ids.unit(), account=alice, factor=factor, kind=FactorKind.TOTP, sealed=b"s", enrol_mac=mac
        )
        try:
            await case.store.submit(command)
            outcomes.append("added")
        except PermanentError as exc:
            outcomes.append(exc.reason.value)
    assert outcomes == ["not_permitted", "added", "not_permitted"]


async def test_of_two_factors_that_go_at_once_one_stays_where_one_is_demanded(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    for factor in (1, 2):
        await add(case, alice, factor)
    removals = [RemoveFactor(unit=case.ids.unit(), account=alice, factor=factor, is_demanded=True) for factor in (1, 2)]
    outcomes = await asyncio.gather(*(case.store.submit(each) for each in removals), return_exceptions=True)
    assert [getattr(each, "reason", None) for each in outcomes] == [None, Reason.NOT_PERMITTED]
    assert [row.factor for row in await case.store.read(sql.factors(alice))] == [2]


async def test_the_code_of_a_reset_goes_with_the_last_factor(case: StoreCase) -> None:
    """One administrator alone had made it, for a factor stood between him and the mailbox."""
    alice, _ = await case.two_accounts()
    for factor in (1, 2):
        await add(case, alice, factor)
    codes = PutCodes(unit=case.ids.unit(), account=alice, kind=CodeKind.PASSWORD, macs=(MAC,))
    await case.store.submit(codes)
    for factor, left in ((1, 1), (2, 0)):
        await case.store.submit(RemoveFactor(unit=case.ids.unit(), account=alice, factor=factor))
        assert await case.store.read(sql.codes_left(alice, CodeKind.PASSWORD)) == left
