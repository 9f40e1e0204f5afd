"""Sessions of the web (OWASP ASVS 5 V7, NIST SP 800-63B-4 2.2.3, 2.3.3).

A session's secret has 256 random bits and is kept as a keyed hash only. It is new at each login and at each proof of
identity, ends after a time without use and after a time in any case, both shorter for who has a role, and when its
account is suspended or removed. What it may do follows from the roles of now, read with each request.
"""

import re
from typing import Final, NamedTuple

import msgspec

from skrytka.mail.identity.access_deps import AccessDeps, AccessPart, mac, open_record, seal
from skrytka.mail.identity.roles import USER, Roles
from skrytka.model.actor import AccessRole, Actor, Grant
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.store.access_rows import SessionRow
from skrytka.store.commands.access import BeginSession, EndSessions, ExpireAccess, SeeSession
from skrytka.store.rows import AccountStatus
from skrytka.store.sql import access as sql
from skrytka.store.sql import directory

SECRET_BYTES: Final = 32
IDLE_S: Final = 3600  # of a user: AAL2 of NIST SP 800-63B-4 2.2.3
WHOLE_S: Final = 24 * 3600
ADMIN_IDLE_S: Final = 15 * 60  # AAL3, 2.3.3
ADMIN_WHOLE_S: Final = 12 * 3600
ENROL_S: Final = 15 * 60  # of a session that can only enrol a factor
SEEN_EVERY_S: Final = 60  # so often is written that a session is in use
SESSIONS_MAX: Final = 10  # of an account; the oldest makes room
PLACE_MAX: Final = 200
FORGET_EVERY_S: Final = 3600
KEEP_APPROVALS_S: Final = 366 * 86_400  # for whoever reviews them; the event log has them longer
_TOKEN = re.compile(r"([1-9][0-9]{0,18})\.([0-9a-f]{64})")
_LABEL: Final = b"session"


