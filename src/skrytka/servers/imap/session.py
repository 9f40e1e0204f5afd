"""One IMAP connection from greeting to BYE: events of the engine in, answers out.

Ends: LOGOUT, end of file, a deadline, drain, too many errors or failed logins, lost framing (BYE, RFC 9051 7.1.5).
A bug is answered ``NO [SERVERBUG]``, recorded, and the session goes on.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from skrytka.model.engine import DisconnectedError, TimedOut, Woken
from skrytka.model.errors import ReasonedError, RemoteProtocolError
from skrytka.net.bugs import bug_caught
from skrytka.net.connection import Connection
from skrytka.protocol.imap import actions as a
from skrytka.protocol.imap.commands import fetch, mailboxes, messages, search, session
from skrytka.protocol.imap.commands.base import Command
from skrytka.protocol.imap.reader import TooLargeError
from skrytka.protocol.imap.sets import NoSuchNumberError
from skrytka.protocol.sasl import base64
from skrytka.protocol.sasl.exchange import Ask
from skrytka.servers.imap import appending, copying, fetching, folders, login, replies, searching, storing
from skrytka.servers.imap import mailboxes as boxes
from skrytka.servers.imap.deps import ImapDeps
from skrytka.servers.imap.state import ImapSession

ResultT = TypeVar("ResultT")
Handler = Callable[[ImapSession, Any], Awaitable[a.Tagged]]
Work = Callable[[], Awaitable[a.Tagged]]


HANDLERS: dict[type[Command], Handler] = {
    session.Capability: login.capability,
    session.Noop: login.noop,
    session.Id: login.identify,
    session.Enable: login.enable,
    session.Login: login.login,
    mailboxes.Select: boxes.select,
    mailboxes.List: boxes.list_names,
    mailboxes.Namespace: boxes.namespace,
    mailboxes.Status: boxes.status,
    mailboxes.Create: folders.create,
    mailboxes.Delete: folders.delete,
    mailboxes.Rename: folders.rename,
    mailboxes.Subscribe: folders.subscribe,
    messages.Check: boxes.check,
    messages.Close: boxes.close,
    messages.Unselect: boxes.unselect,
    messages.Store: storing.store,
    messages.Expunge: storing.expunge,
    messages.Copy: copying.copy,
    fetch.Fetch: fetching.fetch,
}
# LOGOUT, STARTTLS, AUTHENTICATE, IDLE, APPEND and SEARCH need more than their command: see _Loop.

# RFC 9051 7.5.1: no EXPUNGE in the answer to these, whose sequence numbers are in use.
_KEEPS_NUMBERS = (fetch.Fetch, messages.Store, search.Search)


async def serve_imap(conn: Connection, deps: ImapDeps) -> None:
    """Serve one connection until it ends; the listener closes it."""
    state = ImapSession(conn, deps)
    try:
        await _Loop(state).run()
    except DisconnectedError:
        conn.cause = conn.cause or "eof"
    finally:
        await appending.abort(state)
        state.close()


class _Loop:
    def __init__(self, state: ImapSession) -> None:
        self.state = state
        self.conn = state.conn
        self.engine = state.engine
        self.limits = state.deps.limits
        self._errors = 0

    async def _send(self, action: a.Action) -> None:
        await self.conn.send(self.engine.send(action))

    async def _bye(self, text: str, cause: str, code: bytes = b"") -> bool:
        await self._send(a.Bye(text, code))
        self.conn.cause = self.conn.cause or cause
        return False

    async def run(self) -> None:
        self.conn.deadline(self.limits.before_login_s)
        await self._send(a.Greeting(f"{self.state.deps.hostname} Skrytka ready", self.state.capabilities()))
        try:
            async for event in self.conn.events(self.engine):
                if not await self._on(event):
                    return
        except RemoteProtocolError as exc:
            await self._bye(str(exc), "error", b"TOOBIG" if isinstance(exc, TooLargeError) else b"")  # RFC 7888 5

    async def _on(self, event: a.Event | Woken | TimedOut) -> bool:
        """Deal with one event; False ends the session."""
        match event:
            case a.Request(tag=tag, command=command):
                return await self._request(tag, command)
            case a.LiteralWanted():
                await self._send(a.Continue())
            case a.AppendChunk() | a.AppendEnd():
                return await self._message(event)
            case a.SaslResponse(message=message):
                return await self._sasl(partial(login.sasl_response, self.state, message))
            case a.IdleDone():
                return await self._end_idle(event)
            case a.Fault(text=text, code=code, status=status):
                return await self._fault(a.Tagged(status, text, code))
            case Woken():
                return await self._woken()
            case _:
                return await self._at_end(event)
        return True

    async def _at_end(self, event: object) -> bool:
        if isinstance(event, TimedOut):
            return await self._bye("you have been silent for too long", "timeout")
        self.conn.cause = self.conn.cause or "eof"
        return False

    async def _fault(self, answer: a.Tagged) -> bool:
        await appending.abort(self.state)
        await self._send(answer)
        return await self._may_go_on(answer)

    async def _may_go_on(self, answer: a.Tagged) -> bool:
        """A stranger's errors are counted; of a user those in a row, for a long session has its share of them."""
        if answer.status is a.Status.BAD:
            self.conn.errors += 1
            self._errors += 1
            if self._errors > self.limits.bad_commands:
                return await self._bye("too many errors", "error")
        elif self.state.login is not None:
            self._errors = 0
        return True

    async def _woken(self) -> bool:
        if self.conn.is_draining:
            return await self._bye("the server restarts, connect again", "drain", b"UNAVAILABLE")
        if not await self.state.is_valid():
            return await self._revoked()
        if self.state.is_idle:
            await self._tell_idle()
            return await self._still_there()
        return True

    async def _revoked(self) -> bool:
        return await self._bye("this login is not valid any more", "refused", b"AUTHENTICATIONFAILED")

    async def _still_there(self) -> bool:
        """A selected mailbox that another session deleted ends this one: there is no answer that says less."""
        if self.state.is_gone:
            return await self._bye(replies.MAILBOX_GONE, "gone")
        return True

    # -- commands

    async def _request(self, tag: str, command: Command) -> bool:
        if self.state.login is not None:
            self.conn.deadline(self.limits.after_login_s)  # RFC 9051 5.4: any command starts it anew
            if not await self.state.is_valid():
                return await self._revoked()
        return await self._dispatch(tag, command)

    async def _dispatch(self, tag: str, command: Command) -> bool:
        match command:
            case session.Logout():
                return await self._logout()
            case session.StartTls():
                return await self._start_tls()
            case session.Idle():
                return await self._idle()
            case session.Authenticate():
                return await self._authenticate(command)
            case mailboxes.Append():
                return await self._append(command)
            case search.Search():
                return await self._answer(command, partial(searching.search, self.state, command, tag))
            case _:
                return await self._answer(command, partial(HANDLERS[type(command)], self.state, command))

    async def _answer(self, command: Command, work: Work) -> bool:
        """Run a handler; then what changed meanwhile, then its tagged answer."""

        async def whole() -> a.Tagged:
            if _looks_first(command):
                await self.state.tell_changes(may_expunge=False)
                if self.state.selected is None:
                    return replies.NOTHING_SELECTED
            answer = await work()
            if not isinstance(command, mailboxes.Select):  # it has just told everything
                may_expunge = not isinstance(command, _KEEPS_NUMBERS) or _is_uid(command)
                await self.state.tell_changes(may_expunge=may_expunge)
            return answer

        return await self._end(await self._guarded(whole))

    async def _end(self, answer: a.Tagged) -> bool:
        """Send the tagged answer; the session may end behind it."""
        await self._send(answer)
        if not await self._may_go_on(answer):
            return False
        if self.state.login is None and self.state.failed_logins >= self.limits.logins:
            return await self._bye("too many failed logins", "refused")
        return await self._still_there()

    async def _guarded(self, work: Callable[[], Awaitable[ResultT]]) -> ResultT | a.Tagged:
        """Its result, or the answer to what went wrong."""
        try:
            return await work()
        except NoSuchNumberError as exc:
            return replies.bad(str(exc))
        except ReasonedError as exc:
            return replies.for_error(exc)
        except DisconnectedError:
            raise
        except Exception as exc:  # noqa: BLE001 - whatever else is a bug of ours: answered, recorded (conventions C6)
            self.state.deps.events.emit(bug_caught(exc, self.conn.facts.trace))
            return replies.SERVER_BUG

    async def _logout(self) -> bool:
        await self._send(a.Bye("see you"))
        await self._send(replies.ok("done"))
        self.conn.cause = self.conn.cause or "quit"
        return False

    async def _start_tls(self) -> bool:
        """RFC 9051 6.2.1. A handshake that fails ends the connection: nobody may fall back to clear text."""
        if self.conn.tls is not None or not (self.conn.can_start_tls and self.state.deps.is_tls_available):
            return await self._fault(replies.TLS_ACTIVE if self.conn.tls is not None else replies.NO_TLS)
        await self._send(replies.ok("begin TLS"))
        try:
            facts = await self.conn.upgrade_tls()
        except (RemoteProtocolError, ReasonedError):
            self.conn.cause = self.conn.cause or "error"
            return False
        self.engine.tls_started(facts)
        return True

    async def _authenticate(self, command: session.Authenticate) -> bool:
        return await self._sasl(partial(login.sasl_begin, self.state, command))

    async def _sasl(self, step: Callable[[], Awaitable[a.Tagged | Ask]]) -> bool:
        """One step of AUTHENTICATE: a challenge or its answer."""
        answer = await self._guarded(step)
        if isinstance(answer, Ask):
            await self._send(a.Continue(base64.encode(answer.message)))
            return True
        return await self._end(answer)

    # -- APPEND

    async def _append(self, command: mailboxes.Append) -> bool:
        refusal = await self._guarded(partial(appending.begin, self.state, command))
        if refusal is not None:
            return await self._end(refusal)
        await self._send(a.Continue())
        return True

    async def _message(self, event: a.AppendChunk | a.AppendEnd) -> bool:
        self.conn.deadline(self.limits.after_login_s)
        if isinstance(event, a.AppendEnd):
            return await self._answer(Command(), partial(appending.finish, self.state))
        if self.state.appending is not None:
            await self.state.appending.write(event.data)
        return True

    # -- IDLE

    async def _idle(self) -> bool:
        """RFC 9051 6.3.13. Watching begins before the first look, so no change falls between."""
        self.state.watch()
        self.state.is_idle = True
        await self._send(a.Continue(b"idling"))
        await self._tell_idle()
        return await self._still_there()

    async def _tell_idle(self) -> None:
        try:
            await self.state.tell_changes(may_expunge=True)
        except ReasonedError:
            return  # the client hears of it at its next command
        except DisconnectedError:
            raise
        except Exception as exc:  # noqa: BLE001 - as for a command; nothing waits for an answer here
            self.state.deps.events.emit(bug_caught(exc, self.conn.facts.trace))

    async def _end_idle(self, event: a.IdleDone) -> bool:
        self.state.is_idle = False
        self.state.unwatch()
        if self.state.login is not None:
            self.conn.deadline(self.limits.after_login_s)
        if not event.is_clean:
            return await self._fault(replies.bad("IDLE ends with DONE"))
        return await self._answer(session.Idle(), partial(login.noop, self.state, session.Noop()))


def _looks_first(command: Command) -> bool:
    """Whether a client may poll by this command alone: then it has to see what came since its last one."""
    return isinstance(command, search.Search) or (isinstance(command, fetch.Fetch) and command.is_uid)


def _is_uid(command: Command) -> bool:
    return isinstance(command, _KEEPS_NUMBERS) and command.is_uid
