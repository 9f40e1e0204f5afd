"""Everything that can happen and is recorded: one frozen class each, described in docs/events.md.

An event has a header (kept, chained) and a personal part (erasable): the fields named in ``PERSONAL``. No secret and no
mail text ever stands in an event. ``RESERVED`` names belong to the line that an event is written in.
"""

from enum import StrEnum
from typing import ClassVar, Protocol

import msgspec

from skrytka.model.ids import TraceId

RESERVED = frozenset({"v", "at", "chain", "seq", "kind", "ph", "prev"})


class EventClass(StrEnum):
    """Files are split by it, since their retention differs."""

    AUTH = "auth"
    ADMIN = "admin"
    MAIL = "mail"
    SYSTEM = "system"


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all events; the time, process and sequence number are added by the writer."""

    CLASS: ClassVar[EventClass]
    PERSONAL: ClassVar[frozenset[str]] = frozenset()  # fields of the personal part
    ADDRESSES: ClassVar[frozenset[str]] = frozenset()  # fields (str or tuple of str) by which `trace` finds it

    trace: TraceId | None = None


class Emitter(Protocol):
    """Where events go; never blocks, never raises for a full disk (that is a fault event of its own)."""

    def emit(self, event: Event) -> None:
        """Record it; on disk within 100 ms."""
        ...


# -- mail ---------------------------------------------------------------------------------------------------------


class MailEvent(Event, frozen=True, kw_only=True):
    """Something happened to a message or an SMTP session."""

    CLASS = EventClass.MAIL


class SessionOpened(MailEvent, frozen=True, kw_only=True):
    """A peer connected."""

    PERSONAL = frozenset({"remote"})
    service: str
    remote: str
    local_port: int


class SessionClosed(MailEvent, frozen=True, kw_only=True):
    """A session ended; how and after what."""

    service: str
    cause: str  # quit, eof, timeout, error, refused, drain
    messages: int = 0
    errors: int = 0
    tls: str = ""  # "TLSv1.3 TLS_AES_256_GCM_SHA384", "" in clear


class RecipientRefused(MailEvent, frozen=True, kw_only=True):
    """RCPT TO got a 4xx or 5xx."""

    PERSONAL = frozenset({"remote", "reverse_path", "recipient"})
    ADDRESSES = frozenset({"reverse_path", "recipient"})
    remote: str
    reverse_path: str
    recipient: str
    reason: str
    code: int


class CommandRefused(MailEvent, frozen=True, kw_only=True):
    """An SMTP command got a 5xx for its form or order: no address stands in it."""

    PERSONAL = frozenset({"remote"})
    remote: str
    code: int
    enhanced: str


class MessageRefused(MailEvent, frozen=True, kw_only=True):
    """The transaction ended with 4xx or 5xx after its recipients had been accepted."""

    PERSONAL = frozenset({"remote", "reverse_path", "recipients"})
    ADDRESSES = frozenset({"reverse_path", "recipients"})
    remote: str
    reverse_path: str
    recipients: tuple[str, ...]
    reason: str
    code: int
    detail: str = ""


class SendingLimited(MailEvent, frozen=True, kw_only=True):
    """An account that sends has passed a limit; once a session and limit."""

    PERSONAL = frozenset({"account_name", "remote"})
    ADDRESSES = frozenset({"account_name"})
    account: int
    account_name: str
    remote: str
    limit: str  # the setting: messages_per_hour...
    most: int


class MessageReceived(MailEvent, frozen=True, kw_only=True):
    """A message was accepted with 250."""

    PERSONAL = frozenset({"remote", "helo", "reverse_path", "recipients"})
    ADDRESSES = frozenset({"reverse_path", "recipients"})
    remote: str
    helo: str
    reverse_path: str
    recipients: tuple[str, ...]
    size_bytes: int
    tls: str = ""
    protocol: str = "ESMTP"
    duration_ms: int = 0


class MessageDelivered(MailEvent, frozen=True, kw_only=True):
    """A message is in a mailbox, on disk."""

    PERSONAL = frozenset({"recipient"})
    ADDRESSES = frozenset({"recipient"})
    recipient: str
    account: int
    mailbox: int
    uid: int
    emailid: str
    via: str = "direct"  # direct or queue


class MessageQuarantined(MailEvent, frozen=True, kw_only=True):
    """A message that could not be taken apart is in a mailbox that no client sees, on disk; its sender heard 250."""

    PERSONAL = frozenset({"recipient"})
    ADDRESSES = frozenset({"recipient"})
    recipient: str
    account: int
    mailbox: int
    uid: int
    emailid: str
    reason: str  # poisoned
    detail: str = ""


class MessageQueued(MailEvent, frozen=True, kw_only=True):
    """A message waits in this node's queue."""

    PERSONAL = frozenset({"recipients"})
    ADDRESSES = frozenset({"recipients"})
    recipients: tuple[str, ...]
    reason: str


