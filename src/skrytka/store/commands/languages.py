"""In which language owners of accounts are written to."""

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.directory import existing
from skrytka.store.commands.shared import log_directory
from skrytka.store.rows import Op
from skrytka.store.sql import directory
from skrytka.store.sql import languages as sql
from skrytka.store.statement import Query


class SetAccountLanguage(Command[None], frozen=True):
    """Of one account; "" takes it away, so that its domain's holds."""

    account: AccountId
    language: str

    def run(self, tx: Tx) -> Query[None]:
        yield from existing(self.account)
        before = yield from sql.own(self.account)
        if self.language:
            yield sql.PUT_OF_ACCOUNT(account=self.account, language=self.language)
        else:
            yield sql.DELETE_OF_ACCOUNT(account=self.account)
        yield from log_directory(tx, Op.ACCOUNT_LANGUAGE, (self.account, self.language), before)


class SetDomainLanguage(Command[None], frozen=True):
    """Of all accounts of a domain that have none of their own; "" takes it away, so that the server's holds."""

    name: str
    language: str

    def run(self, tx: Tx) -> Query[None]:
        row = yield from directory.domain_by_name(self.name)
        if row is None:
            raise PermanentError(Reason.NO_SUCH_DOMAIN, self.name)
        before = yield from sql.of_domain(self.name)
        if self.language:
            yield sql.PUT_OF_DOMAIN(domain=row.domain, language=self.language)
        else:
            yield sql.DELETE_OF_DOMAIN(domain=row.domain)
        yield from log_directory(tx, Op.DOMAIN_LANGUAGE, (self.name, self.language), before)
