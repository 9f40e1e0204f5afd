"""Domains, accounts, addresses, credentials, on both engines."""

from collections.abc import Callable
from typing import Any

import pytest

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.ids import AccountId
from skrytka.store.commands import (
    AddAccount,
    AddAlias,
    AddDomain,
    RemoveAccount,
    RemoveAlias,
    RemoveDomain,
    ReserveAccount,
    ResumeAccount,
    SetAlias,
    SetPassword,
    SetQuota,
    SuspendAccount,
)
from skrytka.store.rows import AccountStatus, AddressKind, AddressRow, Role
from skrytka.store.sql import directory, journal, mailboxes, messages
from tests.support.store import INBOX, StoreCase, deliver, folders

ALICE = AccountId(1)
NOBODY = AccountId(77)


async def test_a_domain_is_found_by_name_until_it_is_removed(case: StoreCase) -> None:
    await case.domain("b.test")
    await case.domain("a.test")
    assert [row.name for row in await case.store.read(directory.domains())] == ["a.test", "b.test"]
    row = await case.store.read(directory.domain_by_name("b.test"))
    assert row is not None
    assert (row.domain, row.created_at_ms) == (1, case.clock.now_ms())
    await case.store.submit(RemoveDomain(unit=case.ids.unit(), name="b.test"))
    assert await case.store.read(directory.domain_by_name("b.test")) is None


