"""Domains, accounts, addresses and credentials."""

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.ids import AccountId, DomainId, MailboxId, State
from skrytka.store.access_rows import HandKind
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.oauth import forget as forget_programs
from skrytka.store.commands.shared import NewFolder, hosted, log_directory, next_number, uidvalidity_s
from skrytka.store.factor_rows import RuleScope
from skrytka.store.rows import QUEUE_SUBJECT, AccountStatus, AddressKind, Op, Role
from skrytka.store.sql import (
    access,
    app_passwords,
    controls,
    dkim,
    factors,
    identities,
    languages,
    machines,
    mailboxes,
    outbound,
    places,
    repeats,
)
from skrytka.store.sql import directory as sql
from skrytka.store.statement import Query, Value

PASSWORD = "password"  # noqa: S105 - the kind of a credential


class AddDomain(Command[DomainId], frozen=True):
    """Take mail for a domain (its A-label form)."""

    name: str

    def run(self, tx: Tx) -> Query[DomainId]:
        domain = yield from next_number("domain")
        if not (yield sql.INSERT_DOMAIN(domain=domain, name=self.name, now_ms=tx.now_ms)):
            raise PermanentError(Reason.ALREADY_EXISTS, f"the domain {self.name} is there already")
        yield from log_directory(tx, Op.DOMAIN_ADD, (domain, self.name))
        return DomainId(domain)


class RemoveDomain(Command[None], frozen=True):
    """Take no more mail for a domain, and forget the keys that signed for it; NOT_PERMITTED while it has addresses."""

    name: str

    def run(self, tx: Tx) -> Query[None]:
        domain = yield from hosted(self.name)
        if (yield sql.ADDRESS_OF_DOMAIN(domain=domain)):
            raise PermanentError(
                Reason.NOT_PERMITTED, f"{self.name} still has addresses; remove its accounts and aliases first"
            )
        yield dkim.DELETE_ALL(domain=domain)
        yield languages.DELETE_OF_DOMAIN(domain=domain)
        yield factors.DELETE_RULE(scope=RuleScope.DOMAIN.value, subject=self.name)
        yield access.TAKE_OF_DOMAIN(domain=self.name)
        yield sql.DELETE_DOMAIN(domain=domain)
        yield from log_directory(tx, Op.DOMAIN_REMOVE, (domain, self.name))


class ReserveAccount(Command[AccountId], frozen=True):
    """A fresh account id, so that its key can be made and its folder names sealed before AddAccount."""

    def run(self, tx: Tx) -> Query[AccountId]:
        account = yield from next_number("account")
        yield from log_directory(tx, Op.ACCOUNT_RESERVE, (account,))
        return AccountId(account)


class AddAccount(Command[State], frozen=True):
    """Make a reserved account with its own address, its mail rows and its first folders (INBOX must be one)."""

    account: AccountId
    address: str  # Address.key
    domain: str
    folders: tuple[NewFolder, ...]
    quota_bytes: int = 0
    verifier: bytes | None = None
    is_admin: bool = False
    made_by: AccountId | None = None  # None: nobody who could use it to agree with himself

    def run(self, tx: Tx) -> Query[State]:
        domain = yield from hosted(self.domain)
        if not any(folder.role is Role.INBOX for folder in self.folders):
            raise PermanentError(Reason.NO_SUCH_MAILBOX, "an account needs an INBOX")
        account: Value = self.account
        values = {"account": account, "address": self.address, "domain": domain, "now_ms": tx.now_ms}
        if not (yield sql.INSERT_ACCOUNT(status=AccountStatus.ACTIVE.value, is_admin=int(self.is_admin), **values)):
            raise PermanentError(Reason.ALREADY_EXISTS, f"account {self.account}")
        yield from _claim(tx, self.address, domain, AddressKind.ACCOUNT, self.account)
        if self.verifier is not None:
            yield from put_password(tx, self.account, self.verifier)
        if self.is_admin:
            yield access.GIVE(account=self.account, role="system_admin", domain="", now_ms=tx.now_ms)
        if self.made_by is not None:
            yield access.HAND(account=self.account, kind=HandKind.MADE.value, actor=self.made_by, now_ms=tx.now_ms)
        yield from self._mail_rows(tx)
        yield from log_directory(tx, Op.ACCOUNT_ADD, (self.account, self.address, domain, self.quota_bytes))
        tx.log(self.account, Op.ACCOUNT_ADD, 1, (self.account, [folder.name_mac for folder in self.folders]))
        return State(1)

    def _mail_rows(self, tx: Tx) -> Query[None]:
        uidvalidity = uidvalidity_s(tx.now_ms)
        yield mailboxes.INSERT_MAIL_ACCOUNT(
            account=self.account,
            next_mailbox=len(self.folders) + 1,
            uidvalidity=uidvalidity,
            quota_bytes=self.quota_bytes,
        )
        for number, folder in enumerate(self.folders, 1):
            row = yield mailboxes.INSERT_MAILBOX(
                account=self.account,
                mailbox=MailboxId(number),
                name_mac=folder.name_mac,
                name=folder.name,
                role=folder.role and folder.role.value,
                uidvalidity=uidvalidity,
                state=1,
                is_subscribed=1,
            )
            if not row:
                raise PermanentError(Reason.ALREADY_EXISTS, "two folders of one name or role")


