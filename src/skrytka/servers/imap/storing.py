"""STORE and EXPUNGE (RFC 9051 6.4.3, 6.4.6, 6.4.9)."""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Sequence

from skrytka.mail.mailbox.types import FlagChange, Snapshot
from skrytka.model.flags import FIRST_KEYWORD_BIT, SystemFlag
from skrytka.protocol.imap.actions import Tagged
from skrytka.protocol.imap.commands.messages import Expunge, Store, StoreMode
from skrytka.protocol.imap.sets import format_set
from skrytka.servers.imap import replies
from skrytka.servers.imap.selected import STEP, Selected
from skrytka.servers.imap.state import ImapSession

KEYWORD_BYTES = 100
_SYSTEM = {f"\\{flag.name}".upper().encode(): flag for flag in SystemFlag if flag.name}
_CHANGES = {
    StoreMode.REPLACE: FlagChange.REPLACE,
    StoreMode.ADD: FlagChange.ADD,
    StoreMode.REMOVE: FlagChange.REMOVE,
}


class UnknownFlagError(Exception):
    """A flag with a backslash that is no system flag (Recent is none), or a keyword that is too long."""


def parse_flags(flags: Sequence[bytes]) -> tuple[int, tuple[str, ...]]:
    """Bits of the system flags, and keywords; UnknownFlagError."""
    bits, keywords = 0, []
    for flag in flags:
        if not flag.startswith(b"\\"):
            if len(flag) > KEYWORD_BYTES:
                raise UnknownFlagError
            keywords.append(flag.decode("ascii"))
        elif flag.upper() in _SYSTEM:
            bits |= _SYSTEM[flag.upper()].value  # an int: ~ of an IntFlag knows no keyword bits
        else:
            raise UnknownFlagError
    return bits, tuple(keywords)


async def store(session: ImapSession, command: Store) -> Tagged:
    selected = session.mailbox
    if selected.is_read_only:
        return replies.READ_ONLY
    try:
        bits, keywords = parse_flags(command.flags)
    except UnknownFlagError:
        return replies.bad("there is no such flag")
    named = selected.indexes(command.messages, is_uid=command.is_uid)
    uids = [uid for found in named for uid in selected.known.uids[found.start : found.stop]]
    if not uids:
        return replies.ok("done")
    if command.unchanged_since is not None:
        await session.enable_condstore()
    before = selected.known
    modified = await selected.view.store_flags(
        uids, _CHANGES[command.mode], bits, keywords, unchanged_since=command.unchanged_since
    )
    if modified:
        modified = await _without_spurious(selected, command, bits, keywords, modified)
    snapshot = await selected.view.snapshot()
    mask = bits | _keyword_bits(snapshot.keywords, keywords)
    gone = selected.missing(snapshot, uids)
    expected = _expected(command.mode, before, named, mask)
    unstored = [bisect_left(before.uids, uid) for uid in modified]
    for index in (*unstored, *(bisect_left(before.uids, uid) for uid in gone)):
        expected[index] = before.flags[index]
    lines = await selected.changes(may_expunge=command.is_uid, expected=expected)
    await session.write(b"".join(lines))
    await _tell(session, selected, command, set(uids).difference(modified, gone))
    numbers = modified if command.is_uid else [index + 1 for index in unstored]  # RFC 7162 3.1.3
    code = b"MODIFIED " + format_set(numbers) if modified else b""
    if gone and not command.is_uid:  # RFC 2180 4.2: those that are there have been changed
        return replies.messages_gone(code)
    return replies.ok("some have changed" if modified else "done", code)


async def _without_spurious(
    selected: Selected, command: Store, bits: int, keywords: Sequence[str], modified: Sequence[int]
) -> Sequence[int]:
    """A message of which other flags have changed than those to be added or removed is no conflict (RFC 7162 3.1.12).

    The client knows its flags as they were at UNCHANGEDSINCE, or earlier; so do we.
    """
    if command.mode is StoreMode.REPLACE or command.unchanged_since is None:
        return modified
    latest, known = await selected.view.snapshot(), selected.known
    mask = bits | _keyword_bits(latest.keywords, keywords)
    again = []
    for uid in modified:
        old, new = bisect_left(known.uids, uid), bisect_left(latest.uids, uid)
        is_there = new < len(latest.uids) and latest.uids[new] == uid
        if is_there and known.modseqs[old] <= command.unchanged_since:
            again += [] if (known.flags[old] ^ latest.flags[new]) & mask else [uid]
    if not again:
        return modified
    still = await selected.view.store_flags(again, _CHANGES[command.mode], bits, keywords, unchanged_since=latest.state)
    return sorted(set(modified) - set(again) | set(still))


def _keyword_bits(known: Sequence[str], keywords: Sequence[str]) -> int:
    wanted = {keyword.casefold() for keyword in keywords}
    return sum(1 << (FIRST_KEYWORD_BIT + bit) for bit, name in enumerate(known) if name.casefold() in wanted)


def _expected(mode: StoreMode, before: Snapshot, named: Sequence[range], mask: int) -> "array[int]":
    """The flags of all messages as they should be afterwards."""
    flags = before.flags[:]
    keep = {StoreMode.REPLACE: 0, StoreMode.ADD: -1, StoreMode.REMOVE: ~mask}[mode]
    add = 0 if mode is StoreMode.REMOVE else mask
    for found in named:
        part = slice(found.start, found.stop)
        flags[part] = array("Q", [bits & keep | add for bits in flags[part]])
    return flags


async def _tell(session: ImapSession, selected: Selected, command: Store, stored: Collection[int]) -> None:
    """The new flags of all that were named and are still there (RFC 9051 6.4.6)."""
    if command.is_silent and not session.has_condstore:
        return
    known = selected.known
    uids, modseqs = known.uids, known.modseqs
    for start in range(0, len(known), STEP):
        indexes = [index for index, uid in enumerate(uids[start : start + STEP], start) if uid in stored]
        if not indexes:
            continue
        if command.is_silent:  # RFC 7162 3.1.3: MODSEQ is told for .SILENT too
            lines = [b"* %d FETCH (UID %d MODSEQ (%d))\r\n" % (i + 1, uids[i], modseqs[i]) for i in indexes]
        else:
            lines = [selected.flag_line(index, is_uid=command.is_uid) for index in indexes]
        await session.write(b"".join(lines))
        await session.breathe()


async def expunge(session: ImapSession, command: Expunge) -> Tagged:
    selected = session.mailbox
    if selected.is_read_only:
        return replies.READ_ONLY
    if command.uids is None:
        await selected.view.expunge(None)
    else:
        ranges = selected.indexes(command.uids, is_uid=True)
        uids = [selected.known.uids[index] for found in ranges for index in found]
        if uids:
            await selected.view.expunge(uids)
    return replies.ok("done")  # the EXPUNGE responses go out with the changes before this answer
