"""What takes two, by kind, and the two locks of an account: one administrator alone gets into nobody's mailbox.

An account has two locks, its password and its second factors. An administrator may help its owner renew one of them as
long as the other one holds: who has the code for one still stands before the other. When it does not hold, because it
is not there, was chosen by somebody else, or was renewed with an administrator's help a short while ago, a second
person has to agree. Local root, who has the machine, is not asked; what he did counts as nobody's doing.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

import msgspec

from skrytka.mail.identity.access_deps import AccessDeps, AccessPart
from skrytka.mail.identity.verifier import Verifier, decode_verifier
from skrytka.model.actor import Actor
from skrytka.model.ids import AccountId
from skrytka.model.settings import Approvals as ApprovalSettings
from skrytka.store.access_rows import HandKind
from skrytka.store.commands.access import NoteHand
from skrytka.store.commands.directory import PASSWORD
from skrytka.store.sql import access as sql
from skrytka.store.sql import directory, factors

DAY_MS: Final = 86_400_000
PEOPLE_MAX: Final = 1000  # that are looked at for one question


class Kind(StrEnum):
    """Why something takes two. Commands of later steps name one of these."""

    MAILBOX = "mailbox"  # it lets somebody read the mail of somebody else
    ERASE = "erase"  # mail, or an account with its mail, is gone for good
    KEYS = "keys"  # keys are destroyed
    HOLD = "hold"  # what must not be erased may be again


class Lock(StrEnum):
    """What stands between somebody and a mailbox."""

    PASSWORD = "password"  # noqa: S105 - a word
    FACTORS = "factors"


# Who made an account has given its first password
RENEWED: Final = {
    Lock.PASSWORD: frozenset({HandKind.PASSWORD, HandKind.MADE}),
    Lock.FACTORS: frozenset({HandKind.FACTORS}),
}


class TakesTwo(msgspec.Struct, frozen=True):
    """That a command wants the approval of a second person."""

    kind: Kind
    unless: Lock | None = None  # one person is enough while this lock of the account holds
    instead: str = ""  # nobody can agree to this one, for a secret is in it: this command can be asked for
    is_of_locked: bool = False  # one person is enough for an account that was not locked since somebody was in


class Hands(AccessPart):
    """Who has had a hand in whose account, and what follows from it."""

    def __init__(self, deps: AccessDeps, settings: Callable[[], ApprovalSettings]) -> None:
        super().__init__(deps)
        self._settings = settings

    async def note(self, account: AccountId, kind: HandKind, actor: Actor) -> None:
        """What somebody does to his own account is no hand; nor is what local root does."""
        if actor.account is None or actor.is_local or actor.account == account:
            return
        await self._deps.store.submit(NoteHand(unit=self._unit(), account=account, kind=kind, actor=actor.account))

    async def holds(self, account: AccountId, lock: Lock) -> bool:
        """Whether the lock keeps out who renews the other one.

        Whoever made the code by which a password was set may know it for as long as its owner does not change it.
        """
        since_ms, kinds = self._since_ms(), RENEWED[lock]
        renewed = [hand for hand in await self._deps.store.read(sql.hands(account)) if hand.kind in kinds]
        if any(hand.at_ms >= since_ms for hand in renewed):
            return False
        if lock is Lock.FACTORS:
            return await self._deps.store.read(factors.has_factor(account))
        verifier = await self._verifier(account)
        return verifier is not None and verifier.is_own and not (verifier.is_by_code and renewed)

    async def are_one_person(self, one: AccountId, other: AccountId) -> bool:
        """Whether one of them, or a third, has lately had a hand in what both come in by; yes where too many have."""
        behind, others = await self._people_behind(one), await self._people_behind(other)
        return bool(behind & others) or max(len(behind), len(others)) > PEOPLE_MAX

    @property
    def days(self) -> int:
        return self._settings().independent_days

    async def _people_behind(self, account: AccountId) -> frozenset[AccountId]:
        """The account, who had a hand in it, who had one in theirs, and so on."""
        since_ms = self._since_ms()
        found, waiting = {account}, [account]
        while waiting and len(found) <= PEOPLE_MAX:
            for hand in await self._deps.store.read(sql.hands(waiting.pop())):
                if hand.at_ms >= since_ms and hand.actor not in found:
                    found.add(hand.actor)
                    waiting.append(hand.actor)
        return frozenset(found)

    async def _verifier(self, account: AccountId) -> Verifier | None:
        for row in await self._deps.store.read(directory.credentials(account)):
            if row.kind == PASSWORD:
                return decode_verifier(row.verifier)
        return None

    def _since_ms(self) -> int:
        return self._deps.clock.now_ms() - self.days * DAY_MS