class SetPassword(Command[None], frozen=True):
    """The account's password is now the one behind ``verifier``.

    ``was`` is the verifier that this was decided on: TransientError(STORE_BUSY) when there is another one by now.
    """

    account: AccountId
    verifier: bytes
    was: bytes | None = None  # None: whatever there was
    is_distrusted: bool = False  # somebody else knows it: what was made with it ends too

    def run(self, tx: Tx) -> Query[None]:
        yield from existing(self.account)
        if self.was is not None:
            yield from unchanged(self.account, self.was)
        if self.is_distrusted:
            yield from end_what_it_made(self.account)
        yield from put_password(tx, self.account, self.verifier)
        yield from log_directory(tx, Op.ACCOUNT_PASSWORD, (self.account,))


class SetQuota(Command[None], frozen=True):
    """How many bytes the account may hold; 0 lifts the limit."""

    account: AccountId
    quota_bytes: int

    def run(self, tx: Tx) -> Query[None]:
        before = yield from existing(self.account)
        yield mailboxes.SET_QUOTA(account=self.account, quota_bytes=self.quota_bytes)
        yield from log_directory(tx, Op.ACCOUNT_QUOTA, (self.account, self.quota_bytes), before)


class SuspendAccount(Command[int], frozen=True):
    """Nobody logs in, and mail is refused where it comes in; what was accepted before is still delivered.

    What it has scheduled is held: how many recipients. NOT_PERMITTED for the last active administrator.
    """

    account: AccountId

    def run(self, tx: Tx) -> Query[int]:
        yield from keep_an_admin(self.account)
        yield access.END_OTHERS(account=self.account, session=b"")
        yield from _set_status(tx, self.account, AccountStatus.SUSPENDED)
        return (yield from _hold_scheduled(tx, self.account, outbound.SUSPENDED))


class ResumeAccount(Command[int], frozen=True):
    """End a suspension; how many recipients go on that it has held."""

    account: AccountId

    def run(self, tx: Tx) -> Query[int]:
        yield from _set_status(tx, self.account, AccountStatus.ACTIVE)
        count = yield from outbound.resume_scheduled(self.account, tx.now_ms)
        if count:
            tx.log(QUEUE_SUBJECT, Op.QUEUE_SCHEDULE, 0, (self.account, "", count))
        return count


class RemoveAccount(Command[int], frozen=True):
    """Free its addresses, drop its credentials; the mail stays, out of reach of every command, until erasure.

    What it has scheduled is held: how many recipients. NOT_PERMITTED for the last active administrator. Whose hands
    were in it stays known: it may be the link between two other accounts (ADR 0024).
    """

    account: AccountId

    def run(self, tx: Tx) -> Query[int]:
        before = yield from existing(self.account)
        yield from keep_an_admin(self.account)
        yield sql.DELETE_TARGETS_OF_ACCOUNT(account=self.account)
        yield sql.DELETE_ADDRESSES_OF_ACCOUNT(account=self.account)
        yield sql.DELETE_CREDENTIALS(account=self.account)
        yield from forget_programs(self.account)
        yield app_passwords.DELETE_ALL(account=self.account)
        yield app_passwords.DELETE_CERTIFICATES(account=self.account)
        yield identities.DELETE_ALL(account=self.account)
        yield controls.DELETE(account=self.account)
        yield languages.DELETE_OF_ACCOUNT(account=self.account)
        yield controls.DELETE_DELEGATIONS(account=self.account)
        for drop in (places.DROP_ALL, places.DROP_LOCK, places.DROP_ALERTS):
            yield drop(account=self.account)
        yield from _forget_factors(self.account, str(before[0]))
        yield access.TAKE_ALL(account=self.account)
        yield from end_what_it_made(self.account)
        yield sql.REMOVE_ACCOUNT(account=self.account, status=AccountStatus.REMOVED.value, now_ms=tx.now_ms)
        yield mailboxes.CLOSE_ACCOUNT(account=self.account)
        yield from log_directory(tx, Op.ACCOUNT_REMOVE, (self.account,), before)
        return (yield from _hold_scheduled(tx, self.account, outbound.REMOVED))


class AddAlias(Command[None], frozen=True):
    """An alias, a group (several targets) or a domain's catch-all (``key`` is ``@domain``)."""

    key: str
    domain: str
    targets: tuple[str, ...]  # Address.key of each
    kind: AddressKind = AddressKind.ALIAS

    def run(self, tx: Tx) -> Query[None]:
        if not self.targets:
            raise PermanentError(Reason.NO_SUCH_OBJECT, "an alias needs a target")
        domain = yield from hosted(self.domain)
        yield from _claim(tx, self.key, domain, self.kind, None)
        for number, target in enumerate(dict.fromkeys(self.targets)):
            yield sql.INSERT_TARGET(key=self.key, number=number, target=target)
        yield from log_directory(tx, Op.ADDRESS_ADD, (self.key, domain, self.kind.value, self.targets))


