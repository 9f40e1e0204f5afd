"""Rows as the readers give them, and the vocabulary of their columns."""

from enum import StrEnum
from typing import NamedTuple

from skrytka.model.ids import AccountId, BlobId, DomainId, EmailId, MailboxId, QueueId, State, ThreadId, Uid


class Role(StrEnum):
    """Special use of a mailbox (RFC 6154 2); INBOX is our word for RFC 9051 5.1."""

    INBOX = "inbox"
    SENT = "sent"
    DRAFTS = "drafts"
    TRASH = "trash"
    JUNK = "junk"
    ARCHIVE = "archive"
    QUARANTINE = "quarantine"  # hidden from clients: what no inspector survived


class AccountStatus(StrEnum):
    """What may happen to an account's mail: nobody logs in to a suspended one, and new mail is refused."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REMOVED = "removed"


class AddressKind(StrEnum):
    """What an address is: an account's own, an alias or group, or all that is left of a domain."""

    ACCOUNT = "account"
    ALIAS = "alias"
    CATCH_ALL = "catch_all"


class DkimState(StrEnum):
    """Where the life of a key has come to (docs/dkim.md)."""

    NEW = "new"  # to be published
    WAITING = "waiting"  # DNS shows it; what was asked for before has to be forgotten elsewhere
    ACTIVE = "active"  # signs
    RETIRED = "retired"  # signs no more; what it signed may be on its way
    REVOKED = "revoked"  # its record is published without a key, its private half is gone


DIRECTORY_SUBJECT = 0  # subjects above 0 are accounts
QUEUE_SUBJECT = -1
KEYRING_SUBJECT = -2
JOBS_SUBJECT = -3
TOKENS_SUBJECT = -4  # what is handed out to programs; what ends is a change of the directory
ACCESS_SUBJECT = -5


class Op(StrEnum):
    """What a journal row says happened; readers know them, so they are never renamed."""

    DOMAIN_ADD = "domain.add"
    DOMAIN_REMOVE = "domain.remove"
    ACCOUNT_RESERVE = "account.reserve"
    ACCOUNT_ADD = "account.add"
    ACCOUNT_STATUS = "account.status"
    ACCOUNT_QUOTA = "account.quota"
    ACCOUNT_PASSWORD = "account.password"  # noqa: S105 - says that one was set
    ACCOUNT_REMOVE = "account.remove"
    ACCOUNT_CONTROL = "account.control"
    ACCOUNT_LANGUAGE = "account.language"
    DOMAIN_LANGUAGE = "domain.language"
    ACCOUNT_LOCK = "account.lock"
    ACCOUNT_UNLOCK = "account.unlock"
    PLACES_NOTE = "places.note"
    PLACES_EXPIRE = "places.expire"
    ALERT_PUT = "alert.put"
    ADDRESS_ADD = "address.add"
    ADDRESS_REMOVE = "address.remove"
    APP_PASSWORD_ADD = "app_password.add"  # noqa: S105 - says that one was made
    APP_PASSWORD_REMOVE = "app_password.remove"  # noqa: S105 - as above
    APP_PASSWORD_USE = "app_password.use"  # noqa: S105 - as above
    CERTIFICATE_ADD = "certificate.add"
    CERTIFICATE_REMOVE = "certificate.remove"
    IDENTITY_LINK = "identity.link"
    IDENTITY_UNLINK = "identity.unlink"
    DELEGATION_ADD = "delegation.add"
    DELEGATION_REMOVE = "delegation.remove"
    DKIM_ADD = "dkim.add"
    DKIM_MOVE = "dkim.move"
    OAUTH_CLIENT_ADD = "oauth.client.add"
    OAUTH_CLIENT_REMOVE = "oauth.client.remove"
    OAUTH_CODE = "oauth.code"
    OAUTH_GRANT = "oauth.grant"
    OAUTH_ROTATE = "oauth.rotate"
    OAUTH_REVOKE = "oauth.revoke"
    OAUTH_DEVICE = "oauth.device"
    OAUTH_EXPIRE = "oauth.expire"
    ACCESS_GIVE = "access.give"
    ACCESS_TAKE = "access.take"
    ACCESS_EXPIRE = "access.expire"
    SESSION_BEGIN = "session.begin"
    SESSION_SEE = "session.see"
    SESSION_END = "session.end"
    API_KEY_ADD = "api_key.add"
    API_KEY_USE = "api_key.use"
    API_KEY_REMOVE = "api_key.remove"
    MACHINE_INVITE = "machine.invite"
    MACHINE_ENROL = "machine.enrol"
    MACHINE_RENEW = "machine.renew"
    MACHINE_REVOKE = "machine.revoke"
    REPEAT_BEGIN = "repeat.begin"
    REPEAT_END = "repeat.end"
    APPROVAL_ASK = "approval.ask"
    APPROVAL_DECIDE = "approval.decide"
    APPROVAL_USE = "approval.use"
    APPROVAL_RETURN = "approval.return"
    HAND = "hand"
    DELIVER = "deliver"
    FLAGS = "flags"
    KEYWORD = "keyword"
    EXPUNGE = "expunge"
    TAKE_BACK = "take_back"
    COPY = "copy"
    MOVE = "move"
    STAGE = "stage"
    STAGE_DROP = "stage.drop"
    PUBLISH = "publish"
    TEXTS = "texts"
    PACKS = "packs"
    MAILBOX_CREATE = "mailbox.create"
    MAILBOX_RENAME = "mailbox.rename"
    MAILBOX_DELETE = "mailbox.delete"
    MAILBOX_SUBSCRIBE = "mailbox.subscribe"
    ENQUEUE = "enqueue"
    QUEUE_DEFER = "queue.defer"
    QUEUE_DONE = "queue.done"
    QUEUE_SCHEDULE = "queue.schedule"
    QUEUE_SETTLE = "queue.settle"
    VAULT_EXPIRE = "vault.expire"
    TIMES_MEND = "times.mend"
    FACTOR_ADD = "factor.add"
    FACTOR_USE = "factor.use"
    FACTOR_FAIL = "factor.fail"
    FACTOR_REMOVE = "factor.remove"
    FACTOR_RESET = "factor.reset"
    CODES_PUT = "codes.put"
    CODE_USE = "code.use"
    MFA_RULE = "mfa.rule"
    NOTICE_DONE = "notice.done"
    FENCE = "fence"


