"""Events about what administrators do."""

from skrytka.model.events.base import Event, EventClass


class AdminEvent(Event, frozen=True, kw_only=True):
    """An administrator changed something."""

    CLASS = EventClass.ADMIN


class DirectoryChanged(AdminEvent, frozen=True, kw_only=True):
    """A domain, account, alias or credential was added, changed or removed."""

    PERSONAL = frozenset({"object", "actor"})
    ADDRESSES = frozenset({"object"})
    actor: str  # "local root", "local uid 1000"
    action: str  # account.add, account.password, alias.remove ...
    object: str


class DirectorySynced(AdminEvent, frozen=True, kw_only=True):
    """Accounts were brought into line with the outside directory, and something was different."""

    PERSONAL = frozenset({"actor"})
    actor: str  # who asked, or "timer"
    added: int
    suspended: int
    renamed: int  # entries with another DN
    roles: int  # given or taken


class CommandDone(AdminEvent, frozen=True, kw_only=True):
    """A command that changes something was carried out."""

    PERSONAL = frozenset({"actor", "object", "before", "after"})
    ADDRESSES = frozenset({"object"})
    actor: str
    action: str  # the command
    object: str  # the account or domain that it touched; "" for the server
    before: str  # JSON, "" where there is nothing to tell; no secret
    after: str


class DkimKeyChanged(AdminEvent, frozen=True, kw_only=True):
    """A key that signs for a domain was made, came into another state, or is gone."""

    PERSONAL = frozenset({"actor"})
    actor: str  # who asked, or "timer"
    domain: str
    selector: str
    algorithm: str  # rsa-sha256, ed25519-sha256
    was: str  # "" for a new one; else new, waiting, active, retired, revoked
    state: str  # as was; gone


class QueueChanged(AdminEvent, frozen=True, kw_only=True):
    """An administrator held, released, retried or removed queued mail."""

    PERSONAL = frozenset({"actor"})
    actor: str
    action: str  # queue.hold, queue.release, queue.retry, queue.remove
    queue_id: str
    count: int  # recipients concerned


class ScheduledMailHeld(AdminEvent, frozen=True, kw_only=True):
    """What an account has scheduled was held, for it was suspended or removed; or goes on, for it was resumed."""

    PERSONAL = frozenset({"actor", "account_name"})
    ADDRESSES = frozenset({"account_name"})
    actor: str
    account: int
    account_name: str
    reason: str  # account_suspended, account_removed; "" when it goes on
    count: int  # recipients concerned


class EventsRetired(AdminEvent, frozen=True, kw_only=True):
    """Files of the event log were removed, since they had had their time."""

    files: tuple[str, ...]  # DAY/CLASS
    number: int  # of the checkpoint that signed them away


class RecoveryKeyConfirmed(AdminEvent, frozen=True, kw_only=True):
    """The administrator showed that he holds the recovery key."""

    actor: str


class MasterKeyRestored(AdminEvent, frozen=True, kw_only=True):
    """The recovery key opened the key ring, and its keys are wrapped by a new master key."""

    actor: str
    keys: int
    damaged: tuple[str, ...] = ()  # entries that did not open: what they sealed is lost


class ApprovalChanged(AdminEvent, frozen=True, kw_only=True):
    """Something that takes two was asked for, decided, done or, since nothing came of it, given back."""

    PERSONAL = frozenset({"actor", "object", "reason"})
    ADDRESSES = frozenset({"object"})
    actor: str
    action: str  # ask, approve, refuse, use, give_back
    approval: str  # its id
    command: str
    object: str  # the account or domain that the command is about; "" for the server
    reason: str  # of who asked or decided


class AppPasswordChanged(AdminEvent, frozen=True, kw_only=True):
    """An app password was made or taken away."""

    PERSONAL = frozenset({"actor", "object"})
    ADDRESSES = frozenset({"object"})
    actor: str
    action: str  # app_password.add, app_password.remove
    object: str  # the account's address
    number: int  # 0: all that it had
    services: tuple[str, ...] = ()
    expires_at_ms: int = 0


class ClientCertificateChanged(AdminEvent, frozen=True, kw_only=True):
    """A certificate opens an account from now on, or does no more."""

    PERSONAL = frozenset({"actor", "object"})
    ADDRESSES = frozenset({"object"})
    actor: str
    object: str
    fingerprint: str
    is_added: bool


class MachineChanged(AdminEvent, frozen=True, kw_only=True):
    """A machine got its first certificate of our own authority or another one, or was put out with all it has."""

    PERSONAL = frozenset({"actor"})
    actor: str  # who invited it, "machine" for what it renews itself, who put it out
    action: str  # enrolled, renewed, revoked
    account: int  # who answers for it; 0: a server
    machine: str
    purpose: str  # remote, node, standby
    serial: str  # of the certificate; "" of none
    expires_at_ms: int


class AccountControlled(AdminEvent, frozen=True, kw_only=True):
    """What an account may do was changed: services, networks, hours, senders, limits; what is free is not told."""

    PERSONAL = frozenset({"actor", "object", "before", "after"})
    ADDRESSES = frozenset({"object"})
    actor: str
    object: str
    before: tuple[str, ...]  # "services=smtp", ...
    after: tuple[str, ...]


class DelegationChanged(AdminEvent, frozen=True, kw_only=True):
    """Somebody may write as, or on behalf of, somebody else, or use a mailbox of his, or may no more."""

    PERSONAL = frozenset({"actor", "object", "delegate"})
    ADDRESSES = frozenset({"object", "delegate"})
    actor: str
    object: str  # in whose name, or whose mailbox
    delegate: str
    right: str  # send_as, on_behalf, mailbox
    is_given: bool
    mailbox: int = 0  # of the one whose it is; 0: all of them
    rights: str = ""  # on it, of RFC 4314
