"""What an account may do, and who acts for it."""

from typing import Final

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.directory import existing
from skrytka.store.commands.factors import tell
from skrytka.store.commands.shared import log_directory
from skrytka.store.factor_rows import Notice
from skrytka.store.rows import DelegationKind, Op
from skrytka.store.sql import controls as sql
from skrytka.store.statement import Query

NOT_DELEGATED: Final = "that was not delegated"


class SetControl(Command[None], frozen=True):
    """Another control of the account, or none."""

    account: AccountId
    control: bytes | None  # as ``mail.identity.controls`` writes it

    def run(self, tx: Tx) -> Query[None]:
        yield from existing(self.account)
        before = yield from sql.control(self.account)
        if self.control is None:
            yield sql.DELETE(account=self.account)
        else:
            yield sql.PUT(account=self.account, control=self.control, now_ms=tx.now_ms)
        yield from log_directory(tx, Op.ACCOUNT_CONTROL, (self.account, self.control), (before,))


class AddDelegation(Command[None], frozen=True):
    """``delegate`` acts for ``account``; other rights for what was there already."""

    account: AccountId
    delegate: AccountId
    kind: DelegationKind
    mailbox: int = 0
    rights: str = ""

    def run(self, tx: Tx) -> Query[None]:
        if self.account == self.delegate:
            raise PermanentError(Reason.NOT_PERMITTED, "an account acts for itself anyway")
        yield from existing(self.account)
        yield from existing(self.delegate)
        yield sql.INSERT_DELEGATION(
            account=self.account,
            delegate=self.delegate,
            kind=self.kind.value,
            mailbox=self.mailbox,
            rights=self.rights,
            now_ms=tx.now_ms,
        )
        detail = (self.account, self.delegate, self.kind.value, self.mailbox, self.rights)
        yield from log_directory(tx, Op.DELEGATION_ADD, detail)
        told = Notice.SHARED if self.kind is DelegationKind.MAILBOX else Notice.DELEGATED
        yield from tell(tx, self.unit, self.account, told)


class RemoveDelegation(Command[None], frozen=True):
    """That is over; NO_SUCH_OBJECT when it was not so."""

    account: AccountId
    delegate: AccountId
    kind: DelegationKind
    mailbox: int = 0

    def run(self, tx: Tx) -> Query[None]:
        where = {"account": self.account, "delegate": self.delegate, "kind": self.kind.value, "mailbox": self.mailbox}
        rights = yield sql.DELETE_DELEGATION(**where)
        if not rights:
            raise PermanentError(Reason.NO_SUCH_OBJECT, NOT_DELEGATED)
        detail = (self.account, self.delegate, self.kind.value, self.mailbox)
        yield from log_directory(tx, Op.DELEGATION_REMOVE, detail, [row[0] for row in rights])
