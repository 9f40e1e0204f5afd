"""What an IMAP session needs from the rest of Skrytka: implemented by ``mail.identity`` and ``mail.mailbox``.

Errors are those of ``model.errors``: TransientError where waiting helps, PermanentError with NO_SUCH_MAILBOX,
BAD_CREDENTIALS, CORRUPT, OVER_QUOTA, NOT_PERMITTED; anything else is a bug and is answered ``NO [SERVERBUG]``.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from skrytka.inspect.inspector import Inspector
from skrytka.mail.identity.login import Login
from skrytka.mail.mailbox.types import (
    Content,
    Copies,
    FlagChange,
    MailboxInfo,
    MailboxStatus,
    MessageRow,
    Rendering,
    Snapshot,
)
from skrytka.model.clock import Clock, Random
from skrytka.model.events import Emitter
from skrytka.model.ids import AccountId, MailboxId, Uid
from skrytka.model.limits import ImapLimits
from skrytka.model.settings import Login as LoginSettings
from skrytka.net.facts import ConnFacts
from skrytka.servers.sasl import Identity as SaslIdentity


class Identity(SaslIdentity, Protocol):
    """Proof of who somebody is."""

    async def is_still_valid(self, login: Login, facts: ConnFacts) -> bool:
        """Whether the session of this login may go on: not after a suspension, a new password or a removal."""
        ...


class Sessions(Protocol):
    """Who is told when the login of an open session may have ended (``mail.identity.open_sessions.OpenSessions``)."""

    def add(self, account: AccountId, wake: Callable[[], None]) -> Callable[[], None]:
        """``wake()`` is called then; the result takes it back."""
        ...


class View(Protocol):
    """One mailbox opened by one session; all methods may be called after the mailbox was deleted (NO_SUCH_MAILBOX)."""

    @property
    def info(self) -> MailboxInfo: ...

    @property
    def uid_validity(self) -> int: ...

    async def snapshot(self) -> Snapshot:
        """The mailbox now; the same object as long as nothing changed in it, shared between views.

        Must be cheap when nothing changed: it is asked for at every command and wake.
        """
        ...

    @property
    def recent_uid(self) -> int:
        """Up to this UID some session was told of the messages (RFC 3501 2.3.2)."""
        ...

    async def claim_recent(self, uid: int) -> int:
        """A session is told of all up to that UID: ``recent_uid`` as it was before, in whatever process.

        Waits for a commit, a second at most, where there is something to claim.
        """
        ...

    def claim_recent_soon(self, uid: int) -> int:
        """As :meth:`claim_recent`, at once: other processes hear of it a moment later."""
        ...

    async def rows(self, uids: Sequence[int], *, with_summary: bool) -> Sequence[MessageRow]:
        """Rows of those UIDs that still exist, ascending. Callers ask in batches of at most 256.

        A summary that cannot be opened is None and has been reported (MessageCorrupt).
        """
        ...

    async def rendered(
        self, uids: Sequence[int], rendering: Rendering, breathe: Callable[[], Awaitable[None]]
    ) -> Mapping[int, bytes]:
        """Of those UIDs that still exist, and perhaps of others; not to be changed, and not to be kept over a wait.

        Callers ask in batches of at most 256. What cannot be opened is left out and has been reported.
        """
        ...

    async def find_text(
        self, uids: Sequence[int], text: str, *, with_header: bool, breathe: Callable[[], Awaitable[None]]
    ) -> tuple[set[int], Sequence[int]]:
        """Those of ascending UIDs whose text has ``text``, folded alike, in it; and those that nobody could read.

        Damage has been reported. TransientError when a message has to be read and there is no inspector.
        """
        ...

    async def wholes(self, uids: Sequence[int]) -> Mapping[int, bytes]:
        """All octets of small messages at once; what is large, gone or damaged is left out: ask for it by itself."""
        ...

    async def content(self, uid: Uid) -> Content:
        """PermanentError(NO_SUCH_OBJECT) when it is gone, (CORRUPT), reported already, when it cannot be opened."""
        ...

    async def store_flags(
        self,
        uids: Sequence[int],
        change: FlagChange,
        flags: int,
        keywords: Sequence[str],
        unchanged_since: int | None = None,
    ) -> Sequence[int]:
        """Change flags in one commit; :meth:`snapshot` shows it afterwards. UIDs that are gone are passed over.

        With ``unchanged_since`` messages of a greater MODSEQ stay as they are; the answer is their UIDs.

        ``flags`` are SystemFlag bits, ``keywords`` names; new ones are created, PermanentError(TOO_MANY) when there is
        no room for them. In another's mailbox what takes a right that is not given is left out, NOT_PERMITTED when
        nothing is left.
        """
        ...

    async def expunge(self, uids: Sequence[int] | None) -> None:
        """Move to the vault what has the flag Deleted, of these UIDs or of all (None); many of them in pieces.

        PermanentError(NOT_PERMITTED) in another's mailbox.
        """
        ...

    async def copy(self, uids: Sequence[int], target: str, *, is_move: bool) -> Copies:
        """Copies of ascending UIDs in another mailbox; those that are gone are passed over.

        A copy happens whole or not at all. PermanentError: NO_SUCH_MAILBOX, OVER_QUOTA.
        """
        ...

    def close(self) -> None:
        """Let go of what the view holds; may be called twice."""
        ...


class Folders(Protocol):
    """Changes to the list of mailboxes. PermanentError(BAD_SYNTAX) for names that no mailbox can have."""

    async def create(self, account: AccountId, name: str, special_use: str = "") -> MailboxId:
        """PermanentError: ALREADY_EXISTS, TOO_MANY; UNSUPPORTED: the special use is unknown or taken."""
        ...

    async def delete(self, account: AccountId, name: str) -> None:
        """PermanentError: NO_SUCH_MAILBOX, NOT_PERMITTED (INBOX)."""
        ...

    async def rename(self, account: AccountId, name: str, new_name: str) -> None:
        """With all below it. PermanentError: NO_SUCH_MAILBOX, ALREADY_EXISTS."""
        ...

    async def subscribe(self, account: AccountId, name: str, *, is_wanted: bool) -> None:
        """PermanentError: TOO_MANY."""
        ...


class Appending(Protocol):
    """One message on its way into a mailbox."""

    async def write(self, data: bytes) -> None:
        """Octets of it; never raises for what the disk does: :meth:`finish` tells."""
        ...

    async def finish(self) -> tuple[int, int]:
        """UIDVALIDITY and UID, when it is on disk. PermanentError: NO_SUCH_MAILBOX, OVER_QUOTA, POISONED."""
        ...

    async def abort(self) -> None:
        """Leave nothing behind but what is in the mailbox; may be called at any time, and twice."""
        ...


class Appends(Protocol):
    """Messages put into mailboxes by their owners, and by those with whom they are shared."""

    async def begin(
        self, account: AccountId, name: str, flags: int, keywords: Sequence[str], received_at_ms: int | None
    ) -> Appending:
        """A place for the octets; ``abort`` it. PermanentError: NO_SUCH_MAILBOX, TOO_MANY (keywords), NOT_PERMITTED."""
        ...

    async def copy(self, account: AccountId, view: View, uids: Sequence[int], name: str, *, is_move: bool) -> Copies:
        """As ``View.copy`` where one of the mailboxes is another's; also PermanentError(NOT_PERMITTED), (TOO_MANY)."""
        ...