class Place(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed of a session."""

    remote: str
    agent: str  # as the program calls itself
    is_enrolling: bool = False
    is_bare: bool = False  # a password was enough, since its owner had no role: it is not enough for one given later


class SessionInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A session as its owner sees it."""

    id: str
    remote: str
    agent: str
    created_at_ms: int
    seen_at_ms: int
    expires_at_ms: int


class Session(NamedTuple):
    """One that holds."""

    account: AccountId
    key: bytes
    actor: Actor
    place: Place
    expires_at_ms: int


class Sessions(AccessPart):
    """Of all accounts."""

    def __init__(self, deps: AccessDeps) -> None:
        super().__init__(deps)
        self._forgot_at_ms = 0

    async def begin(self, account: AccountId, place: Place, *, is_proved: bool) -> Secret:
        """What the client shows from now on. ``is_proved``: all that its owner has to show was shown just now."""
        deps = self._deps
        secret = deps.random.token(SECRET_BYTES)
        keys = await self._keys()
        key = mac(keys, _LABEL, secret)
        place = msgspec.structs.replace(place, remote=place.remote[:PLACE_MAX], agent=place.agent[:PLACE_MAX])
        await self._forget_old()
        older = await deps.store.read(sql.sessions(account))
        await deps.store.submit(
            BeginSession(
                unit=self._unit(),
                account=account,
                session=key,
                record=seal(keys, _LABEL, _row(account), place),
                proved_at_ms=deps.clock.now_ms() if is_proved else 0,
                ended=tuple(row.session for row in older[: max(0, len(older) + 1 - SESSIONS_MAX)]),
            )
        )
        return _token(account, secret)

    async def _forget_old(self) -> None:
        """What nobody showed again after its time, once an hour."""
        now_ms = self._deps.clock.now_ms()
        if now_ms - self._forgot_at_ms >= FORGET_EVERY_S * 1000:
            self._forgot_at_ms = now_ms
            sessions, approvals = now_ms - WHOLE_S * 1000, now_ms - KEEP_APPROVALS_S * 1000
            unit = self._unit()
            await self._deps.store.submit(
                ExpireAccess(unit=unit, sessions_before_ms=sessions, approvals_before_ms=approvals)
            )

    async def find(self, token: str) -> Session | None:
        """The session behind what a client shows; None when it has ended, and whatever else is wrong."""
        found = _parsed(token)
        if found is None:
            return None
        account, secret = found
        keys = await self._keys()
        row = await self._deps.store.read(sql.session(account, mac(keys, _LABEL, secret)))
        if row is None:
            return None
        owner = await self._deps.store.read(directory.account_by_id(account))
        place = open_record(keys, _LABEL, _row(account), row.record, Place)
        grants = () if place.is_enrolling else await Roles(self._deps).of(account)
        expires_at_ms, is_over = self._end_of(row, grants, is_enrolling=place.is_enrolling)
        if is_over or owner is None or owner.status is not AccountStatus.ACTIVE:
            await self._deps.store.submit(EndSessions(unit=self._unit(), account=account, session=row.session))
            return None
        if self._deps.clock.now_ms() - row.seen_at_ms >= SEEN_EVERY_S * 1000:
            await self._deps.store.submit(SeeSession(unit=self._unit(), account=account, session=row.session))
        if place.is_bare:
            grants = (USER,)
        actor = Actor(owner.address, account, grants, row.proved_at_ms or None)
        return Session(account, row.session, actor, place, expires_at_ms)

    async def prove(self, session: Session) -> Secret:
        """Its owner has just shown who he is, with a factor: the session goes on under another secret."""
        secret = self._deps.random.token(SECRET_BYTES)
        new = mac(await self._keys(), _LABEL, secret)
        command = SeeSession(unit=self._unit(), account=session.account, session=session.key, new=new)
        if not await self._deps.store.submit(command):
            raise PermanentError(Reason.BAD_CREDENTIALS, "the session has ended")
        return _token(session.account, secret)

    async def list(self, account: AccountId) -> list[SessionInfo]:
        """The oldest first, those that hold."""
        keys, grants = await self._keys(), await Roles(self._deps).of(account)
        found = []
        for row in await self._deps.store.read(sql.sessions(account)):
            place = open_record(keys, _LABEL, _row(account), row.record, Place)
            expires_at_ms, is_over = self._end_of(row, grants, is_enrolling=place.is_enrolling)
            if not is_over:
                found.append(_info(row, place, expires_at_ms))
        return found

    async def end(self, account: AccountId, session_id: str) -> None:
        """NO_SUCH_OBJECT when there is none."""
        try:
            key = bytes.fromhex(session_id)
        except ValueError:
            key = b""
        if not await self._deps.store.submit(EndSessions(unit=self._unit(), account=account, session=key)):
            raise PermanentError(Reason.NO_SUCH_OBJECT, "there is no such session")

    async def end_all(self, account: AccountId, kept: bytes = b"") -> int:
        """All of an account, but the one that asks; how many there were."""
        return await self._deps.store.submit(EndSessions(unit=self._unit(), account=account, kept=kept))

    def _end_of(self, row: SessionRow, grants: tuple[Grant, ...], *, is_enrolling: bool) -> tuple[int, bool]:
        """When it ends in any case, and whether it has ended."""
        has_role = any(grant.role is not AccessRole.USER for grant in grants)
        idle_s, whole_s = (ADMIN_IDLE_S, ADMIN_WHOLE_S) if has_role else (IDLE_S, WHOLE_S)
        if is_enrolling:
            idle_s = whole_s = ENROL_S
        now_ms, end_ms = self._deps.clock.now_ms(), row.created_at_ms + whole_s * 1000
        # Up to a minute of use is not written: it is given to who was there
        return end_ms, now_ms >= end_ms or now_ms - row.seen_at_ms >= idle_s * 1000


def _info(row: SessionRow, place: Place, expires_at_ms: int) -> SessionInfo:
    return SessionInfo(
        id=row.session.hex(),
        remote=place.remote,
        agent=place.agent,
        created_at_ms=row.created_at_ms,
        seen_at_ms=row.seen_at_ms,
        expires_at_ms=expires_at_ms,
    )


def _row(account: AccountId) -> bytes:
    return account.to_bytes(8, "big")


def _token(account: AccountId, secret: bytes) -> Secret:
    return Secret(f"{account}.{secret.hex()}")


def _parsed(token: str) -> tuple[AccountId, bytes] | None:
    found = _TOKEN.fullmatch(token)
    if found is None or int(found[1]) >= 2**62:
        return None
    return AccountId(int(found[1])), bytes.fromhex(found[2])
