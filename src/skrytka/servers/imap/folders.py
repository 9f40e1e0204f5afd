"""CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 9051 6.3.4 to 6.3.8, RFC 6154 3, RFC 8474 4.1)."""

from skrytka.model.errors import PermanentError, Reason
from skrytka.protocol.imap.actions import Tagged
from skrytka.protocol.imap.commands.mailboxes import Create, Delete, Rename, Subscribe
from skrytka.protocol.imap.listing import SEPARATOR
from skrytka.servers.imap import replies
from skrytka.servers.imap.mailboxes import tell_spelling
from skrytka.servers.imap.state import ImapSession


async def create(session: ImapSession, command: Create) -> Tagged:
    if len(command.special_uses) > 1:
        return replies.NO_SPECIAL_USE
    special_use = command.special_uses[0] if command.special_uses else ""
    try:
        made = await session.deps.mailboxes.folders.create(session.account, command.mailbox, special_use)
    except PermanentError as exc:
        if exc.reason is Reason.UNSUPPORTED:
            return replies.NO_SPECIAL_USE
        raise
    await tell_spelling(session, command.mailbox.removesuffix(SEPARATOR), command.spelled)
    return replies.ok("created", b"MAILBOXID (F%d)" % made)


async def delete(session: ImapSession, command: Delete) -> Tagged:
    await session.deps.mailboxes.folders.delete(session.account, command.mailbox)
    await tell_spelling(session, command.mailbox, command.spelled)
    await session.close_if_gone()
    return replies.ok("deleted")


async def rename(session: ImapSession, command: Rename) -> Tagged:
    await session.deps.mailboxes.folders.rename(session.account, command.mailbox, command.new_name)
    await tell_spelling(session, command.new_name, command.spelled)
    return replies.ok("renamed")


async def subscribe(session: ImapSession, command: Subscribe) -> Tagged:
    await session.deps.mailboxes.folders.subscribe(session.account, command.mailbox, is_wanted=command.is_wanted)
    return replies.ok("done")
