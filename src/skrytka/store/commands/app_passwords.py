"""App passwords and certificates of clients: put there, used, taken away."""

import msgspec

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.directory import existing
from skrytka.store.commands.factors import tell
from skrytka.store.commands.shared import log_directory, next_number, number
from skrytka.store.factor_rows import Notice
from skrytka.store.rows import JOBS_SUBJECT, Op
from skrytka.store.sql import app_passwords as sql
from skrytka.store.statement import Query

APP_PASSWORDS_MAX = 2000  # of one account: SCRAM tries them all


class AddAppPassword(Command[int], frozen=True):
    """One more; its number. ALREADY_EXISTS when the account has one of that name, TOO_MANY."""

    account: AccountId
    mac: bytes
    name_mac: bytes
    record: bytes  # sealed
    expires_at_ms: int = 0  # 0: never

    def run(self, tx: Tx) -> Query[int]:
        yield from existing(self.account)
        ((count,),) = yield sql.COUNT(account=self.account)
        if number(count) >= APP_PASSWORDS_MAX:
            raise PermanentError(Reason.TOO_MANY, f"an account has {APP_PASSWORDS_MAX} app passwords at most")
        if (yield sql.NAMED(account=self.account, name_mac=self.name_mac)):
            raise PermanentError(Reason.ALREADY_EXISTS, "there is an app password of that name")
        own = yield from next_number("app_password")
        row = yield sql.INSERT(
            account=self.account,
            number=own,
            mac=self.mac,
            name_mac=self.name_mac,
            record=self.record,
            now_ms=tx.now_ms,
            expires_at_ms=self.expires_at_ms,
        )
        if not row:
            raise PermanentError(Reason.ALREADY_EXISTS, "there is that app password already")
        yield from log_directory(tx, Op.APP_PASSWORD_ADD, (self.account, own, self.expires_at_ms))
        yield from tell(tx, self.unit, self.account, Notice.APP_PASSWORD_ADDED)
        return own


class RemoveAppPasswords(Command[int], frozen=True):
    """One of them, or all (``number`` 0); how many are gone. NO_SUCH_OBJECT for one that is not there."""

    account: AccountId
    number: int = 0

    def run(self, tx: Tx) -> Query[int]:
        if self.number:
            gone = yield sql.DELETE(account=self.account, number=self.number)
            if not gone:
                raise PermanentError(Reason.NO_SUCH_OBJECT, f"there is no app password {self.number}")
        else:
            gone = yield sql.DELETE_ALL(account=self.account)
        yield from log_directory(tx, Op.APP_PASSWORD_REMOVE, (self.account, self.number, len(gone)))
        yield from tell(tx, self.unit, self.account, Notice.APP_PASSWORDS_REMOVED if gone else None)
        return len(gone)


class AppPasswordUse(msgspec.Struct, frozen=True, array_like=True):
    """The latest use of one."""

    account: AccountId
    number: int
    at_ms: int
    used: bytes  # sealed


class UsedAppPasswords(Command[None], frozen=True):
    """When and from where they were used last; nobody's login changes by it, so the directory has no new state."""

    uses: tuple[AppPasswordUse, ...]

    def run(self, tx: Tx) -> Query[None]:
        for use in self.uses:
            yield sql.USED(account=use.account, number=use.number, at_ms=use.at_ms, used=use.used)
        tx.log(JOBS_SUBJECT, Op.APP_PASSWORD_USE, 0, [(use.account, use.number) for use in self.uses])


class AddClientCertificate(Command[None], frozen=True):
    """A certificate the account may log in with. ALREADY_EXISTS when it is somebody's."""

    account: AccountId
    fingerprint: bytes  # SHA-256 of its DER

    def run(self, tx: Tx) -> Query[None]:
        yield from existing(self.account)
        if not (yield sql.INSERT_CERTIFICATE(account=self.account, fingerprint=self.fingerprint, now_ms=tx.now_ms)):
            raise PermanentError(Reason.ALREADY_EXISTS, "that certificate is an account's already")
        yield from log_directory(tx, Op.CERTIFICATE_ADD, (self.account, self.fingerprint))
        yield from tell(tx, self.unit, self.account, Notice.CERTIFICATE_ADDED)


class RemoveClientCertificate(Command[None], frozen=True):
    """It opens nothing any more."""

    account: AccountId
    fingerprint: bytes

    def run(self, tx: Tx) -> Query[None]:
        if not (yield sql.DELETE_CERTIFICATE(account=self.account, fingerprint=self.fingerprint)):
            raise PermanentError(Reason.NO_SUCH_OBJECT, "the account has no such certificate")
        yield from log_directory(tx, Op.CERTIFICATE_REMOVE, (self.account, self.fingerprint))
