"""What the sessions of port 25 and of submission share: one transaction after the other, each decided at its end.

Every recipient is decided at RCPT, the message at its end; a 250 means that it is on disk, and its text ends with the
trace id. Errors (conventions C6): TransientError is answered 4xx, PermanentError 5xx, anything else 451 and recorded
as a bug of ours. What a service decides for itself are the methods that begin with ``may_``, and ``deliver``.
"""

from typing import Final

import msgspec

from skrytka.mail.delivery.message import IncomingMessage
from skrytka.mail.delivery.types import Resolution, Transaction
from skrytka.model import reply as replies
from skrytka.model.address import Domain
from skrytka.model.engine import TimedOut, Woken
from skrytka.model.envelope import DeliverBy, Recipient, TlsWish
from skrytka.model.errors import Reason, ReasonedError
from skrytka.model.events import CommandRefused, MessageRefused, RecipientRefused
from skrytka.model.ids import TraceId, new_id
from skrytka.model.reply import Reply
from skrytka.model.verdict import Verdict
from skrytka.net.bugs import bug_caught
from skrytka.net.connection import Connection
from skrytka.protocol.smtp import events
from skrytka.protocol.smtp.extensions import Extensions
from skrytka.protocol.smtp.received import with_protocol
from skrytka.protocol.smtp.server import SmtpServer
from skrytka.servers.mx_deps import SmtpDeps
from skrytka.servers.mx_replies import BUG, accepted, reason_of, refused, reply_to


class Mail:
    """The transaction that MAIL began."""

    __slots__ = ("began_at_ms", "message", "outside", "recipients", "start", "trace")

    def __init__(self, start: events.MailFrom, trace: TraceId, began_at_ms: int) -> None:
        self.start = start
        self.trace = trace
        self.began_at_ms = began_at_ms  # what MAIL says of time counts from then (RFC 4865 4.2, RFC 2852 4)
        self.recipients: list[Resolution] = []  # of this server
        self.outside: list[Recipient] = []  # of other servers
        self.message: IncomingMessage | None = None  # its octets so far

    @property
    def is_leaving(self) -> bool:
        """Whether there are recipients of other servers, by an alias too."""
        return bool(self.outside) or any(resolution.outside for resolution in self.recipients)

    @property
    def names(self) -> tuple[str, ...]:
        """The recipients, for events."""
        here = tuple(str(resolution.recipient) for resolution in self.recipients)
        return here + tuple(str(recipient.address) for recipient in self.outside)


