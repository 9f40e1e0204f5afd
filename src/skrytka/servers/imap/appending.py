"""APPEND: flags, date, then the message, which goes on as it comes (RFC 9051 6.3.12, RFC 6855 4)."""

from skrytka.model.errors import PermanentError, Reason
from skrytka.protocol.imap.actions import Tagged
from skrytka.protocol.imap.commands.mailboxes import Append
from skrytka.servers.imap import replies
from skrytka.servers.imap.mailboxes import tell_spelling
from skrytka.servers.imap.state import ImapSession
from skrytka.servers.imap.storing import UnknownFlagError, parse_flags


async def begin(session: ImapSession, command: Append) -> Tagged | None:
    """Make ready for the message; an answer refuses it."""
    try:
        bits, keywords = parse_flags(command.flags)
    except UnknownFlagError:
        return replies.bad("there is no such flag")
    try:
        session.appending = await session.deps.appends.begin(
            session.account, command.mailbox, bits, keywords, command.internal_date_ms
        )
    except PermanentError as exc:
        return replies.no_target(command.mailbox) if exc.reason is Reason.NO_SUCH_MAILBOX else replies.for_error(exc)
    await tell_spelling(session, command.mailbox, command.spelled)
    return None


async def finish(session: ImapSession) -> Tagged:
    """The message is whole."""
    appending = session.appending
    if appending is None:
        raise AssertionError("a message without its beginning")
    try:
        uid_validity, uid = await appending.finish()
    except PermanentError as exc:
        if exc.reason is Reason.NO_SUCH_MAILBOX:
            return replies.TRY_CREATE
        raise
    finally:
        await abort(session)
    return replies.ok("appended", b"APPENDUID %d %d" % (uid_validity, uid))  # RFC 4315 3


async def abort(session: ImapSession) -> None:
    """Forget a message that is not whole."""
    appending, session.appending = session.appending, None
    if appending is not None:
        await appending.abort()
