"""Passwords are changed; second factors, one-time codes and the rules about them come, are used and go.

What changes what a login may do is a change of the directory, so every process hears of it within a second; that a
factor was used, or tried in vain, is not: nobody remembers a login by it.
"""

from typing import Final

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId, UnitId
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.directory import PASSWORD, existing, put_password, unchanged
from skrytka.store.commands.shared import log_directory, number
from skrytka.store.factor_rows import CodeKind, FactorKind, Notice, RuleScope
from skrytka.store.rows import JOBS_SUBJECT, Op
from skrytka.store.sql import access
from skrytka.store.sql import factors as sql
from skrytka.store.statement import Call, Query

HISTORY: Final = 24  # passwords that an account may not have again, the one it has included
FACTORS_MAX: Final = 20  # of one account
FAILURES_MAX: Final = 100  # in a row; then the factor opens nothing any more (NIST SP 800-63B-4 3.2.2)
CODES_MAX: Final = 100
NO_CODE: Final = "a first factor wants the code that an administrator gives"


class ChangePassword(Command[None], frozen=True):
    """Another password; the one before it is kept so that it does not come back.

    Codes to set one, sessions and keys of programs end: whoever knew the old one may have made them. Machines stay; a
    certificate opens nothing by itself.

    ``was`` is the verifier that the change was decided on: TransientError(STORE_BUSY) when there is another one by now.
    """

    account: AccountId
    verifier: bytes
    was: bytes | None
    notice: Notice | None = None

    def run(self, tx: Tx) -> Query[None]:
        yield from existing(self.account)
        yield from unchanged(self.account, self.was)
        yield access.END_OTHERS(account=self.account, session=b"")
        yield access.REMOVE_KEYS(account=self.account)
        yield sql.KEEP_PASSWORD(account=self.account, kind=PASSWORD, now_ms=tx.now_ms)
        ((last,),) = yield sql.LAST_KEPT(account=self.account)
        yield sql.FORGET_PASSWORDS(account=self.account, number=number(last) - (HISTORY - 1))
        yield from put_password(tx, self.account, self.verifier)
        yield sql.DELETE_CODES(account=self.account, kind=CodeKind.PASSWORD.value)
        yield from log_directory(tx, Op.ACCOUNT_PASSWORD, (self.account,))
        yield from tell(tx, self.unit, self.account, self.notice)


class AddFactor(Command[None], frozen=True):
    """A second factor under a number that the account has not given before, or ALREADY_EXISTS.

    NOT_PERMITTED where it has to be the first and there is one, or comes by a code that is not there any more: both
    are known here alone, since others enrol meanwhile.
    """

    account: AccountId
    factor: int
    kind: FactorKind
    sealed: bytes
    counter: int = 0
    is_first: bool = False  # whoever adds it has shown a password and nothing else
    enrol_mac: bytes | None = None  # of the code of a reset, which is used up

    def run(self, tx: Tx) -> Query[None]:
        yield from existing(self.account)
        ((count,),) = yield sql.COUNT_FACTORS(account=self.account)
        if self.is_first and number(count):
            raise PermanentError(Reason.NOT_PERMITTED, "the account has a second factor by now: it has to be shown")
        if self.enrol_mac is not None and not (yield self._code(tx.now_ms)):
            raise PermanentError(Reason.NOT_PERMITTED, NO_CODE)
        if number(count) >= FACTORS_MAX:
            raise PermanentError(Reason.TOO_MANY, f"an account has {FACTORS_MAX} second factors at most")
        row = yield sql.INSERT_FACTOR(
            account=self.account,
            factor=self.factor,
            kind=self.kind.value,
            sealed=self.sealed,
            counter=self.counter,
            now_ms=tx.now_ms,
        )
        if not row:
            raise PermanentError(Reason.ALREADY_EXISTS, f"factor {self.factor} of account {self.account}")
        yield sql.DELETE_CODES(account=self.account, kind=CodeKind.ENROL.value)
        yield from log_directory(tx, Op.FACTOR_ADD, (self.account, self.factor, self.kind.value))
        yield from tell(tx, self.unit, self.account, Notice(f"{self.kind.value}.added"))

    def _code(self, now_ms: int) -> Call:
        return sql.USE_CODE(account=self.account, kind=CodeKind.ENROL.value, mac=self.enrol_mac, now_ms=now_ms)


