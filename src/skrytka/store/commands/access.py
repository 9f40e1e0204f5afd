"""Roles, web sessions, keys of programs, approvals by a second person."""

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.access_rows import ApprovalState, HandKind
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.directory import keep_an_admin
from skrytka.store.commands.shared import hosted, log_directory, number
from skrytka.store.rows import ACCESS_SUBJECT, AccountStatus, Op
from skrytka.store.sql import access as sql
from skrytka.store.sql import directory, repeats
from skrytka.store.statement import Query, Value

WAITING_MAX = 100  # of one account
SYSTEM_ADMIN = "system_admin"  # everywhere: what ``account.is_admin`` marks


class GiveRole(Command[None], frozen=True):
    """A role, in a domain of this server or ("") everywhere; ALREADY_EXISTS."""

    account: AccountId
    role: str
    domain: str = ""

    def run(self, tx: Tx) -> Query[None]:
        yield from _account(self.account)
        if self.domain:
            yield from hosted(self.domain)
        if not (yield sql.GIVE(account=self.account, role=self.role, domain=self.domain, now_ms=tx.now_ms)):
            raise PermanentError(Reason.ALREADY_EXISTS, "the account has that role already")
        if (self.role, self.domain) == (SYSTEM_ADMIN, ""):
            yield sql.MARK_ADMIN(account=self.account, is_admin=1)
        yield from log_directory(tx, Op.ACCESS_GIVE, (self.account, self.role, self.domain))


class TakeRole(Command[None], frozen=True):
    """NO_SUCH_OBJECT when it is not there, NOT_PERMITTED for the last active system administrator."""

    account: AccountId
    role: str
    domain: str = ""

    def run(self, tx: Tx) -> Query[None]:
        if (self.role, self.domain) == (SYSTEM_ADMIN, ""):
            yield from keep_an_admin(self.account)
            yield sql.MARK_ADMIN(account=self.account, is_admin=0)
        if not (yield sql.TAKE(account=self.account, role=self.role, domain=self.domain)):
            raise PermanentError(Reason.NO_SUCH_OBJECT, "the account does not have that role")
        yield from log_directory(tx, Op.ACCESS_TAKE, (self.account, self.role, self.domain))


class BeginSession(Command[None], frozen=True):
    """A web session; those named in ``ended`` make room for it."""

    account: AccountId
    session: bytes
    record: bytes
    proved_at_ms: int  # 0: no factor was shown
    ended: tuple[bytes, ...] = ()

    def run(self, tx: Tx) -> Query[None]:
        yield from _account(self.account)
        for session in self.ended:
            yield sql.END(account=self.account, session=session)
        yield sql.BEGIN(
            account=self.account,
            session=self.session,
            record=self.record,
            now_ms=tx.now_ms,
            proved_at_ms=self.proved_at_ms,
        )
        tx.log(ACCESS_SUBJECT, Op.SESSION_BEGIN, 0, (self.account, self.session))


class SeeSession(Command[bool], frozen=True):
    """It is in use; whether it was there. With ``new`` its owner has proved who he is, and its secret is another."""

    account: AccountId
    session: bytes
    new: bytes | None = None

    def run(self, tx: Tx) -> Query[bool]:
        where: dict[str, Value] = {"account": self.account, "session": self.session, "now_ms": tx.now_ms}
        rows = yield sql.SEEN(**where) if self.new is None else sql.PROVED(new=self.new, **where)
        if rows:
            tx.log(ACCESS_SUBJECT, Op.SESSION_SEE, 0, (self.account, self.session, self.new))
        return bool(rows)


class EndSessions(Command[int], frozen=True):
    """End one session of an account, or all but ``kept``; how many there were."""

    account: AccountId
    session: bytes | None = None
    kept: bytes = b""

    def run(self, tx: Tx) -> Query[int]:
        if self.session is not None:
            rows = yield sql.END(account=self.account, session=self.session)
        else:
            rows = yield sql.END_OTHERS(account=self.account, session=self.kept)
        if rows:
            tx.log(ACCESS_SUBJECT, Op.SESSION_END, 0, (self.account, [session for (session,) in rows]))
        return len(rows)


class AddApiKey(Command[None], frozen=True):
    """A key of a program, for which an account answers."""

    account: AccountId
    api_key: bytes
    mac: bytes
    record: bytes
    expires_at_ms: int

    def run(self, tx: Tx) -> Query[None]:
        yield from _account(self.account)
        yield sql.ADD_KEY(
            account=self.account,
            api_key=self.api_key,
            mac=self.mac,
            record=self.record,
            now_ms=tx.now_ms,
            expires_at_ms=self.expires_at_ms,
        )
        tx.log(ACCESS_SUBJECT, Op.API_KEY_ADD, 0, (self.account, self.api_key, self.expires_at_ms))


class UseApiKey(Command[None], frozen=True):
    """It was used now."""

    account: AccountId
    api_key: bytes

    def run(self, tx: Tx) -> Query[None]:
        if (yield sql.KEY_USED(account=self.account, api_key=self.api_key, now_ms=tx.now_ms)):
            tx.log(ACCESS_SUBJECT, Op.API_KEY_USE, 0, (self.account, self.api_key))


