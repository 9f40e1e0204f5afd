"""What the store costs: ``python -m bench.store [FOLDER]`` (docs/performance.md). Mail of 5 KB, sealed to 3 KB."""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path

import uvloop

from skrytka.model.ids import AccountId, BlobId, EmailId, MailboxId, ThreadId, UnitId
from skrytka.store.check import check
from skrytka.store.client import StoreClient
from skrytka.store.commands import (
    AddAccount,
    AddDomain,
    BlobIn,
    Deliver,
    Expunge,
    NewFolder,
    ReserveAccount,
    StoreFlags,
    Target,
)
from skrytka.store.open import PrivateStore
from skrytka.store.ranges import ALL
from skrytka.store.rows import Role
from skrytka.store.sql import mailboxes, messages
from tests.support.processes import stat

ACCOUNTS = 50
MAILBOX = 10_000
INBOX = MailboxId(1)
_numbers = count(1)


def an_id() -> bytes:
    return (time.time_ns() // 1_000_000).to_bytes(6, "big") + os.urandom(6) + next(_numbers).to_bytes(4, "big")


def deliver(*accounts: int) -> Deliver:
    targets = tuple(
        Target(
            account=AccountId(account),
            wrapped_key=os.urandom(60),
            prefix=os.urandom(350),
            prefix_size=322,
            size=5322,
            summary=os.urandom(1100),
            digest=os.urandom(16),
            email_id=EmailId(an_id()),
            thread_macs=(os.urandom(16),),
            thread_id=ThreadId(an_id()),
            received_at_ms=0,
        )
        for account in accounts
    )
    blob = BlobIn(BlobId(an_id()), size=5000, stored_size=3000, stored=os.urandom(3000))
    return Deliver(unit=UnitId(an_id()), blob=blob, targets=targets)


async def set_up(store: StoreClient) -> None:
    await store.submit(AddDomain(unit=UnitId(an_id()), name="example.test"))
    folders = tuple(NewFolder(role, role.encode(), os.urandom(40)) for role in Role)
    for _ in range(ACCOUNTS):
        account = await store.submit(ReserveAccount(unit=UnitId(an_id())))
        address = f"user{account}@example.test"
        unit = UnitId(an_id())
        await store.submit(
            AddAccount(unit=unit, account=account, address=address, domain="example.test", folders=folders)
        )


async def deliveries(private: PrivateStore, in_flight: int, total: int) -> None:
    commands = iter([deliver(number % ACCOUNTS + 1) for number in range(total)])

    async def worker() -> None:
        for command in commands:
            await private.client.submit(command)

    store_s, front_s, start = stat(private.pid).cpu_s, time.process_time(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(worker())
    wall_s = time.perf_counter() - start
    store_us = (stat(private.pid).cpu_s - store_s) / total * 1e6
    front_us = (time.process_time() - front_s) / total * 1e6
    print(
        f"deliver, {in_flight:3} in flight: {total / wall_s:7.0f} a second,"
        f" store process {store_us:4.0f} us each, front {front_us:3.0f} us"
    )


async def timed(name: str, call: Callable[[], Awaitable[object]], times: int = 5) -> None:
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        await call()
        best = min(best, time.perf_counter() - start)
    print(f"{name:44} {best * 1e3:9.3f} ms")


async def large_mailbox(store: StoreClient) -> None:
    account = AccountId(1)
    have = len(await store.read(messages.snapshot(account, INBOX)))
    for _ in range((MAILBOX - have) // 50):
        await store.submit(deliver(*[account] * 50))
    row = (await store.read(messages.by_uids(account, INBOX, ((500, 500),))))[0]
    flags = iter([1, 2, 4, 1, 2, 4, 8])

    async def set_flags() -> None:
        uids = ((1001, 3000),)
        flag = next(flags)
        await store.submit(
            StoreFlags(unit=UnitId(an_id()), account=account, mailbox=INBOX, uids=uids, add=flag, remove=15 - flag)
        )

    async def expunge() -> None:
        await store.submit(
            Expunge(unit=UnitId(an_id()), account=account, mailbox=INBOX, uids=((4001, 6000),), only_deleted=False)
        )

    await timed("mailbox by id (point read, inline)", lambda: store.read(mailboxes.by_id(account, INBOX)), 200)
    await timed("content by EMAILID", lambda: store.read(messages.content(account, row.email_id)), 200)
    await timed("snapshot of 10,000 (SELECT)", lambda: store.read(messages.snapshot(account, INBOX)))
    await timed("rows of 10,000", lambda: store.read(messages.by_uids(account, INBOX, ALL)))
    await timed("sealed summaries of 10,000", lambda: store.read(messages.summaries(account, INBOX, ALL)))
    await timed("STORE of 2,000, with its COMMIT", set_flags)
    await timed("EXPUNGE of 2,000, with its COMMIT", expunge, 1)
    await timed("store check", lambda: store.read(check()), 1)


async def main(folder: Path) -> None:
    private = PrivateStore(folder, fills_wal=True)
    await private.start()
    await set_up(private.client)
    for in_flight, total in ((1, 500), (8, 3000), (20, 3000), (64, 3000)):
        await deliveries(private, in_flight, total)
    await large_mailbox(private.client)
    await private.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        uvloop.run(main(Path(name) / "store"))