class SetAlias(Command[tuple[str, ...]], frozen=True):
    """Other targets for what AddAlias made, or AddAlias when there is nothing; the targets that it had."""

    key: str
    domain: str
    targets: tuple[str, ...]
    kind: AddressKind = AddressKind.ALIAS

    def run(self, tx: Tx) -> Query[tuple[str, ...]]:
        if (yield from sql.address(self.key)) is None:
            yield from AddAlias(
                unit=self.unit, key=self.key, domain=self.domain, targets=self.targets, kind=self.kind
            ).run(tx)
            return ()
        rows = yield sql.TARGETS(key=self.key)
        yield from RemoveAlias(unit=self.unit, key=self.key).run(tx)
        yield from AddAlias(unit=self.unit, key=self.key, domain=self.domain, targets=self.targets, kind=self.kind).run(
            tx
        )
        return tuple(str(target) for (target,) in rows)


class RemoveAlias(Command[None], frozen=True):
    """Remove what AddAlias made; an account's own address goes with the account only."""

    key: str

    def run(self, tx: Tx) -> Query[None]:
        targets = yield sql.TARGETS(key=self.key)
        if not (yield sql.DELETE_ALIAS(key=self.key, account_kind=AddressKind.ACCOUNT.value)):
            raise PermanentError(Reason.NO_SUCH_OBJECT, f"there is no alias {self.key}")
        yield sql.DELETE_TARGETS(key=self.key)
        yield from log_directory(tx, Op.ADDRESS_REMOVE, (self.key,), [row[0] for row in targets])


def existing(account: AccountId) -> Query[tuple[object, ...]]:
    """What the journal keeps of an account before it changes; PermanentError(NO_SUCH_OBJECT) for none."""
    row = yield from sql.account_by_id(account)
    if row is None or row.status is AccountStatus.REMOVED:
        raise PermanentError(Reason.NO_SUCH_OBJECT, f"account {account}")
    return (row.address, row.status.value, row.quota_bytes)


def keep_an_admin(account: AccountId) -> Query[None]:
    """Somebody must be able to answer for postmaster, and to administer."""
    admins = yield from sql.admins()
    if [row.account for row in admins] == [account]:
        said = "is the last active administrator; make another one first: skrytka account add ADDRESS --admin"
        raise PermanentError(Reason.NOT_PERMITTED, f"{admins[0].address} {said}")


def _claim(tx: Tx, key: str, domain: int, kind: AddressKind, account: AccountId | None) -> Query[None]:
    values: dict[str, Value] = {"key": key, "domain": domain, "kind": kind.value, "account": account}
    if not (yield sql.INSERT_ADDRESS(now_ms=tx.now_ms, **values)):
        raise PermanentError(Reason.ALREADY_EXISTS, f"{key} is there already")


def unchanged(account: AccountId, was: bytes | None) -> Query[None]:
    """TransientError when the password is another one than it was."""
    rows = yield factors.PASSWORD(account=account, kind=PASSWORD)
    if (rows[0][0] if rows else None) != was:
        raise TransientError(Reason.STORE_BUSY, "somebody else changed the password meanwhile")


def put_password(tx: Tx, account: AccountId, verifier: bytes) -> Query[None]:
    """Instead of the one there is, if any."""
    yield sql.PUT_CREDENTIAL(account=account, credential=1, kind=PASSWORD, verifier=verifier, now_ms=tx.now_ms)


def end_what_it_made(account: AccountId) -> Query[None]:
    """What came of a login on the web and goes on without one: sessions, keys of programs, machines, kept answers."""
    yield access.END_OTHERS(account=account, session=b"")
    yield access.REMOVE_KEYS(account=account)
    yield machines.REVOKE_ALL(account=account)
    yield repeats.DROP_ALL(account=account)


def _hold_scheduled(tx: Tx, account: AccountId, reason: str) -> Query[int]:
    count = yield from outbound.hold_scheduled(account, reason)
    if count:
        tx.log(QUEUE_SUBJECT, Op.QUEUE_SCHEDULE, 0, (account, reason, count))
    return count


def _forget_factors(account: AccountId, address: str) -> Query[None]:
    """Whoever gets the address later begins anew."""
    yield factors.FORGET_PASSWORDS(account=account, number=2**62)
    yield factors.DELETE_FACTORS(account=account)
    yield factors.DELETE_ALL_CODES(account=account)
    yield factors.DELETE_NOTICES(account=account)
    yield factors.DELETE_RULE(scope=RuleScope.ACCOUNT.value, subject=address)


def _set_status(tx: Tx, account: AccountId, status: AccountStatus) -> Query[None]:
    before = yield from existing(account)
    yield sql.SET_STATUS(account=account, status=status.value)
    yield from log_directory(tx, Op.ACCOUNT_STATUS, (account, status.value), before)