class DeliveryDeferred(MailEvent, frozen=True, kw_only=True):
    """A queued delivery failed for now; ``detail`` is what the other server said, or our words for why it could not."""

    PERSONAL = frozenset({"recipient", "detail"})  # servers quote the address they refuse
    ADDRESSES = frozenset({"recipient"})
    recipient: str
    reason: str
    attempts: int
    host: str = ""
    detail: str = ""


class MessageRelayed(MailEvent, frozen=True, kw_only=True):
    """Another server has taken the message for a recipient."""

    PERSONAL = frozenset({"recipient"})
    ADDRESSES = frozenset({"recipient"})
    recipient: str
    host: str
    status: str
    tls: str = ""
    attempts: int = 0


class DeliveryFailed(MailEvent, frozen=True, kw_only=True):
    """A recipient elsewhere was given up; ``is_reported`` says whether a DSN went to the reverse path."""

    PERSONAL = frozenset({"recipient", "detail"})
    ADDRESSES = frozenset({"recipient"})
    recipient: str
    status: str
    host: str
    is_reported: bool
    attempts: int = 0
    detail: str = ""


class ReportSent(MailEvent, frozen=True, kw_only=True):
    """A DSN was put into a mailbox or into the queue."""

    PERSONAL = frozenset({"recipient"})
    ADDRESSES = frozenset({"recipient"})
    recipient: str  # whom it tells
    about: str  # trace id of the message it is about
    actions: tuple[str, ...]  # failed, delayed, relayed, delivered, expanded


class MessageExpunged(MailEvent, frozen=True, kw_only=True):
    """Messages left a mailbox for the vault."""

    account: int
    mailbox: int
    count: int


class MessageAppended(MailEvent, frozen=True, kw_only=True):
    """A client put a message into a mailbox (IMAP APPEND)."""

    account: int
    mailbox: int
    uid: int
    emailid: str
    size_bytes: int


class MessagesCopied(MailEvent, frozen=True, kw_only=True):
    """A client copied or moved messages to another mailbox (IMAP COPY, MOVE)."""

    account: int
    mailbox: int  # from here
    target: int
    count: int
    is_move: bool = False


# -- auth ---------------------------------------------------------------------------------------------------------


class AuthEvent(Event, frozen=True, kw_only=True):
    """Somebody proved, or failed to prove, who he is."""

    CLASS = EventClass.AUTH


class LoginSucceeded(AuthEvent, frozen=True, kw_only=True):
    """A password was right."""

    PERSONAL = frozenset({"account_name", "remote"})
    ADDRESSES = frozenset({"account_name"})
    account: int
    account_name: str
    remote: str
    service: str
    mechanism: str


class LoginFailed(AuthEvent, frozen=True, kw_only=True):
    """A login was refused; the name of an unknown account is only a keyed hash."""

    PERSONAL = frozenset({"remote", "name"})
    ADDRESSES = frozenset({"name"})
    name: str  # the account's address, or "?" + keyed hash
    remote: str
    service: str
    mechanism: str
    reason: str


# -- admin --------------------------------------------------------------------------------------------------------


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


class QueueChanged(AdminEvent, frozen=True, kw_only=True):
    """An administrator held, released, retried or removed queued mail."""

    PERSONAL = frozenset({"actor"})
    actor: str
    action: str  # queue.hold, queue.release, queue.retry, queue.remove
    queue_id: str
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


# -- system -------------------------------------------------------------------------------------------------------


class SystemEvent(Event, frozen=True, kw_only=True):
    """The server itself."""

    CLASS = EventClass.SYSTEM


class ServerStarted(SystemEvent, frozen=True, kw_only=True):
    """All listeners are open."""

    version: str
    fronts: int


class ServerStopping(SystemEvent, frozen=True, kw_only=True):
    """Drain begins."""

    cause: str


class ChildEnded(SystemEvent, frozen=True, kw_only=True):
    """A child process ended without being asked."""

    process: str  # "front-0", "store"
    pid: int
    status: str  # "exit 1", "signal 9"


class SettingsReloaded(SystemEvent, frozen=True, kw_only=True):
    """SIGHUP was obeyed, or refused with the cause."""

    is_applied: bool
    detail: str = ""


class FaultRaised(SystemEvent, frozen=True, kw_only=True):
    """Something that Skrytka depends on failed; ``fault`` is an id of docs/faults.md."""

    fault: str
    detail: str = ""


class BugCaught(SystemEvent, frozen=True, kw_only=True):
    """An exception that nobody expected; ``where`` names our code, never the peer's data."""

    where: str
    error: str  # the class of the exception


class KeyRequested(SystemEvent, frozen=True, kw_only=True):
    """A process asked the key agent for an account key."""

    process: str  # "front-0", "store"
    account: int


class KeyAlarm(SystemEvent, frozen=True, kw_only=True):
    """Many distinct accounts' keys were asked for within a minute."""

    process: str  # "front-0", "store"
    accounts: int


class MessageCorrupt(SystemEvent, frozen=True, kw_only=True):
    """A stored message could not be opened; the rest is served."""

    account: int
    mailbox: int
    uid: int
    detail: str = ""


class ChainCheckpoint(SystemEvent, frozen=True, kw_only=True):
    """The heads of all event chains were signed."""

    number: int
