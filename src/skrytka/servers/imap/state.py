"""What one IMAP session remembers, and the few things that all its commands do."""

import asyncio
from collections.abc import Callable

from skrytka.mail.identity.login import Login
from skrytka.model.engine import DisconnectedError
from skrytka.model.errors import PermanentError, Reason, ReasonedError
from skrytka.model.events import MessageCorrupt
from skrytka.model.ids import AccountId
from skrytka.net.connection import Connection
from skrytka.protocol.imap.actions import Untagged
from skrytka.protocol.imap.server import ImapServer
from skrytka.servers.imap.capability import capabilities
from skrytka.servers.imap.deps import Appending, ImapDeps
from skrytka.servers.imap.selected import Selected
from skrytka.servers.sasl import LOGIN, SaslSession

VALID_S = 1.0  # so long at most a session outlives its account or password
UTF8_ACCEPT = "UTF8=ACCEPT"  # RFC 6855 3
DAMAGED_MAX = 10_000  # messages that are remembered as damaged; more than that is no matter of single messages


class NotSelectedError(Exception):
    """A handler ran without the state that it needs: a bug."""


class ImapSession:
    """State of one connection; handlers get it with their command and return the tagged answer."""

    __slots__ = (
        "appending",
        "conn",
        "deps",
        "enabled",
        "engine",
        "failed_logins",
        "forget_login",
        "has_condstore",
        "is_gone",
        "is_idle",
        "is_rev2",
        "login",
        "sasl",
        "selected",
        "stop_watching",
        "valid_until_s",
    )

    def __init__(self, conn: Connection, deps: ImapDeps) -> None:
        self.conn = conn
        self.deps = deps
        self.engine = ImapServer(deps.limits)
        self.login: Login | None = None
        self.sasl = SaslSession(conn, deps.identity, deps.login, deps.random)
        self.forget_login: Callable[[], None] | None = None
        self.selected: Selected | None = None
        self.appending: Appending | None = None
        self.is_gone = False  # the selected mailbox was deleted: the session ends behind the next answer
        self.enabled: set[str] = set()  # by ENABLE, in capitals
        self.is_rev2 = False  # after ENABLE IMAP4rev2
        self.has_condstore = False  # every FETCH response with flags has a MODSEQ (RFC 7162 3.1)
        self.is_idle = False
        self.failed_logins = 0
        self.valid_until_s = 0.0  # till then nobody asks again whether the login is valid
        self.stop_watching: Callable[[], None] | None = None

    @property
    def account(self) -> AccountId:
        if self.login is None:
            raise NotSelectedError
        return self.login.account

    @property
    def mailbox(self) -> Selected:
        if self.selected is None:
            raise NotSelectedError
        return self.selected

    def capabilities(self) -> bytes:
        return capabilities(
            is_logged_in=self.login is not None,
            is_tls=self.conn.tls is not None,
            can_start_tls=self.conn.can_start_tls and self.deps.is_tls_available,
            mechanisms=self.mechanisms,
        )

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """AUTH=LOGIN is left out: the command LOGIN is there for who has nothing else."""
        return tuple(name for name in self.sasl.announced if name != LOGIN)

    def begin_login(self, login: Login) -> None:
        """It is proven; from now on the session hears when that may have changed."""
        self.login = login
        self.forget_login = self.deps.sessions.add(login.account, self._doubt)
        self.conn.ends_at_s = min(self.conn.ends_at_s, login.ends_at_s(self.deps.clock))
        self.conn.deadline(self.deps.limits.after_login_s)

    def _doubt(self) -> None:
        self.valid_until_s = 0.0
        self.conn.wake()

    @property
    def is_utf8(self) -> bool:
        """Mailbox names are UTF-8: after ENABLE IMAP4rev2 or UTF8=ACCEPT."""
        return self.engine.is_utf8

    async def is_valid(self) -> bool:
        """Whether whoever logged in may still be here; asked once in ``VALID_S``."""
        now_s = self.deps.clock.monotonic_s()
        if self.login is None or now_s < self.valid_until_s:
            return True
        self.valid_until_s = now_s + VALID_S
        return await self.deps.identity.is_still_valid(self.login, self.conn.facts)

    async def enable_condstore(self) -> None:
        """The client has used or asked for CONDSTORE."""
        if self.has_condstore:
            return
        self.has_condstore = True
        if self.selected is not None:
            self.selected.with_modseq = True
            await self.write(b"* OK [HIGHESTMODSEQ %d] as of now\r\n" % self.selected.known.state)

    async def write(self, data: bytes) -> None:
        """Untagged response lines."""
        if data:
            await self.conn.send(self.engine.send(Untagged(data)))

    async def breathe(self) -> None:
        """Between two pieces of work of about a millisecond: others get their turn, and a lost client ends it."""
        if self.conn.is_lost:
            raise DisconnectedError
        await asyncio.sleep(0)

    async def tell_changes(self, *, may_expunge: bool) -> None:
        """Whatever happened in the selected mailbox, before the tagged answer."""
        if self.selected is None or self.is_gone:
            return
        try:
            lines = await self.selected.changes(may_expunge=may_expunge)
        except PermanentError as exc:
            if exc.reason is not Reason.NO_SUCH_MAILBOX:
                raise
            if self.is_rev2:
                await self._closed()
            else:  # rev1 has no other word for it
                self.is_gone = True
            return
        await self.write(b"".join(lines))

    async def close_if_gone(self) -> None:
        """After a DELETE of this session: who deletes what he has selected has nothing selected any more."""
        if self.selected is None:
            return
        try:
            await self.selected.view.snapshot()
        except PermanentError as exc:
            if exc.reason is not Reason.NO_SUCH_MAILBOX:
                raise
            await self._closed()

    async def _closed(self) -> None:
        """RFC 9051 3: an unsolicited CLOSED leads to authenticated state."""
        self.deselect()
        self.engine.mailbox_closed()
        await self.write(b"* OK [CLOSED] the selected mailbox was deleted\r\n")

    def report_corrupt(self, uid: int, exc: ReasonedError) -> None:
        """A message that cannot be opened: the rest is served (design section 12)."""
        info = self.mailbox.view.info
        if len(self.deps.damaged) >= DAMAGED_MAX:
            self.deps.damaged.clear()
        owner, mailbox = info.owner or self.account, info.mailbox or 0
        self.deps.damaged.add((owner, mailbox, uid))
        trace = self.conn.facts.trace
        self.deps.events.emit(MessageCorrupt(trace=trace, account=owner, mailbox=mailbox, uid=uid, detail=exc.detail))

    def is_damaged(self, uid: int) -> bool:
        """Whether octets of the message could not be had before, in any session of this process."""
        info = self.mailbox.view.info
        return (info.owner or self.account, info.mailbox or 0, uid) in self.deps.damaged

    def deselect(self) -> None:
        """Let go of the selected mailbox."""
        if self.selected is not None:
            self.selected.view.close()
            self.selected = None
            self.is_gone = False

    def watch(self) -> None:
        """Wake this session whenever its account changes (IDLE), or, with another's mailbox selected, that one.

        Then also when something about the other account changes: its mailbox may be shared no more.
        """
        if self.stop_watching is not None:
            return
        owner = self.selected.view.info.owner if self.selected is not None else None
        if owner is None:
            self.stop_watching = self.deps.mailboxes.watch(self.account, self.conn.wake)
            return
        stop_mail = self.deps.mailboxes.watch(owner, self.conn.wake)
        stop_rights = self.deps.sessions.add(owner, self.conn.wake)

        def stop() -> None:
            stop_mail()
            stop_rights()

        self.stop_watching = stop

    def unwatch(self) -> None:
        if self.stop_watching is not None:
            self.stop_watching()
            self.stop_watching = None

    def close(self) -> None:
        """The end of the session, whatever its cause; may be called twice."""
        if self.forget_login is not None:
            self.forget_login()
        self.unwatch()
        self.deselect()
