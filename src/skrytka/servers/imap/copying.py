"""COPY, MOVE and their UID forms (RFC 9051 6.4.7, 6.4.8; RFC 4315, RFC 6851)."""

from collections.abc import Sequence

from skrytka.mail.mailbox.types import Copies
from skrytka.model.errors import PermanentError, Reason
from skrytka.protocol.imap.actions import Tagged
from skrytka.protocol.imap.commands.messages import Copy
from skrytka.protocol.imap.listing import OTHERS
from skrytka.protocol.imap.sets import format_set
from skrytka.servers.imap import replies
from skrytka.servers.imap.state import ImapSession


async def copy(session: ImapSession, command: Copy) -> Tagged:
    selected = session.mailbox
    if command.is_move and selected.is_read_only:
        return replies.READ_ONLY
    ranges = selected.indexes(command.messages, is_uid=command.is_uid)
    uids = [uid for found in ranges for uid in selected.known.uids[found.start : found.stop]]
    try:
        if selected.view.info.owner is not None or command.mailbox.startswith(OTHERS):
            done = await _between_accounts(session, uids, command)
        else:
            done = await selected.view.copy(uids, command.mailbox, is_move=command.is_move)
    except PermanentError as exc:
        if exc.reason is Reason.NO_SUCH_MAILBOX:
            return replies.no_target(command.mailbox)
        raise
    if not command.is_uid and len(done.source) < len(uids) and not command.is_move:
        answer = replies.MESSAGES_GONE  # RFC 2180 4.4: those that were there have been copied
    else:
        answer = replies.ok("moved" if command.is_move else "copied")
    if not done.source:
        return answer
    code = b"COPYUID %d %b %b" % (done.uid_validity, format_set(done.source), format_set(done.target))
    if command.is_move:  # RFC 6851 4.3: told before the EXPUNGE responses
        await session.write(b"* OK [%b] moved\r\n" % code)
        return answer
    return replies.ok("copied", code) if answer is not replies.MESSAGES_GONE else answer


async def _between_accounts(session: ImapSession, uids: Sequence[int], command: Copy) -> Copies:
    return await session.deps.appends.copy(
        session.account, session.mailbox.view, uids, command.mailbox, is_move=command.is_move
    )
