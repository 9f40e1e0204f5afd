"""What was answered to changes that may be sent twice (Idempotency-Key)."""

from typing import Any

from skrytka.model.ids import AccountId
from skrytka.store.access_rows import RepeatRow
from skrytka.store.statement import Query, Statement

BEGIN = Statement(
    "INSERT INTO repeated (account, repeat, digest, record, expires_at_ms)"
    " VALUES (:account, :repeat, :digest, :record, :expires_at_ms)"
)
ANSWER = Statement(
    "UPDATE repeated SET record = :record WHERE account = :account AND repeat = :repeat RETURNING repeat"
)
DROP = Statement("DELETE FROM repeated WHERE account = :account AND repeat = :repeat RETURNING repeat")
DROP_ALL = Statement("DELETE FROM repeated WHERE account = :account")
DROP_LAPSED = Statement("DELETE FROM repeated WHERE expires_at_ms <= :now_ms")
COUNT = Statement("SELECT count(*) FROM repeated WHERE account = :account")
_ONE = Statement("SELECT digest, record FROM repeated WHERE account = :account AND repeat = :repeat")


def repeated(account: AccountId, repeat: bytes) -> Query[RepeatRow | None]:
    """What there is under that key."""
    rows: list[Any] = yield _ONE(account=account, repeat=repeat)
    return RepeatRow(*rows[0]) if rows else None
