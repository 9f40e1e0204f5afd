"""The session of ports 465 and 587: mail that people of this server send (RFC 6409, RFC 8314 3.3).

A login under TLS comes first. The reverse path, and the addresses of From and Sender, have to be the account's own.
Recipients of this server are delivered as mail from outside is; those of others go to the queue in the same commit. A
message that leaves does not say from which address and machine it was sent.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import msgspec

from skrytka.inspect.wire import INLINE_MAX_BYTES
from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.mail.delivery.message import IncomingMessage, verdict_of
from skrytka.mail.delivery.types import Outgoing, Transaction
from skrytka.mail.identity.attacks.devices import of_hello
from skrytka.mail.identity.login import Login
from skrytka.model import reply as replies
from skrytka.model.address import Address, AddressError
from skrytka.model.engine import Woken
from skrytka.model.envelope import DeliverBy, Hold, Recipient
from skrytka.model.errors import Reason, ReasonedError, RemoteProtocolError
from skrytka.model.events import SendingLimited
from skrytka.model.limits import DELIVER_BY_MIN_S
from skrytka.model.reply import Reply
from skrytka.model.verdict import Action, Verdict
from skrytka.net.connection import Connection
from skrytka.protocol.sasl.base64 import encode
from skrytka.protocol.sasl.exchange import Ask
from skrytka.protocol.smtp import events
from skrytka.protocol.smtp.extensions import Extensions, FutureRelease
from skrytka.servers.sasl import CancelledExchangeError, SaslSession, UnknownMechanismError
from skrytka.servers.smtp_session import Mail, SmtpSession
from skrytka.servers.submission_deps import SubmissionDeps

FAILED_LOGINS_MAX: Final = 3
OWN_FIELDS_MAX: Final = 10  # From and Sender; RFC 5322 3.6 allows one of each
HOUR_S: Final = 3600.0
DAY_S: Final = 24 * HOUR_S
LEASES: Final = 50  # of a limit: a front counts so much at once, and it is exact to as much for each front
_RECIPIENT_LIMITS: Final = (
    ("recipients_per_hour", HOUR_S, "recipients an hour"),
    ("recipients_per_day", DAY_S, "recipients a day"),
)
_FAILURES: Final = frozenset({Reason.BAD_CREDENTIALS, Reason.NOT_PERMITTED, Reason.RATE_LIMITED})
_OWN_FIELDS: Final = (b"from", b"sender")  # RFC 6409 8.1
_FROM_MISSING: Final = Verdict(Action.REJECT, replies.FROM_MISSING, Reason.BAD_SYNTAX)
_FROM_REFUSED: Final = Verdict(Action.REJECT, replies.FROM_NOT_YOURS, Reason.NOT_PERMITTED)


async def serve_submission(conn: Connection, deps: SubmissionDeps) -> None:
    """One session, from the greeting to its end; the listener closes the connection."""
    session = SubmissionSession(conn, deps)
    try:
        await session.run()
    finally:
        session.forget()
        await session.abandon()


class SubmissionSession(SmtpSession):
    """What submission decides for itself."""

    def __init__(self, conn: Connection, deps: SubmissionDeps) -> None:
        self._sasl = SaslSession(conn, deps.identity, deps.login, deps.random)
        extensions = Extensions(
            is_starttls=conn.can_start_tls,
            is_dsn=True,
            mechanisms=self._sasl.announced,
            is_auth_required=True,
            future_release=_future_release(deps),
            deliver_by_min_s=DELIVER_BY_MIN_S,
            is_priority=True,
        )
        super().__init__(conn, deps, extensions)
        self._submission = deps
        self._login: Login | None = None
        self._forget: Callable[[], None] | None = None
        self._failed_logins = 0
        self._limits_told: set[str] = set()

    async def on_start_tls(self, event: events.StartTls) -> bool:
        """With TLS there may be a certificate of the client's."""
        goes_on = await super().on_start_tls(event)
        self._engine.offer(self._sasl.announced)
        return goes_on

    async def on_hello(self, event: events.Hello) -> bool:
        """Its name is part of what a device is known by."""
        self._conn.facts = msgspec.structs.replace(self._conn.facts, program=of_hello(str(event.name)))
        return await super().on_hello(event)

    async def on_authenticate(self, event: events.Authenticate) -> bool:
        """RFC 4954 4."""
        return await self._authenticate(self._sasl.begin(event.mechanism, event.initial))

    async def on_auth_response(self, event: events.AuthResponse) -> bool:
        return await self._authenticate(self._sasl.respond(event.message))

    async def _authenticate(self, step: Awaitable[Ask | Login]) -> bool:
        """A challenge, 235, or why not; after three refusals the connection ends."""
        try:
            found = await step
        except UnknownMechanismError:
            return await self._say(replies.MECHANISM_UNKNOWN)
        except CancelledExchangeError:
            return await self._say(replies.AUTH_CANCELLED)
        except RemoteProtocolError:
            return await self._say(replies.AUTH_SYNTAX)
        except ReasonedError as error:
            self._failed_logins += error.reason in _FAILURES
            if self._failed_logins >= FAILED_LOGINS_MAX:
                await self._end(replies.TOO_MANY_ERRORS, "error")
                return False
            return await self._say(_login_reply(error))
        except Exception as error:  # noqa: BLE001 - a bug is answered 454 (conventions C6)
            self._bug(error, self._conn.facts.trace)
            return await self._say(replies.AUTH_UNAVAILABLE)
        if isinstance(found, Ask):
            return await self._say(replies.AUTH_CONTINUE.with_text(encode(found.message).decode("ascii")))
        self._begin_login(found)
        return await self._say(replies.AUTH_OK)

    def _begin_login(self, login: Login) -> None:
        self._login = login
        self._forget = self._submission.sessions.add(login.account, self._conn.wake)
        self._conn.ends_at_s = min(self._conn.ends_at_s, login.ends_at_s(self._deps.clock))

    async def on_woken(self, event: Woken) -> bool:
        """Perhaps the login has ended: then the session does, whatever it is about (RFC 5321 3.8)."""
        if self._login is not None and not await self._submission.identity.is_still_valid(
            self._login, self._conn.facts
        ):
            await self._end(replies.LOGIN_REVOKED, "refused")
            return False
        return await super().on_woken(event)

    def forget(self) -> None:
        """Nobody wakes this session any more."""
        if self._forget is not None:
            self._forget()

    async def may_send(self, start: events.MailFrom) -> tuple[Reply, Reason | None]:
        """Nobody sends as somebody else; the null reverse path is anybody's (RFC 3798 2: MDNs have it)."""
        if not await self._submission.identity.is_still_valid(self._who, self._conn.facts):
            return replies.LOGIN_REVOKED, Reason.NOT_PERMITTED
        address = start.reverse_path.address
        if address is not None and not await self._submission.rights.may_send_as(self._who, address):
            return replies.SENDER_NOT_YOURS, Reason.NOT_PERMITTED
        if start.hold is not None and (refusal := await self._held_back(start, start.hold)) is not None:
            return refusal
        most = await self._most("messages_per_hour")
        if await self._is_too_much("messages_per_hour", most, HOUR_S):
            return _limit_reply(most, "messages an hour"), Reason.RATE_LIMITED
        return self._sender_ok(start.priority), None

    def _sender_ok(self, priority: int | None) -> Reply:
        """With the priority that was granted (RFC 6710 4.1)."""
        if priority is None:
            return replies.SENDER_OK
        most = self._priority_max
        if priority > most:
            return replies.PRIORITY_CHANGED.with_text(f"{most} is the new priority assigned to the message")
        return replies.SENDER_OK.with_text(f"Sender OK, priority {priority}")

    @property
    def _priority_max(self) -> int:
        """What the account may claim."""
        settings, own = self._submission.settings, str(self._who.address).lower()
        named = (right.max for right in settings.priority_rights if right.address.lower() == own)
        return next(named, settings.priority_max)

    async def _held_back(self, start: events.MailFrom, hold: Hold) -> tuple[Reply, Reason | None] | None:
        """RFC 4865 4.2, 5.2 and 6: a time to come, not after that for delivery; no more than an account's share."""
        now_ms, most = self._deps.clock.now_ms(), self._submission.settings.future_release_messages
        by, release_at_ms = DeliverBy.of(start.by, now_ms), hold.release_at_ms(now_ms)
        if release_at_ms <= now_ms or (by is not None and by.at_ms < release_at_ms):
            return replies.BAD_SYNTAX, Reason.BAD_SYNTAX
        if most and await self._submission.waiting.count(self._who.account) >= most:
            return replies.TOO_MANY_HELD.with_text(
                f"Your limit of {most} messages that wait is reached"
            ), Reason.TOO_MANY
        return None

    async def may_receive(self, mail: Mail, recipient: Recipient) -> tuple[Reply, Reason | None]:
        """Anybody in the world, so many an hour and a day."""
        for limit, window_s, what in _RECIPIENT_LIMITS:
            most = await self._most(limit)
            if await self._is_too_much(limit, most, window_s):
                return _limit_reply(most, what), Reason.RATE_LIMITED
        reply, reason = await super().may_receive(mail, recipient)
        if reason is not Reason.RELAY_DENIED:
            return reply, reason
        if recipient.address.domain.is_literal:
            return replies.RELAY_DENIED, Reason.RELAY_DENIED
        if "." not in recipient.address.domain.name:
            return replies.DOMAIN_NOT_QUALIFIED, Reason.NO_SUCH_DOMAIN
        mail.outside.append(recipient)
        return replies.RECIPIENT_OK, None

    async def _most(self, limit: str) -> int:
        """What the account's own control says, else the settings."""
        controls = await self._submission.identity.controls(self._who)
        own: int | None = getattr(controls, limit) if controls is not None else None
        most: int = getattr(self._submission.settings, limit)
        return most if own is None else own

    async def _is_too_much(self, limit: str, most: int, window_s: float) -> bool:
        """Counted in the supervisor, so over all fronts; whoever passes a limit is told of in an event, once."""
        if not most or self._conn.facts.is_exempt:
            return False
        key = str(self._who.account)
        rule, lease = f"submission-{limit}", max(1, most // LEASES)
        if await self._submission.sending.spend(rule, key, limit=most, window_s=window_s, lease=lease):
            return False
        if limit not in self._limits_told:
            self._limits_told.add(limit)
            self._deps.events.emit(
                SendingLimited(
                    account=self._who.account,
                    account_name=str(self._who.address),
                    remote=self._conn.facts.remote,
                    limit=limit,
                    most=most,
                )
            )
        return True

    def begin(self) -> IncomingMessage:
        return self._deps.delivery.begin_submission(is_leaving=self._current().is_leaving)

    async def deliver(self, mail: Mail, message: IncomingMessage) -> Verdict:
        """Whoever was locked out since MAIL sends nothing more."""
        if not await self._submission.identity.is_still_valid(self._who, self._conn.facts):
            revoked = Verdict(Action.REJECT, replies.LOGIN_REVOKED, Reason.NOT_PERMITTED)
            self._emit_refused(mail, revoked.reply, Reason.NOT_PERMITTED.value)
            return revoked
        outgoing = None
        if mail.outside:
            outgoing = Outgoing(
                account=self._who.account,
                recipients=tuple(mail.outside),
                body_type=mail.start.body_type,
            )
        check = self._check if self._submission.settings.is_from_checked else None
        return await self._deps.delivery.deliver(self.facts(mail), mail.recipients, message, outgoing, check)

    def facts(self, mail: Mail) -> Transaction:
        facts, most = super().facts(mail), self._priority_max
        return msgspec.structs.replace(
            facts,
            service="submission",
            is_submission=True,
            is_author_checked=self._submission.settings.is_from_checked,
            is_proven=True,
            account=self._who.account,
            priority=None if facts.priority is None else min(facts.priority, most),
            priority_max=most,
        )

    async def _check(self, header: HeaderScan) -> Verdict | None:
        """From and Sender are the account's; a message without From is somebody's mistake (RFC 5322 3.6).

        With a Sender of its own From may be somebody's who lets the account write on his behalf.
        """
        if header.first(b"from") is None:
            return _FROM_MISSING
        fields = [(name, raw[raw.index(b":") + 1 :]) for name, raw in header.fields if name in _OWN_FIELDS]
        if len(fields) > OWN_FIELDS_MAX:
            return _FROM_REFUSED
        has_sender = any(name == b"sender" for name, _ in fields)
        try:
            for name, value in fields:
                if not await self._is_allowed(value, is_on_behalf=has_sender and name == b"from"):
                    return _FROM_REFUSED
        except ReasonedError as exc:  # nobody could read it, or look it up
            return verdict_of(exc)
        return None

    async def _is_allowed(self, value: bytes, *, is_on_behalf: bool) -> bool:
        rights = self._submission.rights
        may = rights.may_send_on_behalf if is_on_behalf else rights.may_send_as
        prove = partial(self._are_own, may=may)
        return await rights.are_proven(self._who, value, prove, is_on_behalf=is_on_behalf)

    async def _are_own(self, value: bytes, may: Callable[[Login, Address], Awaitable[bool]]) -> bool:
        """Whether all addresses of a field are the account's to use; one that cannot be read is not.

        An inspector takes the field apart. PermanentError(POISONED), TransientError(INSPECTOR_DOWN).
        """
        found = await self._submission.inspector.mailboxes(value) if len(value) <= INLINE_MAX_BYTES else None
        for each in found or ():
            try:
                address = Address.parse(f"{each.local.decode()}@{each.domain.decode()}")
            except (AddressError, UnicodeDecodeError):
                return False
            if not await may(self._who, address):
                return False
        return bool(found)

    @property
    def _who(self) -> Login:
        """The engine lets no MAIL through without a login."""
        if self._login is None:
            raise AssertionError("no login")
        return self._login


def _future_release(deps: SubmissionDeps) -> FutureRelease | None:
    """RFC 4865 3. To the second; a session that lasts keeps what it was told."""
    most_s = deps.settings.future_release_s
    return FutureRelease(most_s, deps.clock.now_ms() + most_s * 1000) if most_s else None


def _login_reply(error: ReasonedError) -> Reply:
    if error.reason in {Reason.BAD_CREDENTIALS, Reason.NOT_PERMITTED}:
        return replies.AUTH_FAILED
    return replies.AUTH_RATE_LIMITED if error.reason is Reason.RATE_LIMITED else replies.AUTH_UNAVAILABLE


def _limit_reply(most: int, what: str) -> Reply:
    return replies.SENDING_LIMIT.with_text(f"Your limit of {most} {what} is reached, try again later")
