"""App passwords and certificates of clients, on both engines."""

import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.commands import (
    AddAppPassword,
    AddClientCertificate,
    AppPasswordUse,
    RemoveAccount,
    RemoveAppPasswords,
    RemoveClientCertificate,
    UsedAppPasswords,
)
from skrytka.store.commands import app_passwords as commands
from skrytka.store.rows import DIRECTORY_SUBJECT
from skrytka.store.sql import app_passwords as sql
from skrytka.store.sql import journal
from tests.support.store import StoreCase


async def add(case: StoreCase, account: AccountId, name: str, mac: bytes) -> int:
    return await case.store.submit(
        AddAppPassword(unit=case.ids.unit(), account=account, mac=mac, name_mac=name.encode(), record=name.encode())
    )


async def test_one_is_found_by_its_account_and_keyed_hash_alone(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    first = await add(case, alice, "phone", b"a" * 32)
    second = await add(case, bob, "phone", b"b" * 32)
    assert first != second
    row = await case.store.read(sql.by_mac(alice, b"a" * 32))
    assert row is not None
    assert (row.number, row.record, row.used_at_ms, row.used) == (first, b"phone", 0, None)
    assert await case.store.read(sql.by_mac(alice, b"b" * 32)) is None


async def test_names_are_an_accounts_own_and_there_is_an_end_to_them(
    case: StoreCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, _ = await case.two_accounts()
    await add(case, alice, "phone", b"a" * 32)
    with pytest.raises(PermanentError) as caught:
        await add(case, alice, "phone", b"b" * 32)
    assert caught.value.reason is Reason.ALREADY_EXISTS
    with pytest.raises(PermanentError):
        await add(case, alice, "other name", b"a" * 32)
    monkeypatch.setattr(commands, "APP_PASSWORDS_MAX", 1)
    with pytest.raises(PermanentError) as caught:
        await add(case, alice, "tablet", b"b" * 32)
    assert caught.value.reason is Reason.TOO_MANY


async def test_one_is_removed_or_all(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    for number in range(5):
        await add(case, alice, f"a{number}", bytes([number]) * 32)
    kept = await add(case, bob, "b", b"b" * 32)
    rows = await case.store.read(sql.after(alice, 0, 3))
    assert [row.record for row in rows] == [b"a0", b"a1", b"a2"]
    assert [row.record for row in await case.store.read(sql.after(alice, rows[-1].number, 9))] == [b"a3", b"a4"]
    remove = RemoveAppPasswords(unit=case.ids.unit(), account=alice, number=rows[0].number)
    assert await case.store.submit(remove) == 1
    with pytest.raises(PermanentError):
        await case.store.submit(RemoveAppPasswords(unit=case.ids.unit(), account=alice, number=kept))
    assert await case.store.submit(RemoveAppPasswords(unit=case.ids.unit(), account=alice)) == 4
    assert await case.store.read(sql.after(alice, 0, 9)) == []
    assert len(await case.store.read(sql.after(bob, 0, 9))) == 1


async def test_a_use_changes_nothing_in_the_directory(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    number = await add(case, alice, "phone", b"a" * 32)
    before = (await case.store.read(journal.states()))[DIRECTORY_SUBJECT]
    for at_ms, used in ((2000, b"one"), (1000, b"other")):  # a front that writes late
        use = AppPasswordUse(alice, number, at_ms, used)
        await case.store.submit(UsedAppPasswords(unit=case.ids.unit(), uses=(use,)))
    row = await case.store.read(sql.by_mac(alice, b"a" * 32))
    assert row is not None
    assert (row.used_at_ms, row.used) == (2000, b"one")
    assert (await case.store.read(journal.states()))[DIRECTORY_SUBJECT] == before


async def test_a_certificate_is_one_accounts(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    fingerprint = b"f" * 32
    await case.store.submit(AddClientCertificate(unit=case.ids.unit(), account=alice, fingerprint=fingerprint))
    with pytest.raises(PermanentError):
        await case.store.submit(AddClientCertificate(unit=case.ids.unit(), account=bob, fingerprint=fingerprint))
    assert await case.store.read(sql.certificate_owner(fingerprint)) == "alice@example.test"
    (row,) = await case.store.read(sql.certificates(alice))
    assert row.fingerprint == fingerprint
    with pytest.raises(PermanentError):
        await case.store.submit(RemoveClientCertificate(unit=case.ids.unit(), account=bob, fingerprint=fingerprint))
    await case.store.submit(RemoveClientCertificate(unit=case.ids.unit(), account=alice, fingerprint=fingerprint))
    assert await case.store.read(sql.certificate_owner(fingerprint)) is None


async def test_a_removed_account_leaves_none(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await add(case, alice, "phone", b"a" * 32)
    await case.store.submit(AddClientCertificate(unit=case.ids.unit(), account=alice, fingerprint=b"f"))
    await case.store.submit(RemoveAccount(unit=case.ids.unit(), account=alice))
    assert await case.store.read(sql.after(alice, 0, 9)) == []
    assert await case.store.read(sql.certificates(alice)) == []
    with pytest.raises(PermanentError):
        await add(case, alice, "phone", b"a" * 32)
