"""Mail accounts (state, quota, counters) and mailboxes."""

from typing import Any

from skrytka.model.ids import AccountId, MailboxId
from skrytka.store.rows import MailboxRow, Role
from skrytka.store.statement import Query, Row, Statement

INSERT_MAIL_ACCOUNT = Statement(
    "INSERT INTO mail_account (account, state, next_mailbox, uidvalidity, quota_bytes, used_bytes, messages)"
    " VALUES (:account, 1, :next_mailbox, :uidvalidity, :quota_bytes, 0, 0)"
)
# The first statement of every command on an account: it takes the account's lock and gives the command's state. A
# removed account gives none.
NEXT_STATE = Statement(
    "UPDATE mail_account SET state = state + 1, used_bytes = used_bytes + :bytes, messages = messages + :messages"
    " WHERE account = :account AND is_closed = 0 RETURNING state"
)
CLOSE_ACCOUNT = Statement("UPDATE mail_account SET is_closed = 1 WHERE account = :account")
ADD_USE = Statement(
    "UPDATE mail_account SET used_bytes = used_bytes + :bytes, messages = messages + :messages WHERE account = :account"
)
SET_QUOTA = Statement("UPDATE mail_account SET quota_bytes = :quota_bytes WHERE account = :account")
NEXT_MAILBOX = Statement(
    "UPDATE mail_account SET next_mailbox = next_mailbox + 1,"
    " uidvalidity = CASE WHEN uidvalidity < :now_s THEN :now_s ELSE uidvalidity + 1 END"
    " WHERE account = :account RETURNING next_mailbox - 1, uidvalidity"
)

INSERT_MAILBOX = Statement(
    "INSERT INTO mailbox (account, mailbox, name_mac, name, role, uidvalidity, uidnext, modseq, messages, unseen,"
    " bytes, is_subscribed) VALUES (:account, :mailbox, :name_mac, :name, :role, :uidvalidity, 1, :state, 0, 0, 0,"
    " :is_subscribed) ON CONFLICT DO NOTHING RETURNING mailbox"
)
ADD_TO_ROLE = Statement(
    "UPDATE mailbox SET uidnext = uidnext + 1, messages = messages + 1, unseen = unseen + :unseen,"
    " bytes = bytes + :bytes, modseq = :state"
    " WHERE account = :account AND role = :role RETURNING mailbox, uidnext - 1"
)
ADD_TO_MAILBOX = Statement(
    "UPDATE mailbox SET uidnext = uidnext + 1, messages = messages + 1, unseen = unseen + :unseen,"
    " bytes = bytes + :bytes, modseq = :state"
    " WHERE account = :account AND mailbox = :mailbox RETURNING mailbox, uidnext - 1"
)
ADD_COUNTS = Statement(
    "UPDATE mailbox SET messages = messages + :messages, unseen = unseen + :unseen, bytes = bytes + :bytes,"
    " modseq = :state WHERE account = :account AND mailbox = :mailbox"
)
ONE = Statement(
    "SELECT mailbox, name, role, uidvalidity, uidnext, modseq, messages, unseen, bytes, is_subscribed,"
    " recent_uid FROM mailbox"
    " WHERE account = :account AND mailbox = :mailbox"
)
MODSEQ = Statement("SELECT modseq FROM mailbox WHERE account = :account AND mailbox = :mailbox")
RECENT = Statement("SELECT recent_uid FROM mailbox WHERE account = :account AND mailbox = :mailbox")
RAISE_RECENT = Statement(
    "UPDATE mailbox SET recent_uid = :uid"
    " WHERE account = :account AND mailbox = :mailbox AND recent_uid < :uid AND uidnext > :uid"
)
RENAME = Statement(
    "UPDATE mailbox SET name_mac = :name_mac, name = :name WHERE account = :account AND mailbox = :mailbox"
)
SUBSCRIBE = Statement(
    "UPDATE mailbox SET is_subscribed = :is_subscribed WHERE account = :account AND mailbox = :mailbox"
    " RETURNING mailbox"
)
DELETE = Statement("DELETE FROM mailbox WHERE account = :account AND mailbox = :mailbox")

MAILBOX_COUNT = Statement("SELECT count(*) FROM mailbox WHERE account = :account")
INSERT_SUBSCRIPTION = Statement(
    "INSERT INTO subscription (account, name_mac, name) VALUES (:account, :name_mac, :name) ON CONFLICT DO NOTHING"
)
KEEP_SUBSCRIPTION = Statement(
    "INSERT INTO subscription (account, name_mac, name) SELECT account, name_mac, name FROM mailbox"
    " WHERE account = :account AND mailbox = :mailbox AND is_subscribed = 1 ON CONFLICT DO NOTHING"
)
DELETE_SUBSCRIPTION = Statement(
    "DELETE FROM subscription WHERE account = :account AND name_mac = :name_mac RETURNING name_mac"
)
SUBSCRIPTION_COUNT = Statement("SELECT count(*) FROM subscription WHERE account = :account")
_SUBSCRIPTIONS = Statement("SELECT name FROM subscription WHERE account = :account ORDER BY name_mac")


_LIST = Statement(
    "SELECT mailbox, name, role, uidvalidity, uidnext, modseq, messages, unseen, bytes, is_subscribed,"
    " recent_uid FROM mailbox"
    " WHERE account = :account AND role IS DISTINCT FROM 'quarantine' ORDER BY mailbox"
)
_BY_NAME = Statement(
    "SELECT mailbox, name, role, uidvalidity, uidnext, modseq, messages, unseen, bytes, is_subscribed,"
    " recent_uid FROM mailbox"
    " WHERE account = :account AND name_mac = :name_mac AND role IS DISTINCT FROM 'quarantine'"
)
_BY_ROLE = Statement(
    "SELECT mailbox, name, role, uidvalidity, uidnext, modseq, messages, unseen, bytes, is_subscribed,"
    " recent_uid FROM mailbox"
    " WHERE account = :account AND role = :role"
)


def list_(account: AccountId) -> Query[list[MailboxRow]]:
    """The account's mailboxes in the order they were made; a hidden one is not among them."""
    return [_row(row) for row in (yield _LIST(account=account))]


def list_and_subscriptions(account: AccountId) -> Query[tuple[list[MailboxRow], list[bytes]]]:
    """All mailboxes, and the sealed names that are subscribed to without one."""
    rows = [_row(row) for row in (yield _LIST(account=account))]
    names: list[Any] = yield _SUBSCRIPTIONS(account=account)
    return rows, [name for (name,) in names]


def by_id(account: AccountId, mailbox: MailboxId) -> Query[MailboxRow | None]:
    rows = yield ONE(account=account, mailbox=mailbox)
    return _row(rows[0]) if rows else None


def by_name(account: AccountId, name_mac: bytes) -> Query[MailboxRow | None]:
    """The mailbox whose name has this keyed hash, unless it is hidden."""
    rows = yield _BY_NAME(account=account, name_mac=name_mac)
    return _row(rows[0]) if rows else None


def by_role(account: AccountId, role: Role) -> Query[MailboxRow | None]:
    rows = yield _BY_ROLE(account=account, role=role.value)
    return _row(rows[0]) if rows else None


def _row(row: Row) -> MailboxRow:
    made = MailboxRow._make(row)
    return made._replace(role=Role(made.role) if made.role else None, is_subscribed=bool(made.is_subscribed))