class Mailboxes(Protocol):
    """The mailboxes of all accounts."""

    @property
    def folders(self) -> Folders: ...

    async def are_shared(self, account: AccountId) -> bool:
        """Whether there are mailboxes of others that the account may use."""
        ...

    async def names(self, account: AccountId) -> Sequence[MailboxInfo]:
        """All mailboxes and subscribed names, INBOX among them; levels that are no mailboxes (a of a/b) are not."""
        ...

    async def status(self, account: AccountId, name: str) -> tuple[MailboxInfo, MailboxStatus]:
        """PermanentError: NO_SUCH_MAILBOX, NOT_PERMITTED (it is another's)."""
        ...

    async def open(self, account: AccountId, name: str) -> View:
        """PermanentError: NO_SUCH_MAILBOX, NOT_PERMITTED (it is another's). As gone when it is shared no more."""
        ...

    def watch(self, account: AccountId, notify: Callable[[], None]) -> Callable[[], None]:
        """``notify()`` is called on the loop after every commit that touched the account; the result ends it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapDeps:
    """Everything :func:`skrytka.servers.imap.session.serve_imap` is given."""

    identity: Identity
    sessions: Sessions
    random: Random
    mailboxes: Mailboxes
    appends: Appends
    inspector: Inspector
    events: Emitter
    clock: Clock
    limits: ImapLimits
    hostname: str
    login: LoginSettings = field(default_factory=LoginSettings)
    version: str = ""  # told by ID (RFC 2971 3.3) after login only; "" tells none
    is_tls_available: bool = True  # STARTTLS on a listener in clear text
    damaged: set[tuple[int, int, int]] = field(default_factory=set)  # (account, mailbox, uid) that did not open
