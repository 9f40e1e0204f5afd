"""Commands about mailboxes: SELECT, EXAMINE, STATUS, LIST, LSUB, NAMESPACE and leaving (RFC 9051 6.3, 6.4)."""

import asyncio
from collections.abc import Callable

import msgspec

from skrytka.mail.mailbox.types import MailboxInfo, MailboxStatus, Snapshot
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.flags import SystemFlag
from skrytka.protocol.imap import format as fmt
from skrytka.protocol.imap.actions import Tagged
from skrytka.protocol.imap.commands.mailboxes import List, Namespace, Select, Status, StatusItem
from skrytka.protocol.imap.commands.messages import Check, Close, Unselect
from skrytka.protocol.imap.listing import OTHERS, SEPARATOR, Line, Name, lines
from skrytka.servers.imap import replies
from skrytka.servers.imap.selected import Selected
from skrytka.servers.imap.state import ImapSession

MATCHES_INLINE = 200  # names and patterns compared at once; of long ones 5 ms


async def select(session: ImapSession, command: Select) -> Tagged:
    """RFC 9051 6.3.2: the old mailbox is left whatever becomes of the new one."""
    if session.selected is not None:
        session.deselect()
        await session.write(b"* OK [CLOSED] the mailbox was left\r\n")
    if command.is_condstore:
        await session.enable_condstore()
    view = await session.deps.mailboxes.open(session.account, command.mailbox)
    try:
        snapshot = await view.snapshot()
    except BaseException:
        view.close()
        raise
    is_read_only = command.is_read_only or view.info.is_read_only
    session.selected = selected = Selected(
        view,
        snapshot,
        is_read_only=is_read_only,
        with_modseq=session.has_condstore,
        has_recent=not session.is_rev2,
    )
    await session.write(await _selected(session, selected, snapshot, command.spelled))
    mode = b"READ-ONLY" if is_read_only else b"READ-WRITE"
    return replies.ok("examined" if command.is_read_only else "selected", mode)


async def _selected(session: ImapSession, selected: Selected, snapshot: Snapshot, spelled: str) -> bytes:
    info = selected.view.info
    found = [
        b"* FLAGS (%b)" % selected.flag_texts.defined(),
        b"* OK [PERMANENTFLAGS (%b)] flags that stay" % selected.permanent_flags(),
        b"* %d EXISTS" % len(snapshot),
        b"* OK [UIDVALIDITY %d] UIDs are valid" % selected.view.uid_validity,
        b"* OK [UIDNEXT %d] next UID" % snapshot.uid_next,
        b"* OK [HIGHESTMODSEQ %d] highest" % snapshot.state,  # RFC 7162 3.1.2.1
        b"* OK [MAILBOXID (%b)] id" % info.object_id.encode(),  # RFC 8474 4.2
    ]
    if session.is_rev2:
        found += [_list_line(session, line, b"LIST", spelled) for line in await _about(session, info.name)]
    else:  # RFC 3501 6.3.1
        found.append(b"* %d RECENT" % await selected.claim_recent())
        unseen = snapshot.first_without(SystemFlag.SEEN) + 1
        if unseen:
            found.append(b"* OK [UNSEEN %d] first unseen" % unseen)
    return b"\r\n".join([*found, b""])


async def close(session: ImapSession, _command: Close) -> Tagged:
    """RFC 9051 6.4.1: what is marked deleted goes, silently, unless the mailbox is read-only. It has no NO for us.

    RFC 4314 4: without the right to it, nothing goes and the answer is OK as well.
    """
    selected = session.mailbox
    try:
        if not selected.is_read_only and (await selected.view.snapshot()).first_with(SystemFlag.DELETED) >= 0:
            await selected.view.expunge(None)
    except PermanentError as exc:
        if exc.reason not in {Reason.NO_SUCH_MAILBOX, Reason.NOT_PERMITTED}:  # gone already: nothing is to be removed
            raise
    session.deselect()
    return replies.ok("closed")


async def unselect(session: ImapSession, _command: Unselect) -> Tagged:
    session.deselect()
    return replies.ok("left")


async def check(_session: ImapSession, _command: Check) -> Tagged:
    """RFC 3501 6.4.1: nothing waits to be written here, every answer was already kept."""
    return replies.ok("done")


async def namespace(session: ImapSession, _command: Namespace) -> Tagged:
    others = b'(("%b" "/"))' % OTHERS.encode() if await session.deps.mailboxes.are_shared(session.account) else b"NIL"
    await session.write(b'* NAMESPACE (("" "/")) %b NIL\r\n' % others)  # RFC 2342 5
    return replies.ok("done")


