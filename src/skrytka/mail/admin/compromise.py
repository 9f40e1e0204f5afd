"""An account that somebody else was in: locked at once, opened again when it was an error.

Locked means that nothing which it had opens it: password, app passwords, certificates, permissions of programs,
mailboxes shared with others; nobody writes as it, and open sessions end with their proof. What it has in the queue is
held, so that nothing more is sent in its name. An administrator makes a code by which its owner sets a new password
(``skrytka account reset-password``); the old one does not come back, and second factors stay demanded.
"""

from typing import Final

import msgspec

from skrytka.mail.admin.base import AdminDeps, AdminPart, parse_address
from skrytka.mail.admin.queue import Queue, Wanted
from skrytka.mail.identity.change import COMPROMISED
from skrytka.mail.identity.verifier import Verifier, decode_verifier
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError, Reason, ReasonedError
from skrytka.model.events import AccountLocked, AccountTrusted
from skrytka.model.ids import AccountId
from skrytka.store.commands.directory import PASSWORD
from skrytka.store.commands.places import LockAccount, UnlockAccount
from skrytka.store.rows import AccountRow, AccountStatus
from skrytka.store.sql import directory as sql
from skrytka.store.sql import places

OWNER: Final = "owner"
CLOSED: Final = "!"  # no hash: no password fits


class LockInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of an account."""

    address: str
    is_locked: bool
    has_changed: bool  # False: it was so before
    held: int = 0  # messages of its in the queue that are held now


class Compromise(AdminPart):
    """Part of Admin."""

    def __init__(self, deps: AdminDeps, queue: Queue) -> None:
        super().__init__(deps)
        self._queue = queue

    async def lock(self, address: str, actor: str) -> LockInfo:
        """``skrytka account compromised``."""
        return await self._lock(await self._account(address), actor, None)

    async def is_link(self, account: AccountId, token: bytes) -> bool:
        """Whether the link of an alert may still be used; nothing happens."""
        return await self._deps.store.read(places.has_alert(account, token, self._deps.clock.now_ms()))

    async def lock_by_link(self, account: AccountId, token: bytes) -> LockInfo:
        """The owner says that it was not he. PermanentError(NO_SUCH_OBJECT): the link has ended or was used."""
        row = await self._deps.store.read(sql.account_by_id(account))
        if row is None or row.status is AccountStatus.REMOVED:
            raise PermanentError(Reason.NO_SUCH_OBJECT, "the link has ended or was used")
        return await self._lock(row, OWNER, token)

    async def trust(self, address: str, actor: str) -> LockInfo:
        """It was an error, or is over: the password of before is back, what was closed after failures is open."""
        deps, row = self._deps, await self._account(address)
        now = await self._verifier(row.account)
        closed = now if now is not None and decode_verifier(now).stored == CLOSED else None
        command = UnlockAccount(unit=self._unit(), account=row.account, closed=closed)
        was_locked = await deps.store.submit(command)
        deps.trusted(parse_address(row.address).key)
        deps.events.emit(
            AccountTrusted(actor=actor, account=row.account, account_name=row.address, was_locked=was_locked)
        )
        return LockInfo(address=row.address, is_locked=False, has_changed=was_locked)

    async def _lock(self, row: AccountRow, actor: str, token: bytes | None) -> LockInfo:
        deps = self._deps
        was = await self._verifier(row.account)
        now = decode_verifier(was) if was is not None else Verifier(CLOSED)
        closed = (
            was if was is not None and now.stored == CLOSED else Verifier(CLOSED, now.services, COMPROMISED).encode()
        )
        command = LockAccount(unit=self._unit(), account=row.account, reason=actor, closed=closed, token=token)
        has_changed = await deps.store.submit(command)
        held = (await self._queue.hold(Wanted(sender=row.address), actor)).recipients
        if has_changed:
            deps.events.emit(AccountLocked(actor=actor, account=row.account, account_name=row.address, held=held))
            await self._tell(parse_address(row.address), actor)
        return LockInfo(address=row.address, is_locked=True, has_changed=has_changed, held=held)

    async def _verifier(self, account: AccountId) -> bytes | None:
        rows = await self._deps.store.read(sql.credentials(account))
        return next((row.verifier for row in rows if row.kind == PASSWORD), None)

    async def _tell(self, address: Address, actor: str) -> None:
        """The event is there whatever becomes of the mail."""
        if self._deps.alerts is None:
            return
        try:
            await self._deps.alerts.locked(address, actor)
        except ReasonedError:
            return
