"""Where accounts log in from, the lock of one that somebody else was in, and the links of alerts."""

from typing import Any, Final

import msgspec

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.directory import PASSWORD, end_what_it_made, put_password
from skrytka.store.commands.oauth import forget as forget_programs
from skrytka.store.commands.shared import log_directory, number
from skrytka.store.factor_rows import CodeKind
from skrytka.store.rows import JOBS_SUBJECT, AccountStatus, Op
from skrytka.store.sql import app_passwords, controls, directory, factors, identities
from skrytka.store.sql import places as sql
from skrytka.store.statement import Query

PLACES_MAX: Final = 50  # of one kind and account; the longest unseen goes
ALERTS_MAX: Final = 10  # of an account that wait: whoever has its password and many networks could fill the mailbox


class Place(msgspec.Struct, frozen=True, array_like=True):
    """One thing that a login was made from."""

    kind: str  # network, country, device
    mac: bytes


class NotePlaces(Command[int], frozen=True):
    """The account has logged in from there, now. How many places."""

    account: AccountId
    places: tuple[Place, ...]

    def run(self, tx: Tx) -> Query[int]:
        for place in self.places:
            yield sql.PUT(account=self.account, kind=place.kind, mac=place.mac, now_ms=tx.now_ms)
            yield sql.DROP_OLDEST(account=self.account, kind=place.kind, most=PLACES_MAX)
        tx.log(JOBS_SUBJECT, Op.PLACES_NOTE, 0, (self.account, [place.mac for place in self.places]))
        return len(self.places)


class ExpirePlaces(Command[int], frozen=True):
    """Forget places unseen since ``before_ms``, at most ``limit``, and links of alerts that have ended. How many."""

    before_ms: int
    limit: int = 1000

    def run(self, tx: Tx) -> Query[int]:
        gone = len((yield sql.DROP_BEFORE(before_ms=self.before_ms, limit=self.limit)))
        yield sql.DROP_STALE_ALERTS(now_ms=tx.now_ms)
        if gone:
            tx.log(JOBS_SUBJECT, Op.PLACES_EXPIRE, 0, gone)
        return gone


class PutAlert(Command[bool], frozen=True):
    """A link by which the owner can say that a login was not his; ``token`` is a hash. False: he has enough of them."""

    account: AccountId
    token: bytes
    expires_at_ms: int

    def run(self, tx: Tx) -> Query[bool]:
        ((waiting,),) = yield sql.COUNT_ALERTS(account=self.account, now_ms=tx.now_ms)
        if number(waiting) >= ALERTS_MAX:
            return False
        yield sql.PUT_ALERT(account=self.account, token=self.token, expires_at_ms=self.expires_at_ms)
        tx.log(JOBS_SUBJECT, Op.ALERT_PUT, 0, (self.account,))
        return True


class LockAccount(Command[bool], frozen=True):
    """Somebody else was in: nothing that the account had opens it any more, and it is nowhere at home.

    Its password is kept among those that may not come back.

    With ``token`` the link of an alert is used up; NO_SUCH_OBJECT when it is not valid any more. False: it was locked.
    """

    account: AccountId
    reason: str
    closed: bytes  # a verifier that no password fits
    token: bytes | None = None

    def run(self, tx: Tx) -> Query[bool]:
        if self.token is not None:
            rows: Any = yield sql.TAKE_ALERT(account=self.account, token=self.token)
            if not rows or rows[0][0] <= tx.now_ms:
                raise PermanentError(Reason.NO_SUCH_OBJECT, "the link has ended or was used")
        row = yield from directory.account_by_id(self.account)
        if row is None or row.status is AccountStatus.REMOVED:
            raise PermanentError(Reason.NO_SUCH_OBJECT, f"account {self.account}")
        credentials = yield from directory.credentials(self.account)
        password = next((each.verifier for each in credentials if each.kind == PASSWORD), None)
        if password == self.closed and (yield from sql.lock_of(self.account)) is not None:
            return False
        yield sql.PUT_LOCK(account=self.account, now_ms=tx.now_ms, reason=self.reason, verifier=password)
        yield factors.KEEP_PASSWORD(account=self.account, kind=PASSWORD, now_ms=tx.now_ms)
        yield factors.DELETE_CODES(account=self.account, kind=CodeKind.PASSWORD.value)
        yield from put_password(tx, self.account, self.closed)
        yield from forget_programs(self.account)
        yield app_passwords.DELETE_ALL(account=self.account)
        yield app_passwords.DELETE_CERTIFICATES(account=self.account)
        yield identities.DELETE_ALL(account=self.account)
        yield controls.DELETE_GIVEN(account=self.account)  # who was in may have shared its mailboxes with himself
        yield from end_what_it_made(self.account)
        yield sql.DROP_ALL(account=self.account)
        yield sql.DROP_ALERTS(account=self.account)
        yield from log_directory(tx, Op.ACCOUNT_LOCK, (self.account, self.reason))
        return True


class UnlockAccount(Command[bool], frozen=True):
    """It was an error: the password of before opens the account again, unless it has another. False: it had no lock."""

    account: AccountId
    closed: bytes | None  # the verifier of now, if it is one that no password fits

    def run(self, tx: Tx) -> Query[bool]:
        rows: Any = yield sql.DROP_LOCK(account=self.account)
        if not rows:
            return False
        credentials = yield from directory.credentials(self.account)
        now = next((each.verifier for each in credentials if each.kind == PASSWORD), None)
        if rows[0][0] is not None and now == self.closed:
            yield from put_password(tx, self.account, bytes(rows[0][0]))
        yield from log_directory(tx, Op.ACCOUNT_UNLOCK, (self.account,))
        return True
