"""Machines with certificates of our own authority: invited, enrolled, renewed, put out."""

from typing import Final

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.directory import existing
from skrytka.store.commands.shared import number
from skrytka.store.rows import ACCESS_SUBJECT, Op
from skrytka.store.sql import machines as sql
from skrytka.store.statement import Query

MACHINES_MAX: Final = 50  # of one account
KEPT_MS: Final = 30 * 86_400_000  # after its last certificate: whoever looks sees that it was there


class InviteMachine(Command[None], frozen=True):
    """Whoever shows the secret behind ``token`` in time gets a certificate for it, once. What has lapsed goes."""

    account: AccountId  # 0: of a server, for which no account answers
    machine: bytes
    purpose: str
    record: bytes
    token: bytes
    token_until_ms: int

    def run(self, tx: Tx) -> Query[None]:
        if self.account:
            yield from existing(self.account)
        yield sql.DROP_LAPSED(now_ms=tx.now_ms, before_ms=tx.now_ms - KEPT_MS)
        ((count,),) = yield sql.COUNT(account=self.account)
        if number(count) >= MACHINES_MAX:
            raise PermanentError(Reason.TOO_MANY, f"an account has {MACHINES_MAX} machines at most")
        yield sql.INVITE(
            account=self.account,
            machine=self.machine,
            purpose=self.purpose,
            record=self.record,
            token=self.token,
            token_until_ms=self.token_until_ms,
        )
        tx.log(ACCESS_SUBJECT, Op.MACHINE_INVITE, 0, (self.account, self.machine, self.purpose, self.token_until_ms))


class EnrolMachine(Command[bool], frozen=True):
    """The token is used up. False: it was, or its time is over."""

    account: AccountId
    machine: bytes
    token: bytes
    expires_at_ms: int

    def run(self, tx: Tx) -> Query[bool]:
        rows = yield sql.ENROL(
            account=self.account,
            machine=self.machine,
            token=self.token,
            expires_at_ms=self.expires_at_ms,
            now_ms=tx.now_ms,
        )
        if rows:
            tx.log(ACCESS_SUBJECT, Op.MACHINE_ENROL, 0, (self.account, self.machine, self.expires_at_ms))
        return bool(rows)


class RenewMachine(Command[bool], frozen=True):
    """It has a certificate that ends later. False: it was put out."""

    account: AccountId
    machine: bytes
    expires_at_ms: int

    def run(self, tx: Tx) -> Query[bool]:
        rows = yield sql.RENEW(
            account=self.account, machine=self.machine, expires_at_ms=self.expires_at_ms, now_ms=tx.now_ms
        )
        if rows:
            tx.log(ACCESS_SUBJECT, Op.MACHINE_RENEW, 0, (self.account, self.machine, self.expires_at_ms))
        return bool(rows)


class RevokeMachine(Command[None], frozen=True):
    """None of its certificates counts any more; NO_SUCH_OBJECT."""

    account: AccountId
    machine: bytes

    def run(self, tx: Tx) -> Query[None]:
        if not (yield sql.REVOKE(account=self.account, machine=self.machine)):
            raise PermanentError(Reason.NO_SUCH_OBJECT, "there is no such machine")
        tx.log(ACCESS_SUBJECT, Op.MACHINE_REVOKE, 0, (self.account, self.machine))
