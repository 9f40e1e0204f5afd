"""Before a mailbox: LOGIN, AUTHENTICATE, ID, ENABLE (RFC 9051 6.1, 6.2, 6.3.1; RFC 2971)."""

from collections.abc import Awaitable

import msgspec

from skrytka.mail.identity.attacks.devices import of_imap_id
from skrytka.mail.identity.login import Login
from skrytka.model.errors import PermanentError, Reason, RemoteProtocolError, TransientError
from skrytka.model.secret import Secret
from skrytka.protocol.imap.actions import Tagged
from skrytka.protocol.imap.commands.session import Authenticate, Capability, Enable, Id, Noop
from skrytka.protocol.imap.commands.session import Login as LoginCommand
from skrytka.protocol.mime.imap_text import string
from skrytka.protocol.sasl.exchange import Ask
from skrytka.servers.imap import replies
from skrytka.servers.imap.state import UTF8_ACCEPT, ImapSession
from skrytka.servers.sasl import LOGIN, CancelledExchangeError, UnknownMechanismError

_REV2 = "IMAP4REV2"
_CONDSTORE = "CONDSTORE"
_KNOWN = frozenset({_REV2, UTF8_ACCEPT, _CONDSTORE})


async def capability(session: ImapSession, _command: Capability) -> Tagged:
    await session.write(b"* %b\r\n" % session.capabilities())
    return replies.ok("done")


async def noop(_session: ImapSession, _command: Noop) -> Tagged:
    return replies.ok("done")


async def identify(session: ImapSession, command: Id) -> Tagged:
    """RFC 2971 3.2; strangers learn no version. Many programs say who they are behind their login only."""
    if (program := of_imap_id(command.fields)) and not session.conn.facts.program:
        session.conn.facts = msgspec.structs.replace(session.conn.facts, program=program)
        if session.login is not None:
            await session.deps.identity.identified(session.login, session.conn.facts)
    fields = b'"name" "Skrytka"'
    if session.login is not None and session.deps.version:
        fields += b' "version" ' + string(session.deps.version.encode())
    await session.write(b"* ID (%b)\r\n" % fields)
    return replies.ok("done")


async def enable(session: ImapSession, command: Enable) -> Tagged:
    """RFC 9051 6.3.1: what is unknown is passed over."""
    wanted = (_KNOWN & set(command.capabilities)) - session.enabled  # only what this command enables is told
    session.enabled |= wanted
    enabled = b""
    if _REV2 in wanted:
        session.is_rev2 = session.engine.is_utf8 = True
        if session.selected is not None:
            session.selected.forget_recent()
        enabled += b" IMAP4rev2"
    if UTF8_ACCEPT in wanted:  # RFC 6855 3
        session.engine.is_utf8 = True
        enabled += b" UTF8=ACCEPT"
    if _CONDSTORE in wanted:  # RFC 7162 3.1
        enabled += b" CONDSTORE"
        await session.enable_condstore()
    await session.write(b"* ENABLED%b\r\n" % enabled)
    return replies.ok("done")


async def login(session: ImapSession, command: LoginCommand) -> Tagged:
    if session.conn.tls is None:
        return replies.PRIVACY_REQUIRED  # RFC 9051 6.2.3: LOGINDISABLED
    return await _prove(session, command.name, command.password, "LOGIN")


async def sasl_begin(session: ImapSession, command: Authenticate) -> Tagged | Ask:
    """With an initial response (RFC 4959) or without; an Ask goes out as a continuation."""
    if session.conn.tls is None:
        return replies.PRIVACY_REQUIRED
    if command.mechanism == LOGIN:
        return replies.UNKNOWN_MECHANISM
    return await _proven(session, session.sasl.begin(command.mechanism, command.initial))


async def sasl_response(session: ImapSession, message: Secret | None) -> Tagged | Ask:
    """The client's next message; None when it gave up."""
    return await _proven(session, session.sasl.respond(message))


async def _prove(session: ImapSession, name: str, password: Secret, mechanism: str) -> Tagged:
    """One answer for an unknown name and a wrong password; identity sees to it that they take the same time."""
    answer = await _proven(session, session.deps.identity.login(name, password, session.conn.facts, mechanism))
    if isinstance(answer, Ask):
        raise TypeError("a password is no exchange")
    return answer


async def _proven(session: ImapSession, step: Awaitable[Login | Ask]) -> Tagged | Ask:
    try:
        found = await step
    except UnknownMechanismError:
        return replies.UNKNOWN_MECHANISM
    except CancelledExchangeError:
        return replies.CANCELLED
    except RemoteProtocolError as exc:
        return replies.bad(str(exc))
    except PermanentError as exc:
        session.failed_logins += 1
        return replies.AUTHORIZATION_FAILED if exc.reason is Reason.NOT_PERMITTED else replies.for_error(exc)
    except TransientError as exc:
        session.failed_logins += exc.reason is Reason.RATE_LIMITED
        return replies.for_error(exc)
    if isinstance(found, Ask):
        return found
    session.begin_login(found)
    return replies.ok("logged in", session.capabilities())
