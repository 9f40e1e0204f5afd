"""Who somebody is at a provider of another house: that opens his account, until it is taken away."""

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.directory import existing
from skrytka.store.commands.factors import tell
from skrytka.store.commands.shared import log_directory
from skrytka.store.factor_rows import Notice
from skrytka.store.rows import Op
from skrytka.store.sql import identities as sql
from skrytka.store.statement import Query


class LinkIdentity(Command[None], frozen=True):
    """It opens the account. ALREADY_EXISTS when it opens another one, or the account has one of that provider."""

    account: AccountId
    provider: bytes
    identity: bytes
    record: bytes  # sealed
    is_told: bool = False  # the owner had the account before

    def run(self, tx: Tx) -> Query[None]:
        yield from existing(self.account)
        row = yield sql.INSERT(
            account=self.account,
            provider=self.provider,
            identity=self.identity,
            record=self.record,
            now_ms=tx.now_ms,
        )
        if not row:
            raise PermanentError(Reason.ALREADY_EXISTS, "the account is linked with somebody of that provider already")
        yield from log_directory(tx, Op.IDENTITY_LINK, (self.account, self.provider, self.identity))
        yield from tell(tx, self.unit, self.account, Notice.PROVIDER_LINKED if self.is_told else None)


class UnlinkIdentity(Command[None], frozen=True):
    """It opens nothing any more, sessions that it has begun included. NO_SUCH_OBJECT."""

    account: AccountId
    provider: bytes

    def run(self, tx: Tx) -> Query[None]:
        if not (yield sql.DELETE(account=self.account, provider=self.provider)):
            raise PermanentError(Reason.NO_SUCH_OBJECT, "the account is not linked with that provider")
        yield from log_directory(tx, Op.IDENTITY_UNLINK, (self.account, self.provider))
        yield from tell(tx, self.unit, self.account, Notice.PROVIDER_UNLINKED)