class RemoveApiKey(Command[None], frozen=True):
    """NO_SUCH_OBJECT when there is none."""

    account: AccountId
    api_key: bytes

    def run(self, tx: Tx) -> Query[None]:
        if not (yield sql.REMOVE_KEY(account=self.account, api_key=self.api_key)):
            raise PermanentError(Reason.NO_SUCH_OBJECT, "there is no such key")
        tx.log(ACCESS_SUBJECT, Op.API_KEY_REMOVE, 0, (self.account, self.api_key))


class AskApproval(Command[None], frozen=True):
    """Somebody wants to do what takes two. TOO_MANY while much of his waits: others are to be found among it."""

    approval: bytes
    account: AccountId
    digest: bytes
    record: bytes
    expires_at_ms: int

    def run(self, tx: Tx) -> Query[None]:
        waiting = ApprovalState.WAITING.value
        ((count,),) = yield sql.WAITING_OF(account=self.account, waiting=waiting, now_ms=tx.now_ms)
        if number(count) >= WAITING_MAX:
            raise PermanentError(Reason.TOO_MANY, f"{WAITING_MAX} of your requests wait already")
        yield sql.ASK(
            approval=self.approval,
            account=self.account,
            digest=self.digest,
            state=ApprovalState.WAITING.value,
            record=self.record,
            now_ms=tx.now_ms,
            expires_at_ms=self.expires_at_ms,
        )
        tx.log(ACCESS_SUBJECT, Op.APPROVAL_ASK, 0, (self.account, self.approval, self.digest))


class DecideApproval(Command[None], frozen=True):
    """NOT_PERMITTED when it is decided or has expired, or when who asked decides."""

    approval: bytes
    by: AccountId | None  # None: local root
    state: ApprovalState
    record: bytes

    def run(self, tx: Tx) -> Query[None]:
        row = yield from sql.approval(self.approval)
        if row is None or row.account == self.by:
            raise PermanentError(Reason.NOT_PERMITTED, "a second person has to decide")
        decided = yield sql.DECIDE(
            approval=self.approval,
            state=self.state.value,
            record=self.record,
            by=self.by,
            now_ms=tx.now_ms,
            was=ApprovalState.WAITING.value,
        )
        if not decided:
            raise PermanentError(Reason.NOT_PERMITTED, "it was decided already, or has expired")
        tx.log(ACCESS_SUBJECT, Op.APPROVAL_DECIDE, 0, (self.by, self.approval, self.state.value))


class UseApproval(Command[bool], frozen=True):
    """Once; whether it could be used."""

    approval: bytes

    def run(self, tx: Tx) -> Query[bool]:
        used = yield sql.USE(
            approval=self.approval,
            used=ApprovalState.USED.value,
            approved=ApprovalState.APPROVED.value,
            now_ms=tx.now_ms,
        )
        if used:
            tx.log(ACCESS_SUBJECT, Op.APPROVAL_USE, 0, (self.approval,))
        return bool(used)


class ReturnApproval(Command[bool], frozen=True):
    """What it was used for has not happened: it may be used again; whether it was in use."""

    approval: bytes

    def run(self, tx: Tx) -> Query[bool]:
        used, approved = ApprovalState.USED.value, ApprovalState.APPROVED.value
        returned = yield sql.RETURN(approval=self.approval, used=used, approved=approved)
        if returned:
            tx.log(ACCESS_SUBJECT, Op.APPROVAL_RETURN, 0, (self.approval,))
        return bool(returned)


class NoteHand(Command[None], frozen=True):
    """Somebody has a hand in an account of somebody else."""

    account: AccountId
    kind: HandKind
    actor: AccountId

    def run(self, tx: Tx) -> Query[None]:
        yield from _account(self.account)
        yield sql.HAND(account=self.account, kind=self.kind.value, actor=self.actor, now_ms=tx.now_ms)
        tx.log(ACCESS_SUBJECT, Op.HAND, 0, (self.account, self.kind.value, self.actor))


class ExpireAccess(Command[int], frozen=True):
    """Forget sessions and approvals of long ago, and answers whose time is over."""

    sessions_before_ms: int
    approvals_before_ms: int

    def run(self, tx: Tx) -> Query[int]:
        sessions = yield sql.EXPIRE_SESSIONS(before_ms=self.sessions_before_ms)
        approvals = yield sql.EXPIRE_APPROVALS(before_ms=self.approvals_before_ms)
        yield repeats.DROP_LAPSED(now_ms=tx.now_ms)
        count = len(sessions) + len(approvals)
        if count:
            tx.log(ACCESS_SUBJECT, Op.ACCESS_EXPIRE, 0, count)
        return count


def _account(account: AccountId) -> Query[None]:
    row = yield from directory.account_by_id(account)
    if row is None or row.status is AccountStatus.REMOVED:
        raise PermanentError(Reason.NO_SUCH_OBJECT, f"account {account}")
