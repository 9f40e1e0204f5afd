"""The owner changes his password; an administrator lets him, and never learns it.

The new one is compared with the policy, then with the last 24 of the account: each is one argon2, one after the other,
so a change takes a second at most and holds one thread of the pool; logins go on in the others.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from skrytka.mail.identity.factor_secrets import FACTORS_SUBJECT
from skrytka.mail.identity.factors import Owner
from skrytka.mail.identity.openid.links import PROVIDED
from skrytka.mail.identity.outside import OUTSIDE
from skrytka.mail.identity.passwords import Passwords
from skrytka.mail.identity.policy import PasswordPolicy, PasswordRefusedError, Problem
from skrytka.mail.identity.recovery import mac_of, new_code
from skrytka.mail.identity.types import Peer
from skrytka.mail.identity.verifier import Verifier, decode_verifier
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import DirectoryChanged, Emitter
from skrytka.model.ids import AccountId, UnitId, new_unit
from skrytka.model.secret import Secret
from skrytka.net.facts import host_of
from skrytka.net.limits import SharedLimits
from skrytka.store.api import Store
from skrytka.store.commands.directory import PASSWORD, SetPassword
from skrytka.store.commands.factors import HISTORY, ChangePassword, PutCodes, UseCode
from skrytka.store.factor_rows import CodeKind, Notice
from skrytka.store.seal.source import KeySource
from skrytka.store.sql import directory
from skrytka.store.sql import factors as sql

GIVEN: Final = "given"  # by local root: it works, and is to be changed at the next login on the web
ONCE: Final = "once"  # by an administrator from elsewhere: it opens the page for another one, for a week, and no mail
COMPROMISED: Final = "compromised"  # known to somebody else: it opens nothing, its own change neither
TO_CHANGE: Final = frozenset({GIVEN, ONCE})
RESET_CODE_MS: Final = 24 * 3600 * 1000
ONCE_MS: Final = 7 * 24 * 3600 * 1000
RULE: Final = "password-change"
BY_CODE: Final = "password-code"
TRIES: Final = 10
WINDOW_S: Final = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDeps:
    """Made by the composition root."""

    store: Store
    keys: KeySource
    passwords: Passwords
    events: Emitter
    clock: Clock
    random: Random


class PasswordCare:
    """What an administrator may do about a password."""

    def __init__(self, deps: ChangeDeps) -> None:
        self._deps = deps

    async def give(self, owner: Owner, password: Secret, must_change: str) -> None:
        """A password that somebody else has chosen; its owner is told. Where it may be used stays as it was."""
        was = await self.stored(owner.account)
        services = decode_verifier(was).services if was is not None else ()
        stored = await self._deps.passwords.hash(owner.account, password)
        verifier = given(stored, services, must_change, self._deps.clock.now_ms()).encode()
        await self._put(owner.account, verifier, was, Notice.PASSWORD_GIVEN)

    async def reset(self, owner: Owner, actor: str) -> Secret:
        """A code by which the owner sets a password of his own within a day; nobody learns that one."""
        code = new_code(self._deps.random)
        mac = mac_of(await self._key(), owner.account, CodeKind.PASSWORD, code)
        await self._deps.store.submit(
            PutCodes(
                unit=self._unit(),
                account=owner.account,
                kind=CodeKind.PASSWORD,
                macs=(mac or b"",),
                expires_at_ms=self._deps.clock.now_ms() + RESET_CODE_MS,
                notice=Notice.PASSWORD_RESET,
            )
        )
        self._changed(owner, actor, "account.reset_password")
        return code

    async def distrust(self, owner: Owner, actor: str) -> Secret:
        """The password is known to somebody else: it opens nothing any more, and a code sets a new one (:meth:`reset`).

        Its own change neither: whoever else knows it would be the first.
        """
        was = await self.stored(owner.account)
        if was is None:
            raise PermanentError(Reason.NO_SUCH_OBJECT, f"{owner.address.key} has no password")
        verifier = msgspec.structs.replace(decode_verifier(was), must_change=COMPROMISED).encode()
        command = SetPassword(unit=self._unit(), account=owner.account, verifier=verifier, was=was, is_distrusted=True)
        await self._deps.store.submit(command)
        self._changed(owner, actor, "account.distrust_password")
        return await self.reset(owner, actor)

    async def must_change(self, account: AccountId) -> str:
        """GIVEN, ONCE, COMPROMISED or "": what the web asks for before anything else."""
        was = await self.stored(account)
        return "" if was is None else decode_verifier(was).must_change

    async def was_used(self, owner: Owner, password: Secret, was: bytes | None) -> bool:
        """Whether it is one of the last 24 of here, ``was`` among them: as many hashes, one after the other.

        A directory is not asked: it would learn a password that is not its own, and count it as a guess.
        """
        kept = await self._deps.store.read(sql.password_history(owner.account, HISTORY))
        for verifier in ([] if was is None else [was]) + kept:
            stored = decode_verifier(verifier).stored
            if stored.startswith((OUTSIDE, PROVIDED)):
                continue
            if (await self._deps.passwords.verify(owner.account, password, stored)).is_right:
                return True
        return False

    async def stored(self, account: AccountId) -> bytes | None:
        """The verifier of now."""
        rows = await self._deps.store.read(directory.credentials(account))
        return next((row.verifier for row in rows if row.kind == PASSWORD), None)

    async def _put(self, account: AccountId, verifier: bytes, was: bytes | None, notice: Notice) -> None:
        command = ChangePassword(unit=self._unit(), account=account, verifier=verifier, was=was, notice=notice)
        await self._deps.store.submit(command)

    async def _key(self) -> Secret:
        return await self._deps.keys.node(FACTORS_SUBJECT)

    def _changed(self, owner: Owner, actor: str, action: str) -> None:
        self._deps.events.emit(DirectoryChanged(actor=actor, action=action, object=owner.address.key))

    def _unit(self) -> UnitId:
        return new_unit(self._deps.clock, self._deps.random)


class PasswordChanges(PasswordCare):
    """What the owner does himself. Other sessions of his end with the old password, within a second."""

    def __init__(self, deps: ChangeDeps, policy: PasswordPolicy, limits: SharedLimits) -> None:
        super().__init__(deps)
        self._policy = policy
        self._limits = limits

    def close(self) -> None:
        """Others go on with newer settings; what is asked here still is answered."""
        self._policy.close()

    def minimum(self, *, has_mfa: bool) -> int:
        """How long a new one has to be."""
        return self._policy.minimum(has_mfa=has_mfa)

    async def change(self, owner: Owner, old: Secret, new: Secret, *, is_stepped_up: bool, has_mfa: bool) -> None:
        """``is_stepped_up``: he has just proven who he is, with a factor if he has one; else NOT_PERMITTED.

        NOT_PERMITTED for people of an outside directory too: with a password of his own here somebody would be let in
        after he was sent away there.

        ``has_mfa``: a second factor is demanded of the account. PermanentError(BAD_CREDENTIALS): the old one is wrong;
        PasswordRefusedError: the new one will not do; TransientError(RATE_LIMITED): the old one was tried too often.
        """
        if not is_stepped_up:
            raise PermanentError(Reason.NOT_PERMITTED, "prove first who you are")
        await self._take(RULE, str(owner.account))
        was = await self.stored(owner.account)
        verifier = None if was is None else decode_verifier(was)
        if verifier is not None and verifier.stored.startswith((OUTSIDE, PROVIDED)):
            raise PermanentError(Reason.NOT_PERMITTED, "the password is that of the directory: change it there")
        stored = None if verifier is None or verifier.must_change == COMPROMISED else verifier.stored
        if not (await self._deps.passwords.verify(owner.account, old, stored)).is_right:
            raise PermanentError(Reason.BAD_CREDENTIALS, "the old password is wrong")
        await self._check(owner, new, was, (RULE, str(owner.account)), has_mfa=has_mfa)
        await self._set(owner, new, was)

    async def set_by_code(self, owner: Owner, code: Secret, new: Secret, peer: Peer, *, has_mfa: bool) -> None:
        """With the code of a reset instead of the old password; a password that will not do leaves the code as it is.

        It opens no session: whoever has a second factor is asked for it at the login that follows. Anybody may try, so
        tries are counted by address: by account, they would lock it for its owner and tell who has none here.
        """
        host = host_of(peer.remote)
        await self._take(BY_CODE, host)
        mac = mac_of(await self._key(), owner.account, CodeKind.PASSWORD, code)
        now_ms = self._deps.clock.now_ms()
        if mac is None or not await self._deps.store.read(sql.has_code(owner.account, CodeKind.PASSWORD, mac, now_ms)):
            raise PermanentError(Reason.BAD_CREDENTIALS, "no such code, or too old, or used")
        was = await self.stored(owner.account)
        await self._check(owner, new, was, (BY_CODE, host), has_mfa=has_mfa)
        used = UseCode(unit=self._unit(), account=owner.account, kind=CodeKind.PASSWORD, mac=mac)
        if await self._deps.store.submit(used) is None:
            raise PermanentError(Reason.BAD_CREDENTIALS, "the code was used meanwhile")
        await self._set(owner, new, was, is_by_code=True)

    async def _check(
        self, owner: Owner, new: Secret, was: bytes | None, counted: tuple[str, str], *, has_mfa: bool
    ) -> None:
        """Takes back what was counted, but for one that was used before: to find that out costs as many hashes."""
        try:
            await self._policy.check(new, owner.address, has_mfa=has_mfa)
        except PasswordRefusedError:
            await self._limits.refund(*counted)
            raise
        if await self.was_used(owner, new, was):
            raise PasswordRefusedError((Problem.USED_BEFORE,), self._policy.minimum(has_mfa=has_mfa))
        await self._limits.refund(*counted)

    async def _set(self, owner: Owner, new: Secret, was: bytes | None, *, is_by_code: bool = False) -> None:
        services = () if was is None else decode_verifier(was).services
        stored = await self._deps.passwords.hash(owner.account, new)
        verifier = Verifier(stored, services, is_by_code=is_by_code).encode()
        await self._put(owner.account, verifier, was, Notice.PASSWORD_CHANGED)
        self._changed(owner, owner.address.key, "account.password")

    async def _take(self, rule: str, key: str) -> None:
        if not await self._limits.take(rule, key, limit=TRIES, window_s=WINDOW_S):
            raise TransientError(Reason.RATE_LIMITED, "too many tries; wait a quarter of an hour")


def given(stored: str, services: tuple[str, ...], must_change: str, now_ms: int) -> Verifier:
    """A password that somebody else has chosen."""
    return Verifier(stored, services, must_change, now_ms + ONCE_MS if must_change == ONCE else 0)
