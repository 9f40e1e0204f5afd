"""What an IMAP session needs from the rest of Skrytka: implemented by ``mail.identity`` and ``mail.mailbox``.

Errors are those of ``model.errors``: TransientError where waiting helps, PermanentError with NO_SUCH_MAILBOX,
BAD_CREDENTIALS, CORRUPT, OVER_QUOTA, NOT_PERMITTED; anything else is a bug and is answered ``NO [SERVERBUG]``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from skrytka.mail.mailbox.types import (
    Content,
    FlagChange,
    MailboxInfo,
    MailboxStatus,
    MessageRow,
    Snapshot,
)
from skrytka.model.address import Address
from skrytka.model.clock import Clock
from skrytka.model.events import Emitter
from skrytka.model.ids import AccountId, Uid
from skrytka.model.limits import ImapLimits
from skrytka.model.secret import Secret
from skrytka.net.facts import ConnFacts


class LoggedIn(Protocol):
    """Who it is (``mail.identity.Login``)."""

    @property
    def account(self) -> AccountId: ...

    @property
    def address(self) -> Address: ...


class Identity(Protocol):
    """Proof of who somebody is."""

    async def login(self, name: str, password: Secret, facts: ConnFacts, mechanism: str) -> LoggedIn:
        """Emits LoginSucceeded or LoginFailed itself.

        PermanentError(BAD_CREDENTIALS) alike for unknown, wrong and suspended; TransientError(RATE_LIMITED) before any
        hash.
        """
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

    async def rows(self, uids: Sequence[int], *, with_summary: bool) -> Sequence[MessageRow]:
        """Rows of those UIDs that still exist, ascending. Callers ask in batches of at most 256.

        A summary that cannot be opened is None and has been reported (MessageCorrupt).
        """
        ...

    async def content(self, uid: Uid) -> Content:
        """PermanentError(NO_SUCH_OBJECT) when it is gone, (CORRUPT), reported already, when it cannot be opened."""
        ...

    async def store_flags(self, uids: Sequence[int], change: FlagChange, flags: int, keywords: Sequence[str]) -> None:
        """Change flags in one commit; :meth:`snapshot` shows it afterwards. UIDs that are gone are passed over.

        ``flags`` are SystemFlag bits, ``keywords`` names; new ones are created, PermanentError(TOO_MANY) when there is
        no room for them.
        """
        ...

    async def expunge(self, uids: Sequence[int] | None) -> None:
        """Move to the vault what has the flag Deleted, of these UIDs or of all (None); one commit."""
        ...

    def close(self) -> None:
        """Let go of what the view holds; may be called twice."""
        ...


class Mailboxes(Protocol):
    """The mailboxes of all accounts."""

    async def names(self, account: AccountId) -> Sequence[MailboxInfo]:
        """All mailboxes and subscribed names, INBOX among them; levels that are no mailboxes (a of a/b) are not."""
        ...

    async def status(self, account: AccountId, name: str) -> tuple[MailboxInfo, MailboxStatus]:
        """PermanentError(NO_SUCH_MAILBOX)."""
        ...

    async def open(self, account: AccountId, name: str) -> View:
        """PermanentError(NO_SUCH_MAILBOX)."""
        ...

    def watch(self, account: AccountId, notify: Callable[[], None]) -> Callable[[], None]:
        """``notify()`` is called on the loop after every commit that touched the account; the result ends it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapDeps:
    """Everything :func:`skrytka.servers.imap.session.serve_imap` is given."""

    identity: Identity
    mailboxes: Mailboxes
    events: Emitter
    clock: Clock
    limits: ImapLimits
    hostname: str
    version: str = ""  # told by ID (RFC 2971 3.3) after login only; "" tells none
    is_tls_available: bool = True  # STARTTLS on a listener in clear text
    damaged: set[tuple[int, int, int]] = field(default_factory=set)  # (account, mailbox, uid) that did not open