async def test_an_account_has_its_address_its_folders_and_its_password(case: StoreCase) -> None:
    await case.domain()
    alice = await case.account("alice", verifier=b"argon2 text", quota_bytes=5000)
    row = await case.store.read(directory.account_by_address("alice@example.test"))
    assert row is not None
    assert (row.account, row.status, row.quota_bytes, row.used_bytes) == (alice, AccountStatus.ACTIVE, 5000, 0)
    boxes = await case.store.read(mailboxes.list_(alice))
    assert [(box.mailbox, box.role, box.uidnext, box.messages) for box in boxes] == [
        (number, role, 1, 0) for number, role in enumerate(list(Role)[:6], 1)
    ]
    assert {box.uidvalidity for box in boxes} == {case.clock.now_ms() // 1000}
    found = await case.store.read(mailboxes.by_name(alice, b"mac junk"))
    assert found is not None
    assert found.name == b"sealed junk"
    (credential,) = await case.store.read(directory.credentials(alice))
    assert (credential.kind, credential.verifier) == ("password", b"argon2 text")
    assert "argon2" not in repr(credential)


async def test_ids_of_accounts_are_given_once(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    await case.store.submit(RemoveAccount(unit=case.ids.unit(), account=bob))
    carol = await case.account("carol")
    assert (alice, bob, carol) == (1, 2, 3)


async def test_a_password_is_replaced(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    for verifier in (b"first", b"second"):
        await case.store.submit(SetPassword(unit=case.ids.unit(), account=alice, verifier=verifier))
    credentials = await case.store.read(directory.credentials(alice))
    assert [row.verifier for row in credentials] == [b"second"]


async def test_what_was_accepted_before_a_suspension_is_still_delivered(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await case.store.submit(SuspendAccount(unit=case.ids.unit(), account=alice))
    row = await case.store.read(directory.account_by_id(alice))
    assert row is not None
    assert row.status is AccountStatus.SUSPENDED
    await case.store.submit(deliver(case.ids, alice))
    await case.store.submit(ResumeAccount(unit=case.ids.unit(), account=alice))
    row = await case.store.read(directory.account_by_id(alice))
    assert row is not None
    assert row.status is AccountStatus.ACTIVE


async def test_a_removed_account_frees_its_address_and_keeps_its_mail(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await case.store.submit(deliver(case.ids, alice))
    await case.store.submit(SetPassword(unit=case.ids.unit(), account=alice, verifier=b"x"))
    await case.store.submit(RemoveAccount(unit=case.ids.unit(), account=alice))
    assert await case.store.read(directory.address("alice@example.test")) is None
    assert await case.store.read(directory.credentials(alice)) == []
    assert [row.address for row in await case.store.read(directory.accounts())] == ["bob@example.test"]
    assert len(await case.store.read(messages.snapshot(alice, INBOX))) == 1
    again = await case.account("alice")
    assert again != alice


async def test_mail_for_a_removed_account_is_refused_whole_and_not_kept_for_nobody(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    await case.store.submit(RemoveAccount(unit=case.ids.unit(), account=alice))
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(deliver(case.ids, bob, alice))
    assert caught.value.reason is Reason.NO_SUCH_OBJECT
    assert await case.store.read(messages.snapshot(bob, INBOX)) == []
    await case.store.submit(deliver(case.ids, bob))


async def test_a_quota_is_set_and_lifted(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    for quota in (1000, 0):
        await case.store.submit(SetQuota(unit=case.ids.unit(), account=alice, quota_bytes=quota))
        row = await case.store.read(directory.account_by_id(alice))
        assert row is not None
        assert row.quota_bytes == quota


async def test_an_alias_leads_to_its_targets_in_their_order(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    targets = ("bob@example.test", "alice@example.test")
    await case.store.submit(
        AddAlias(unit=case.ids.unit(), key="team@example.test", domain="example.test", targets=targets)
    )
    await case.store.submit(
        AddAlias(
            unit=case.ids.unit(),
            key="@example.test",
            domain="example.test",
            targets=targets[:1],
            kind=AddressKind.CATCH_ALL,
        )
    )
    read = case.store.read
    assert await read(directory.address("team@example.test")) == (
        "team@example.test",
        AddressKind.ALIAS,
        None,
        targets,
    )
    own = AddressRow("alice@example.test", AddressKind.ACCOUNT, alice, ())
    assert await read(directory.address("alice@example.test")) == own
    assert [row.key for row in await read(directory.aliases())] == ["@example.test", "team@example.test"]
    assert [row.targets for row in await read(directory.aliases())] == [targets[:1], targets]
    assert await read(directory.account_by_address("team@example.test")) is None
    await case.store.submit(RemoveAlias(unit=case.ids.unit(), key="team@example.test"))
    assert await read(directory.address("team@example.test")) is None
    assert len(await read(directory.aliases())) == 1


async def test_an_alias_gets_other_targets_at_once(case: StoreCase) -> None:
    await case.two_accounts()
    key, domain = "team@example.test", "example.test"
    steps: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
        (("a@x.test", "b@x.test"), ()),
        (("c@x.test",), ("a@x.test", "b@x.test")),
    ]
    for targets, before in steps:
        command = SetAlias(unit=case.ids.unit(), key=key, domain=domain, targets=targets)
        was = await case.store.submit(command)
        assert tuple(was) == before
        row = await case.store.read(directory.address(key))
        assert row is not None
        assert row.targets == targets


async def test_the_last_active_administrator_stays(case: StoreCase) -> None:
    await case.domain()
    first = await case.account("first", is_admin=True)
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(SuspendAccount(unit=case.ids.unit(), account=first))
    assert caught.value.reason is Reason.NOT_PERMITTED
    second = await case.account("second", is_admin=True)
    assert [row.account for row in await case.store.read(directory.admins())] == [first, second]
    await case.store.submit(SuspendAccount(unit=case.ids.unit(), account=first))
    await case.store.submit(SuspendAccount(unit=case.ids.unit(), account=first))
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(RemoveAccount(unit=case.ids.unit(), account=second))
    assert caught.value.reason is Reason.NOT_PERMITTED
    await case.store.submit(RemoveAccount(unit=case.ids.unit(), account=first))


def alias(ids: Any, key: str, *targets: str, domain: str = "example.test") -> AddAlias:
    return AddAlias(unit=ids.unit(), key=key, domain=domain, targets=targets)


REFUSED: list[tuple[str, Callable[[Any], Any], Reason]] = [
    ("domain twice", lambda ids: AddDomain(unit=ids.unit(), name="example.test"), Reason.ALREADY_EXISTS),
    ("no such domain", lambda ids: RemoveDomain(unit=ids.unit(), name="x.test"), Reason.NO_SUCH_DOMAIN),
    ("domain in use", lambda ids: RemoveDomain(unit=ids.unit(), name="example.test"), Reason.NOT_PERMITTED),
    ("alias in no domain", lambda ids: alias(ids, "a@x.test", "b@x.test", domain="x.test"), Reason.NO_SUCH_DOMAIN),
    ("alias over account", lambda ids: alias(ids, "alice@example.test", "b@x.test"), Reason.ALREADY_EXISTS),
    ("alias to nobody", lambda ids: alias(ids, "a@example.test"), Reason.NO_SUCH_OBJECT),
    ("no such alias", lambda ids: RemoveAlias(unit=ids.unit(), key="a@example.test"), Reason.NO_SUCH_OBJECT),
    ("not an alias", lambda ids: RemoveAlias(unit=ids.unit(), key="alice@example.test"), Reason.NO_SUCH_OBJECT),
    (
        "password of nobody",
        lambda ids: SetPassword(unit=ids.unit(), account=NOBODY, verifier=b""),
        Reason.NO_SUCH_OBJECT,
    ),
    ("quota of nobody", lambda ids: SetQuota(unit=ids.unit(), account=NOBODY, quota_bytes=1), Reason.NO_SUCH_OBJECT),
    ("suspend nobody", lambda ids: SuspendAccount(unit=ids.unit(), account=NOBODY), Reason.NO_SUCH_OBJECT),
    ("remove nobody", lambda ids: RemoveAccount(unit=ids.unit(), account=NOBODY), Reason.NO_SUCH_OBJECT),
    ("account twice", lambda ids: add_account(ids, ALICE, "new@example.test"), Reason.ALREADY_EXISTS),
    ("address twice", lambda ids: add_account(ids, AccountId(50), "bob@example.test"), Reason.ALREADY_EXISTS),
    ("no INBOX", lambda ids: add_account(ids, AccountId(50), "n@example.test", folders()[1:]), Reason.NO_SUCH_MAILBOX),
    (
        "two INBOXes",
        lambda ids: add_account(ids, AccountId(50), "n@example.test", folders() * 2),
        Reason.ALREADY_EXISTS,
    ),
]


def add_account(ids: Any, account: AccountId, address: str, its_folders: Any = None) -> AddAccount:
    return AddAccount(
        unit=ids.unit(),
        account=account,
        address=address,
        domain="example.test",
        folders=folders() if its_folders is None else its_folders,
    )


@pytest.mark.parametrize(("command", "reason"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
async def test_what_cannot_be_is_refused_and_leaves_nothing(
    case: StoreCase, command: Callable[[Any], Any], reason: Reason
) -> None:
    await case.two_accounts()
    before = await case.store.read(journal.after((0, 0), 1000))
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(command(case.ids))
    assert caught.value.reason is reason
    assert await case.store.read(journal.after((0, 0), 1000)) == before
    assert len(await case.store.read(directory.accounts())) == 2


async def test_a_unit_of_the_directory_happens_once(case: StoreCase) -> None:
    command = AddDomain(unit=case.ids.unit(), name="example.test")
    assert await case.store.submit(command) == await case.store.submit(command)
    reserve = ReserveAccount(unit=case.ids.unit())
    assert await case.store.submit(reserve) == await case.store.submit(reserve) == 1
    assert await case.store.submit(ReserveAccount(unit=case.ids.unit())) == 2


async def test_each_change_of_the_directory_has_the_next_state(case: StoreCase) -> None:
    await case.two_accounts()
    rows = await case.store.read(journal.of_subject(0, since=0, limit=100))
    assert [(row.state, row.op) for row in rows] == [
        (1, "domain.add"),
        (2, "account.reserve"),
        (3, "account.add"),
        (4, "account.reserve"),
        (5, "account.add"),
    ]


async def test_a_password_is_not_put_back_over_one_that_came_meanwhile(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await case.store.submit(SetPassword(unit=case.ids.unit(), account=alice, verifier=b"first"))
    await case.store.submit(SetPassword(unit=case.ids.unit(), account=alice, verifier=b"closed", was=b"first"))
    with pytest.raises(TransientError) as caught:
        await case.store.submit(SetPassword(unit=case.ids.unit(), account=alice, verifier=b"renewed", was=b"first"))
    assert caught.value.reason is Reason.STORE_BUSY
    assert [row.verifier for row in await case.store.read(directory.credentials(alice))] == [b"closed"]