class UseFactor(Command[bool], frozen=True):
    """Whether this use counts: its counter is above the last one, so no code and no signature counts twice."""

    account: AccountId
    factor: int
    counter: int

    def run(self, tx: Tx) -> Query[bool]:
        rows = yield sql.USE_FACTOR(
            account=self.account,
            factor=self.factor,
            counter=self.counter,
            failures_max=FAILURES_MAX,
            now_ms=tx.now_ms,
        )
        if rows:
            tx.log(JOBS_SUBJECT, Op.FACTOR_USE, 0, (self.account, self.factor, self.counter))
        return bool(rows)


class FailFactor(Command[int], frozen=True):
    """A wrong code was typed; how many in a row now. All factors of the kind count it: it was meant for any."""

    account: AccountId
    kind: FactorKind

    def run(self, tx: Tx) -> Query[int]:
        rows = yield sql.FAIL_FACTORS(account=self.account, kind=self.kind.value)
        tx.log(JOBS_SUBJECT, Op.FACTOR_FAIL, 0, (self.account, self.kind.value))
        return max((number(failures) for (failures,) in rows), default=0)


class RemoveFactor(Command[None], frozen=True):
    """One second factor goes; NOT_PERMITTED for the last one where one is demanded. With it goes a password's code."""

    account: AccountId
    factor: int
    is_demanded: bool = False

    def run(self, tx: Tx) -> Query[None]:
        rows = yield sql.DELETE_FACTOR(account=self.account, factor=self.factor)
        if not rows:
            raise PermanentError(Reason.NO_SUCH_OBJECT, f"there is no factor {self.factor}")
        if not (yield from sql.has_factor(self.account)):
            if self.is_demanded:
                said = "a second factor is demanded of this account: add another one first"
                raise PermanentError(Reason.NOT_PERMITTED, said)
            # One administrator made it, since a factor stood behind it; now nothing does (ADR 0024)
            yield sql.DELETE_CODES(account=self.account, kind=CodeKind.PASSWORD.value)
        kind = FactorKind(str(rows[0][0]))
        yield from log_directory(tx, Op.FACTOR_REMOVE, (self.account, self.factor, kind.value))
        yield from tell(tx, self.unit, self.account, Notice(f"{kind.value}.removed"))


class ResetFactors(Command[None], frozen=True):
    """All second factors and recovery codes go, a second factor is demanded from now on; one code lets a new one in.

    Sessions of the web end: whoever found the lost device may be in one.
    """

    account: AccountId
    address: str
    mac: bytes  # of the code
    expires_at_ms: int

    def run(self, tx: Tx) -> Query[None]:
        yield from existing(self.account)
        yield access.END_OTHERS(account=self.account, session=b"")
        yield access.REMOVE_KEYS(account=self.account)
        yield sql.DELETE_FACTORS(account=self.account)
        yield sql.DELETE_CODES(account=self.account, kind=CodeKind.RECOVERY.value)
        yield from _put_codes(tx, self.account, CodeKind.ENROL, (self.mac,), self.expires_at_ms)
        yield from _put_rule(tx, RuleScope.ACCOUNT, self.address, is_required=True, grace_ms=0, until_ms=None)
        yield from log_directory(tx, Op.FACTOR_RESET, (self.account,))
        yield from tell(tx, self.unit, self.account, Notice.FACTORS_RESET)


