"""Control of an account and delegation, on both engines."""

from typing import Any

import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.store.commands import AddDelegation, LockAccount, RemoveAccount, RemoveDelegation, SetControl
from skrytka.store.rows import DelegationKind
from skrytka.store.sql import controls as sql
from tests.support.store import StoreCase


async def test_a_control_is_set_changed_and_lifted(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    for control in (b"one", b"other", None):
        await case.store.submit(SetControl(unit=case.ids.unit(), account=alice, control=control))
        assert await case.store.read(sql.control(alice)) == control
        assert await case.store.read(sql.control(bob)) is None


async def test_who_acts_for_whom_is_found_from_both_sides(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    await case.store.submit(
        AddDelegation(unit=case.ids.unit(), account=alice, delegate=bob, kind=DelegationKind.SEND_AS)
    )
    await case.store.submit(
        AddDelegation(
            unit=case.ids.unit(), account=alice, delegate=bob, kind=DelegationKind.MAILBOX, mailbox=1, rights="lr"
        )
    )
    assert await case.store.read(sql.delegated(alice, bob)) == {DelegationKind.SEND_AS}
    assert await case.store.read(sql.delegated(bob, alice)) == frozenset()
    rows = await case.store.read(sql.delegations(alice))
    assert rows == await case.store.read(sql.delegations(bob))
    assert [(row.address, row.delegate_address, row.kind, row.mailbox, row.rights) for row in rows] == [
        ("alice@example.test", "bob@example.test", DelegationKind.MAILBOX, 1, "lr"),
        ("alice@example.test", "bob@example.test", DelegationKind.SEND_AS, 0, ""),
    ]
    remove: dict[str, Any] = {"account": alice, "delegate": bob, "kind": DelegationKind.SEND_AS}
    await case.store.submit(RemoveDelegation(unit=case.ids.unit(), **remove))
    assert await case.store.read(sql.delegated(alice, bob)) == frozenset()
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(RemoveDelegation(unit=case.ids.unit(), **remove))
    assert caught.value.reason is Reason.NO_SUCH_OBJECT


async def test_nobody_acts_for_himself_or_for_one_who_is_gone(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    kind = DelegationKind.ON_BEHALF
    with pytest.raises(PermanentError):
        await case.store.submit(AddDelegation(unit=case.ids.unit(), account=alice, delegate=alice, kind=kind))
    await case.store.submit(AddDelegation(unit=case.ids.unit(), account=alice, delegate=bob, kind=kind))
    await case.store.submit(RemoveAccount(unit=case.ids.unit(), account=bob))
    assert await case.store.read(sql.delegations(alice)) == []
    with pytest.raises(PermanentError):
        await case.store.submit(AddDelegation(unit=case.ids.unit(), account=alice, delegate=bob, kind=kind))


async def test_what_an_account_has_given_ends_when_somebody_was_in(case: StoreCase) -> None:
    """He may have given it to himself; what others gave to the account is theirs to take."""
    alice, bob = await case.two_accounts()
    for owner, other in ((alice, bob), (bob, alice)):
        for kind in (DelegationKind.SEND_AS, DelegationKind.MAILBOX):
            await case.store.submit(AddDelegation(unit=case.ids.unit(), account=owner, delegate=other, kind=kind))
    await case.store.submit(LockAccount(unit=case.ids.unit(), account=alice, reason="owner", closed=b"!"))
    assert {row.account for row in await case.store.read(sql.delegations(alice))} == {bob}