class SmtpSession:
    """State of one session. A handler returns whether the session goes on."""

    def __init__(self, conn: Connection, deps: SmtpDeps, extensions: Extensions) -> None:
        self._conn = conn
        self._deps = deps
        self._engine = SmtpServer(deps.limits, deps.hostname, extensions, leniency=deps.leniency)
        if conn.tls is not None:
            self._engine.tls_implicit()
        self._hello: events.Hello | None = None
        self._mail: Mail | None = None
        conn.ends_at_s = deps.clock.monotonic_s() + deps.limits.session_s

    async def run(self) -> None:
        """Until the peer, a limit, the deadline or the drain ends it."""
        self._conn.deadline(self._deps.limits.command_s)
        await self._say(replies.GREETING.with_text(f"{self._deps.hostname} ESMTP"))
        async for event in self._conn.events(self._engine):
            if not await getattr(self, _HANDLERS[type(event)])(event):
                return
            if self._conn.is_draining and self._mail is None:
                await self._end(replies.SHUTTING_DOWN, "drain")
                return

    async def abandon(self) -> None:
        """Leave nothing of an unfinished message behind."""
        mail, self._mail = self._mail, None
        if mail is not None and mail.message is not None:
            await mail.message.abort()

    # -- the connection -------------------------------------------------------------------------------------------

    async def on_woken(self, _event: Woken) -> bool:
        """Drain: ``run`` looks after each event."""
        return True

    async def on_timed_out(self, _event: TimedOut) -> bool:
        """RFC 5321 4.5.3.2.7."""
        await self._end(replies.TIMEOUT, "timeout")
        return False

    async def on_eof(self, _event: events.Eof) -> bool:
        return False

    async def on_quit(self, event: events.Quit) -> bool:
        await self._end(event.reply, "quit")
        return False

    async def on_hello(self, event: events.Hello) -> bool:
        await self.abandon()
        self._hello = event
        return await self._say(event.reply)

    async def on_reset(self, event: events.Reset) -> bool:
        await self.abandon()
        return await self._say(event.reply)

    async def on_routine(self, event: events.Routine) -> bool:
        return await self._say(event.reply)

    async def on_authenticate(self, _event: events.Authenticate) -> bool:
        """A service that offers AUTH has its own."""
        return await self._say(replies.AUTH_FAILED)

    async def on_auth_response(self, _event: events.AuthResponse) -> bool:
        return await self._say(replies.AUTH_FAILED)

    async def on_fault(self, event: events.Fault) -> bool:
        if event.reply.code >= 500:
            trace = self._mail.trace if self._mail is not None else self._conn.facts.trace
            self._deps.events.emit(
                CommandRefused(
                    trace=trace, remote=self._conn.facts.remote, code=event.reply.code, enhanced=event.reply.enhanced
                )
            )
        if event.is_fatal:
            await self._end(event.reply, "error")
            return False
        return await self._say(event.reply)

    async def on_start_tls(self, _event: events.StartTls) -> bool:
        await self._say(replies.READY_FOR_TLS)
        self._engine.tls_started(await self._conn.upgrade_tls())
        self._hello = None  # RFC 3207 4.2
        self._conn.deadline(self._deps.limits.command_s)
        return True

    # -- the transaction ------------------------------------------------------------------------------------------

    async def on_mail(self, event: events.MailFrom) -> bool:
        await self.abandon()
        trace = TraceId(new_id(self._deps.clock, self._deps.random))
        reason: Reason | None
        try:
            reply, reason = await self.may_send(event)
        except ReasonedError as error:
            reply, reason = reply_to(error), error.reason
        except Exception as error:  # noqa: BLE001 - a bug is answered 451 (conventions C6)
            reply, reason = self._bug(error, trace), None
        if reply.is_positive:
            self._mail = Mail(event, trace, self._deps.clock.now_ms())
        else:
            self._refused_sender(event, reply, reason, trace)
        return await self._say(reply)

    def _refused_sender(self, event: events.MailFrom, reply: Reply, reason: Reason | None, trace: TraceId) -> None:
        self._deps.events.emit(
            MessageRefused(
                trace=trace,
                remote=self._conn.facts.remote,
                reverse_path=str(event.reverse_path),
                recipients=(),
                reason=reason.value if reason is not None else BUG,
                code=reply.code,
            )
        )

    async def on_rcpt(self, event: events.RcptTo) -> bool:
        mail = self._current()
        address = event.recipient.address
        try:
            reply, reason = await self.may_receive(mail, event.recipient)
        except ReasonedError as error:
            reply, reason = reply_to(error), error.reason
        except Exception as error:  # noqa: BLE001 - a bug is answered 451 (conventions C6)
            reply, reason = self._bug(error, mail.trace), None
        if not reply.is_positive:
            self._deps.events.emit(
                RecipientRefused(
                    trace=mail.trace,
                    remote=self._conn.facts.remote,
                    reverse_path=str(mail.start.reverse_path),
                    recipient=str(address),
                    reason=reason.value if reason is not None else BUG,
                    code=reply.code,
                )
            )
        return await self._say(reply)

    async def on_data_start(self, _event: events.DataStart) -> bool:
        self._begin(self._current())
        await self._say(replies.START_DATA)
        self._conn.deadline(self._deps.limits.data_s)
        return True

    async def on_body_chunk(self, event: events.BodyChunk) -> bool:
        mail = self._current()
        message = mail.message if mail.message is not None else self._begin(mail)
        self._conn.deadline(self._deps.limits.data_s)
        await message.write(event.data)
        return True

    async def on_body_dropped(self, _event: events.BodyDropped) -> bool:
        """Refused already, and still coming: what it held is given back at once."""
        if self._mail is not None and self._mail.message is not None:
            await self._mail.message.abort()
        self._conn.deadline(self._deps.limits.data_s)
        return True

    async def on_chunk_end(self, event: events.ChunkEnd) -> bool:
        """RFC 3030 2: each chunk has its reply, and a failed one ends the transaction."""
        mail = self._current()
        failure = mail.message.failure if mail.message is not None else None
        if event.refusal is not None:
            return await self._refuse(mail, event.refusal, reason_of(event.refusal))
        if failure is not None:
            return await self._refuse(mail, failure.reply, failure.reason, failure.detail)
        return await self._say(replies.CHUNK_OK)

    async def on_body_end(self, event: events.BodyEnd) -> bool:
        """The one decision about the message; after it there is no transaction."""
        mail = self._current()
        try:
            if event.refusal is not None:
                return await self._refuse(mail, event.refusal, reason_of(event.refusal))
            reply = await self._deliver(mail)
            self._conn.messages += reply.is_positive
            return await self._say(reply)
        finally:
            await self.abandon()

    async def _deliver(self, mail: Mail) -> Reply:
        """Within 60 s: a peer that waits longer gives up and sends the message again (design section 5)."""
        message = mail.message if mail.message is not None else self._begin(mail)
        try:
            with self._conn.time_limit(self._deps.limits.reply_s):
                verdict = await self.deliver(mail, message)
        except TimeoutError:
            self._emit_refused(mail, replies.LOCAL_ERROR, Reason.TIMEOUT.value, "no decision in time")
            return refused(replies.LOCAL_ERROR, mail.trace)
        except ReasonedError as error:
            self._emit_refused(mail, reply_to(error), error.reason.value, error.detail)
            return refused(reply_to(error), mail.trace)
        except Exception as error:  # noqa: BLE001 - a bug is answered 451 (conventions C6)
            self._emit_refused(mail, replies.LOCAL_ERROR, BUG)
            return refused(self._bug(error, mail.trace), mail.trace)
        return (accepted if verdict.reply.is_positive else refused)(verdict.reply, mail.trace)

    # -- what a service decides -----------------------------------------------------------------------------------

    async def may_send(self, _start: events.MailFrom) -> tuple[Reply, Reason | None]:
        """The reply to MAIL."""
        return replies.SENDER_OK, None

    async def may_receive(self, mail: Mail, recipient: Recipient) -> tuple[Reply, Reason | None]:
        """The reply to RCPT; an accepted one is kept in ``mail``."""
        resolution = await self._deps.recipients.resolve(recipient.address, size_bytes=mail.start.declared_bytes)
        if resolution.is_return and not mail.start.reverse_path.is_null:
            return replies.REPORTS_ONLY, Reason.NOT_PERMITTED
        if resolution.is_accepted:
            mail.recipients.append(msgspec.structs.replace(resolution, asked=recipient))
        return resolution.verdict.reply, resolution.verdict.reason

    async def deliver(self, mail: Mail, message: IncomingMessage) -> Verdict:
        """The decision about the message, and its delivery."""
        return await self._deps.delivery.deliver(self.facts(mail), mail.recipients, message)

    def begin(self) -> IncomingMessage:
        """A place for a message's octets."""
        return self._deps.delivery.begin(is_leaving=self._current().is_leaving)

    def facts(self, mail: Mail) -> Transaction:
        """What stands in Received and in events."""
        tls, hello, start = self._conn.tls, self._hello, mail.start
        return Transaction(
            trace=mail.trace,
            received_at_ms=self._deps.clock.now_ms(),
            reverse_path=start.reverse_path,
            remote=self._conn.facts.remote,
            helo=hello.name if hello is not None else Domain.parse(self._deps.hostname),
            protocol=with_protocol(
                is_extended=hello is not None and hello.is_extended,
                is_tls=tls is not None,
                is_smtputf8=start.is_smtputf8,
                is_authenticated=self._engine.is_authenticated,
            ),
            tls=str(tls) if tls is not None else "",
            is_smtputf8=start.is_smtputf8,
            body_type=start.body_type,
            ret=start.ret,
            envid=start.envid,
            deliver_by=DeliverBy.of(start.by, mail.began_at_ms),
            priority=start.priority,
            tls_wish=TlsWish.REQUIRED if start.is_tls_required else TlsWish.USUAL,
            hold=start.hold.said if start.hold is not None else "",
            release_at_ms=start.hold.release_at_ms(mail.began_at_ms) if start.hold is not None else 0,
        )

    # -- small things ---------------------------------------------------------------------------------------------

    def _current(self) -> Mail:
        """The engine lets no RCPT, DATA or BDAT through without MAIL."""
        if self._mail is None:
            raise AssertionError("no transaction")
        return self._mail

    def _begin(self, mail: Mail) -> IncomingMessage:
        mail.message = self.begin()
        return mail.message

    async def _say(self, reply: Reply) -> bool:
        """The one reply to a command; then the peer's time runs."""
        await self._conn.send(self._engine.send(reply))
        self._conn.errors = self._engine.errors
        self._conn.deadline(self._deps.limits.command_s)
        return True

    async def _end(self, reply: Reply, cause: str) -> None:
        self._conn.cause = self._conn.cause or cause
        await self._conn.send(self._engine.send(reply))
        self._conn.errors = self._engine.errors

    async def _refuse(self, mail: Mail, reply: Reply, reason: Reason | None, detail: str = "") -> bool:
        if mail.message is not None:
            await mail.message.abort()
        self._emit_refused(mail, reply, reason.value if reason is not None else BUG, detail)
        return await self._say(refused(reply, mail.trace))

    def _emit_refused(self, mail: Mail, reply: Reply, reason: str, detail: str = "") -> None:
        self._deps.events.emit(
            MessageRefused(
                trace=mail.trace,
                remote=self._conn.facts.remote,
                reverse_path=str(mail.start.reverse_path),
                recipients=mail.names,
                reason=reason,
                code=reply.code,
                detail=detail,
            )
        )

    def _bug(self, error: Exception, trace: TraceId | None) -> Reply:
        self._deps.events.emit(bug_caught(error, trace))
        return replies.LOCAL_ERROR


_HANDLERS: Final[dict[type, str]] = {
    Woken: "on_woken",
    TimedOut: "on_timed_out",
    events.Hello: "on_hello",
    events.MailFrom: "on_mail",
    events.RcptTo: "on_rcpt",
    events.DataStart: "on_data_start",
    events.BodyChunk: "on_body_chunk",
    events.BodyDropped: "on_body_dropped",
    events.ChunkEnd: "on_chunk_end",
    events.BodyEnd: "on_body_end",
    events.StartTls: "on_start_tls",
    events.Authenticate: "on_authenticate",
    events.AuthResponse: "on_auth_response",
    events.Reset: "on_reset",
    events.Routine: "on_routine",
    events.Fault: "on_fault",
    events.Quit: "on_quit",
    events.Eof: "on_eof",
}
