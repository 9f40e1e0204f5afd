"""Search texts merged into chunks."""

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId, EmailId
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.shared import next_state
from skrytka.store.rows import Op
from skrytka.store.sql import search_text as sql
from skrytka.store.statement import Query

TEXTS_MAX = 256


class MergeTexts(Command[int], frozen=True):
    """Put a chunk in the place of the texts it has; those that are in another or gone are passed over. How many."""

    account: AccountId
    chunk: int  # a random number: the sealed chunk is bound to it
    sealed: bytes
    emails: tuple[EmailId, ...]

    def run(self, tx: Tx) -> Query[int]:
        if len(self.emails) > TEXTS_MAX:
            raise PermanentError(Reason.TOO_MANY, f"{len(self.emails)} texts in one chunk")
        state = yield from next_state(self.account)
        merged = 0
        for email_id in self.emails:
            if (yield sql.DELETE_SINGLE(account=self.account, email_id=email_id)):
                yield sql.SET_CHUNK(account=self.account, email_id=email_id, chunk=self.chunk)
                merged += 1
        if merged:
            yield sql.INSERT_CHUNK(account=self.account, chunk=self.chunk, sealed=self.sealed)
        tx.log(self.account, Op.TEXTS, state, (self.chunk, merged))
        return merged