class DomainRow(NamedTuple):
    """A domain this server takes mail for."""

    domain: DomainId
    name: str
    created_at_ms: int


class AccountRow(NamedTuple):
    """An account with its counters; ``quota_bytes`` 0 is no limit."""

    account: AccountId
    address: str  # Address.key
    domain: DomainId
    status: AccountStatus
    created_at_ms: int
    quota_bytes: int
    used_bytes: int
    messages: int
    state: State
    is_admin: bool = False


class AddressRow(NamedTuple):
    """What an address leads to: an account of ours, or other addresses."""

    key: str
    kind: AddressKind
    account: AccountId | None
    targets: tuple[str, ...]


class DelegationKind(StrEnum):
    """What somebody may do in another one's name."""

    SEND_AS = "send_as"
    ON_BEHALF = "on_behalf"
    MAILBOX = "mailbox"


class AppPasswordRow(NamedTuple):
    """What is kept of an app password: neither it nor anything that it could be found from without the key ring."""

    account: AccountId
    number: int
    mac: bytes
    record: bytes  # sealed
    created_at_ms: int
    expires_at_ms: int  # 0: never
    used_at_ms: int  # 0: not yet
    used: bytes | None  # sealed


class CertificateRow(NamedTuple):
    """A certificate that an account may log in with."""

    account: AccountId
    fingerprint: bytes
    created_at_ms: int


class DelegationRow(NamedTuple):
    """``delegate`` acts for ``account``."""

    account: AccountId
    address: str
    delegate: AccountId
    delegate_address: str
    kind: DelegationKind
    mailbox: int  # 0: the whole account
    rights: str
    created_at_ms: int


class DkimKeyRow(NamedTuple):
    """A key that signs for a domain, or did; ``private_key`` is sealed."""

    domain: str  # Domain.name
    selector: str
    algorithm: str
    state: DkimState
    public_key: str  # p= of its record
    private_key: bytes | None
    created_at_ms: int
    changed_at_ms: int  # since when it is in its state

    def __repr__(self) -> str:
        return f"DkimKeyRow({self.domain}, {self.selector}, {self.state.value})"


class CredentialRow(NamedTuple):
    """A way to prove to be the account; ``verifier`` is never shown."""

    account: AccountId
    credential: int
    kind: str
    verifier: bytes
    created_at_ms: int

    def __repr__(self) -> str:
        return f"CredentialRow(account={self.account}, kind={self.kind!r})"


class MailboxRow(NamedTuple):
    """A mailbox and its counters; the name is sealed."""

    mailbox: MailboxId
    name: bytes
    role: Role | None
    uidvalidity: int
    uidnext: Uid
    modseq: State  # HIGHESTMODSEQ (RFC 7162 3.1.2.1)
    messages: int
    unseen: int
    bytes_: int
    is_subscribed: bool
    recent_uid: int = 0  # up to it some session was told of the messages (RFC 3501 2.3.2)


class KeywordRow(NamedTuple):
    """A keyword of an account: the bit it has in ``flags``, its sealed name."""

    bit: int
    name: bytes


class MessageRow(NamedTuple):
    """One message of a mailbox, without its content."""

    uid: Uid
    flags: int
    modseq: State
    size: int
    received_at_ms: int
    saved_at_ms: int
    email_id: EmailId
    thread_id: ThreadId


class ContentRow(NamedTuple):
    """What an EMAILID stands for in one account."""

    email_id: EmailId
    blob_id: BlobId
    wrapped_key: bytes
    prefix: bytes
    prefix_size: int
    summary: bytes
    digest: bytes


class VaultRow(NamedTuple):
    """A deleted message that can be taken back."""

    mailbox: MailboxId
    uid: Uid
    size: int
    received_at_ms: int
    deleted_at_ms: int
    email_id: EmailId


class BlobRow(NamedTuple):
    """A sealed message: its bytes, or None when they are the file ``blobs/ab/<id>``."""

    blob_id: BlobId
    size: int
    stored_size: int
    stored: bytes | None


class QueueRow(NamedTuple):
    """A recipient of a queued message that is due."""

    queue_id: QueueId
    recipient: int
    blob_id: BlobId
    size: int
    wrapped_key: bytes
    envelope: bytes  # sealed
    sealed_recipient: bytes
    due_at_ms: int
    attempts: int
    created_at_ms: int
    reason: str
    release_at_ms: int  # 0, or when its sender wanted it to go
    is_told: int  # as in sql.outbound.OutboundRow

    @property
    def since_ms(self) -> int:
        """Since when it is tried."""
        return max(self.created_at_ms, self.release_at_ms)


class JournalRow(NamedTuple):
    """One row of the journal."""

    commit_no: int
    number: int
    unit: bytes
    subject: int
    state: int
    at_ms: int
    op: str
    detail: bytes
    before: bytes | None
