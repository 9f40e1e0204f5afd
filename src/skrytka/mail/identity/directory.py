"""The credentials of the directory, as logins ask for them, kept until the directory changes (ADR 0010)."""

from typing import Final

import msgspec

from skrytka.mail.identity.change import COMPROMISED, ONCE
from skrytka.mail.identity.controls import decode_controls
from skrytka.mail.identity.duty import duty_of, next_change_ms, roles_of
from skrytka.mail.identity.types import Credential
from skrytka.mail.identity.verifier import Verifier, decode_verifier
from skrytka.model.address import Address
from skrytka.model.clock import Clock, Random
from skrytka.model.ids import AccountId, new_unit
from skrytka.store.api import Store
from skrytka.store.commands.directory import PASSWORD, SetPassword
from skrytka.store.known import KnownOfDirectory
from skrytka.store.rows import AccountRow, AccountStatus
from skrytka.store.sql import access, factors
from skrytka.store.sql import controls as control_sql
from skrytka.store.sql import directory as sql
from skrytka.store.statement import Query

KNOWN_MAX: Final = 10_000  # some 8 MB
FOR_EVER_MS: Final = 2**62
NOWHERE: Final = ("none",)  # no service has that name
WEB: Final = ("web",)


class StoredCredentials:
    """``login.Credentials`` over a store. One per process.

    An account is named by its own address only, not by its aliases.
    """

    def __init__(self, store: Store, clock: Clock, random: Random) -> None:
        self._store = store
        self._clock = clock
        self._random = random
        self._known = KnownOfDirectory[str, Credential](store, KNOWN_MAX)

    @property
    def changes(self) -> int:
        """See ``login.Credentials``."""
        return self._known.changes

    async def find(self, address: Address) -> Credential | None:
        """One read for who logs in again and again; who is nobody is looked up each time."""
        now_ms = self._clock.now_ms()
        if (known := self._known.get(address.key)) is not None and now_ms < known.fresh_until_ms:
            return known
        changes = self._known.changes
        found = await self._store.read(_find(address.key, now_ms))
        if found is not None:
            self._known.keep(address.key, found, changes)
        return found

    async def renew(self, account: AccountId, was: str, stored: str) -> None:
        """A password changed since the login began stays changed, and an account that was locked meanwhile locked."""
        for row in await self._store.read(sql.credentials(account)):
            verifier = decode_verifier(row.verifier)
            if row.kind == PASSWORD and verifier.stored == was:
                renewed = msgspec.structs.replace(verifier, stored=stored).encode()
                unit = new_unit(self._clock, self._random)
                command = SetPassword(unit=unit, account=account, verifier=renewed, was=row.verifier)
                await self._store.submit(command)


def _find(key: str, now_ms: int) -> Query[Credential | None]:
    account = yield from sql.account_by_address(key)
    if account is None or account.status is AccountStatus.REMOVED:
        return None
    control = yield from control_sql.control(account.account)
    has_mfa, fresh_until_ms = yield from _mfa(account, now_ms)
    found = Credential(
        account.account,
        Address.parse(account.address),
        None,
        account.status is AccountStatus.SUSPENDED,
        controls=None if control is None else decode_controls(control),
        has_mfa=has_mfa,
        fresh_until_ms=fresh_until_ms,
    )
    for row in (yield from sql.credentials(account.account)):
        if row.kind == PASSWORD:
            verifier = decode_verifier(row.verifier)
            services, until_ms = _usable(verifier, now_ms)
            return msgspec.structs.replace(
                found,
                stored=verifier.stored,
                services=frozenset(services),
                fresh_until_ms=min(fresh_until_ms, until_ms),
            )
    return found


def _usable(verifier: Verifier, now_ms: int) -> tuple[tuple[str, ...], int]:
    """Where the password may be tried (none: everywhere), and until when that is so by itself.

    One that somebody chose from elsewhere opens no mail, or who chose it would read it.
    """
    if verifier.must_change == COMPROMISED:
        return NOWHERE, FOR_EVER_MS
    if verifier.must_change != ONCE:
        return verifier.services, FOR_EVER_MS
    return (WEB, verifier.until_ms) if now_ms < verifier.until_ms else (NOWHERE, FOR_EVER_MS)


def _mfa(account: AccountRow, now_ms: int) -> Query[tuple[bool, int]]:
    """Whether a password alone is not enough, and until when that is so by itself."""
    has_factor = yield from factors.has_factor(account.account)
    rules = yield from factors.rules_of(account.address)
    roles = roles_of((yield from access.grants(account.account)), is_admin=account.is_admin)
    duty = duty_of(account.address, roles, account.created_at_ms, rules, now_ms)
    is_due = duty is not None and duty.is_due(now_ms)
    ends = [next_change_ms(rules, now_ms), duty.due_at_ms if duty is not None and not is_due else None]
    return has_factor or is_due, min((end for end in ends if end is not None), default=FOR_EVER_MS)
