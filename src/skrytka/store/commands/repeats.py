"""Changes that may be sent twice: what is being worked on, what was answered."""

from typing import Final

import msgspec

from skrytka.model.errors import Reason, TransientError
from skrytka.model.ids import AccountId
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.shared import number
from skrytka.store.rows import ACCESS_SUBJECT, Op
from skrytka.store.sql import repeats as sql
from skrytka.store.statement import Query, Value

KEPT_MAX: Final = 1000  # of an account at a time


class Before(msgspec.Struct, frozen=True, array_like=True):
    """What was sent under that key before; an empty record: it is being worked on, or was when the server ended."""

    digest: bytes
    record: bytes


class BeginRepeat(Command[Before | None], frozen=True):
    """None: it is new, and from now on known. What has lapsed goes."""

    account: AccountId
    repeat: bytes
    digest: bytes
    expires_at_ms: int

    def run(self, tx: Tx) -> Query[Before | None]:
        yield sql.DROP_LAPSED(now_ms=tx.now_ms)
        row = yield from sql.repeated(self.account, self.repeat)
        if row is not None:
            return Before(row.digest, row.record)
        ((count,),) = yield sql.COUNT(account=self.account)
        if number(count) >= KEPT_MAX:
            raise TransientError(Reason.RATE_LIMITED, f"{KEPT_MAX} answers are kept at a time: leave the key off")
        yield sql.BEGIN(
            account=self.account, repeat=self.repeat, digest=self.digest, record=b"", expires_at_ms=self.expires_at_ms
        )
        tx.log(ACCESS_SUBJECT, Op.REPEAT_BEGIN, 0, (self.account, self.repeat))
        return None


class EndRepeat(Command[bool], frozen=True):
    """What was answered; with nothing it is forgotten, and may be tried again. False: it had lapsed."""

    account: AccountId
    repeat: bytes
    record: bytes

    def run(self, tx: Tx) -> Query[bool]:
        where: dict[str, Value] = {"account": self.account, "repeat": self.repeat}
        rows = yield sql.ANSWER(record=self.record, **where) if self.record else sql.DROP(**where)
        if rows:
            tx.log(ACCESS_SUBJECT, Op.REPEAT_END, 0, (self.account, self.repeat, bool(self.record)))
        return bool(rows)
