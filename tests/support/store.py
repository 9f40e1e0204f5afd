"""Stores and commands for tests: short ways to say "an account", "a message"."""

from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from skrytka.model.clock import FixedClock
from skrytka.model.ids import AccountId, BlobId, EmailId, MailboxId, QueueId, ThreadId, UnitId
from skrytka.store.api import Store
from skrytka.store.check import check
from skrytka.store.commands import AddAccount, AddDomain, BlobIn, Deliver, NewFolder, ReserveAccount, Target
from skrytka.store.rows import Role

INBOX = MailboxId(1)
SENT = MailboxId(2)
JUNK = MailboxId(5)


class Ids:
    """16-byte ids that are never the same twice and always the same in the same test."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def __call__(self) -> bytes:
        return next(self._numbers).to_bytes(16, "big")

    def unit(self) -> UnitId:
        return UnitId(self())

    def queue(self) -> QueueId:
        return QueueId(self())


def folders() -> tuple[NewFolder, ...]:
    """INBOX and the special folders, ids 1 to 6 in the order of Role."""
    return tuple(
        NewFolder(role, f"mac {role}".encode(), f"sealed {role}".encode())
        for role in Role
        if role is not Role.QUARANTINE
    )


def blob(ids: Ids, stored: bytes = b"sealed bytes") -> BlobIn:
    return BlobIn(BlobId(ids()), size=len(stored) * 2, stored_size=len(stored), stored=stored)


def target(ids: Ids, account: int, **changes: Any) -> Target:
    values: dict[str, Any] = {
        "account": AccountId(account),
        "wrapped_key": b"k" * 60,
        "prefix": b"sealed prefix",
        "prefix_size": 9,
        "size": 100,
        "summary": b"sealed summary",
        "digest": b"d" * 16,
        "email_id": EmailId(ids()),
        "thread_id": ThreadId(ids()),
        "received_at_ms": 1_799_999_999_000,
    }
    return Target(**(values | changes))


def deliver(ids: Ids, *accounts: int, **changes: Any) -> Deliver:
    """One message to the INBOX of each account."""
    return Deliver(
        unit=ids.unit(), blob=blob(ids), targets=tuple(target(ids, account, **changes) for account in accounts)
    )


@dataclass
class StoreCase:
    """A store under test, with what commands are made of."""

    store: Store
    root: Path
    engine: str
    clock: FixedClock
    ids: Ids = field(default_factory=Ids)
    expected_differences: int = 0

    async def domain(self, name: str = "example.test") -> None:
        await self.store.submit(AddDomain(unit=self.ids.unit(), name=name))

    async def account(self, name: str = "alice", **changes: Any) -> AccountId:
        account = await self.store.submit(ReserveAccount(unit=self.ids.unit()))
        values: dict[str, Any] = {
            "unit": self.ids.unit(),
            "account": account,
            "address": f"{name}@example.test",
            "domain": "example.test",
            "folders": folders(),
        }
        await self.store.submit(AddAccount(**(values | changes)))
        return account

    async def two_accounts(self) -> tuple[AccountId, AccountId]:
        await self.domain()
        return await self.account("alice"), await self.account("bob")

    async def differences(self) -> list[Any]:
        return list((await self.store.read(check())).differences)