async def status(session: ImapSession, command: Status) -> Tagged:
    if StatusItem.HIGHESTMODSEQ in command.items:
        await session.enable_condstore()
    await session.write(await _status_line(session, command.mailbox, command.items))
    return replies.ok("done")


async def _status_line(session: ImapSession, name: str, items: tuple[StatusItem, ...]) -> bytes:
    info, found = await session.deps.mailboxes.status(session.account, name)
    values = b" ".join(b"%b %b" % (item.value.encode(), _status_value(item, info, found)) for item in items)
    return b"* STATUS %b (%b)\r\n" % (fmt.mailbox(info.name, is_utf8=session.is_utf8), values)


_STATUS_NUMBERS: dict[StatusItem, Callable[[MailboxStatus], int]] = {
    StatusItem.MESSAGES: lambda found: found.messages,
    StatusItem.UIDNEXT: lambda found: found.uid_next,
    StatusItem.UIDVALIDITY: lambda found: found.uid_validity,
    StatusItem.UNSEEN: lambda found: found.unseen,
    StatusItem.DELETED: lambda found: found.deleted,
    StatusItem.SIZE: lambda found: found.size_bytes,
    StatusItem.HIGHESTMODSEQ: lambda found: found.highest_modseq,
    StatusItem.RECENT: lambda found: found.recent,  # RFC 3501 6.3.10
}


def _status_value(item: StatusItem, info: MailboxInfo, found: MailboxStatus) -> bytes:
    if item is StatusItem.MAILBOXID:
        return b"(%b)" % info.object_id.encode()
    return b"%d" % _STATUS_NUMBERS[item](found)


async def list_names(session: ImapSession, command: List) -> Tagged:
    """LIST and LSUB."""
    word = b"LSUB" if command.is_lsub else b"LIST"
    if not command.is_extended and command.patterns == ("",):  # RFC 9051 6.3.9: only the separator is asked for
        await session.write(b'* %b (\\Noselect) "/" ""\r\n' % word)
        return replies.ok("done")
    for line in await _lines(command, await _names(session)):
        if command.return_status and line.exists and line.is_selected:
            await session.write(await _line_and_status(session, line, command.return_status))
            await session.breathe()
        else:
            await session.write(_list_line(session, line, word) + b"\r\n")
    return replies.ok("done")


async def _line_and_status(session: ImapSession, line: Line, items: tuple[StatusItem, ...]) -> bytes:
    status = b""
    try:
        status = await _status_line(session, line.name, items)
    except PermanentError:  # RFC 5819 2: gone meanwhile, then there is no STATUS
        line = msgspec.structs.replace(line, attributes=("\\Noselect", *line.attributes))
    return _list_line(session, line, b"LIST") + b"\r\n" + status


async def _lines(command: List, names: list[Name]) -> list[Line]:
    """Twenty patterns and thousands of long names take seconds: then beside the loop."""
    if len(names) * len(command.patterns) <= MATCHES_INLINE:
        return lines(command, names)
    return await asyncio.to_thread(lines, command, names)


async def _names(session: ImapSession) -> list[Name]:
    return [
        Name(info.name, info.mailbox is not None, info.is_subscribed, info.special_use)
        for info in await session.deps.mailboxes.names(session.account)
    ]


async def _about(session: ImapSession, name: str) -> list[Line]:
    """The one LIST line of a mailbox, subscription included."""
    every = List(reference="", patterns=("*",), is_extended=True, return_subscribed=True)
    near = [each for each in await _names(session) if each.name == name or each.name.startswith(name + SEPARATOR)]
    return [line for line in await _lines(every, near) if line.name == name]


async def tell_spelling(session: ImapSession, name: str, spelled: str) -> None:
    """A mailbox that was named in another spelling than its own, in LIST's extended form (RFC 9051 6.3.9.7)."""
    if not spelled or not session.is_rev2:
        return
    about = await _about(session, name) or [Line(name, ("\\NonExistent",), exists=False)]
    await session.write(_list_line(session, about[0], b"LIST", spelled) + b"\r\n")


def _list_line(session: ImapSession, line: Line, word: bytes, old_name: str = "") -> bytes:
    name = fmt.mailbox(line.name, is_utf8=session.is_utf8)
    found = b'* %b (%b) "/" %b' % (word, " ".join(line.attributes).encode(), name)
    if line.child_info:
        found += b' ("CHILDINFO" (%b))' % b" ".join(fmt.quoted(text.encode()) for text in line.child_info)
    if old_name:
        found += b' ("OLDNAME" (%b))' % fmt.quoted(old_name.encode())
    return found