class PutCodes(Command[None], frozen=True):
    """These codes instead of all of their kind; none takes them all away."""

    account: AccountId
    kind: CodeKind
    macs: tuple[bytes, ...]
    expires_at_ms: int | None = None
    notice: Notice | None = None

    def run(self, tx: Tx) -> Query[None]:
        yield from existing(self.account)
        if len(self.macs) > CODES_MAX:
            raise PermanentError(Reason.TOO_MANY, f"{len(self.macs)} codes")
        yield from _put_codes(tx, self.account, self.kind, self.macs, self.expires_at_ms)
        tx.log(JOBS_SUBJECT, Op.CODES_PUT, 0, (self.account, self.kind.value, len(self.macs)))
        yield from tell(tx, self.unit, self.account, self.notice)


class UseCode(Command[int | None], frozen=True):
    """How many are left of the kind; None for a code that is not there, was used, or is out of date."""

    account: AccountId
    kind: CodeKind
    mac: bytes
    notice: Notice | None = None

    def run(self, tx: Tx) -> Query[int | None]:
        if not (yield sql.USE_CODE(account=self.account, kind=self.kind.value, mac=self.mac, now_ms=tx.now_ms)):
            return None
        tx.log(JOBS_SUBJECT, Op.CODE_USE, 0, (self.account, self.kind.value))
        yield from tell(tx, self.unit, self.account, self.notice)
        return (yield from sql.codes_left(self.account, self.kind))


class PutMfaRule(Command[None], frozen=True):
    """Whoever it is about has to have a second factor, or needs none until a day; instead of an older rule of his."""

    scope: RuleScope
    subject: str
    is_required: bool
    grace_ms: int = 0
    until_ms: int | None = None

    def run(self, tx: Tx) -> Query[None]:
        yield from _put_rule(
            tx,
            self.scope,
            self.subject,
            is_required=self.is_required,
            grace_ms=self.grace_ms,
            until_ms=self.until_ms,
        )
        yield from log_directory(tx, Op.MFA_RULE, (self.scope.value, self.subject, int(self.is_required)))


class DropMfaRule(Command[None], frozen=True):
    """The rule is gone."""

    scope: RuleScope
    subject: str

    def run(self, tx: Tx) -> Query[None]:
        if not (yield sql.DELETE_RULE(scope=self.scope.value, subject=self.subject)):
            raise PermanentError(Reason.NO_SUCH_OBJECT, f"there is no rule for {self.subject}")
        yield from log_directory(tx, Op.MFA_RULE, (self.scope.value, self.subject, None))


class DropNotice(Command[None], frozen=True):
    """It was told, or there is nobody to tell."""

    notice: bytes

    def run(self, tx: Tx) -> Query[None]:
        yield sql.DELETE_NOTICE(notice=self.notice)
        tx.log(JOBS_SUBJECT, Op.NOTICE_DONE, 0, (self.notice,))


def _put_codes(
    tx: Tx, account: AccountId, kind: CodeKind, macs: tuple[bytes, ...], expires_at_ms: int | None
) -> Query[None]:
    yield sql.DELETE_CODES(account=account, kind=kind.value)
    for mac in macs:
        yield sql.INSERT_CODE(account=account, kind=kind.value, mac=mac, now_ms=tx.now_ms, expires_at_ms=expires_at_ms)


def _put_rule(
    tx: Tx, scope: RuleScope, subject: str, *, is_required: bool, grace_ms: int, until_ms: int | None
) -> Query[None]:
    yield sql.PUT_RULE(
        scope=scope.value,
        subject=subject,
        is_required=int(is_required),
        grace_ms=grace_ms,
        until_ms=until_ms,
        now_ms=tx.now_ms,
    )


def tell(tx: Tx, unit: UnitId, account: AccountId, notice: Notice | None) -> Query[None]:
    """The mail to the owner is owed from this commit on."""
    if notice is not None:
        yield sql.INSERT_NOTICE(notice=unit, account=account, what=notice.value, now_ms=tx.now_ms)
