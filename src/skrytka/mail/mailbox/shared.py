"""The state of one mailbox, shared by all sessions of a process that have it open.

A commit that touches the account marks it stale; the next one who asks reads what changed and makes a new snapshot out
of the old one. Nothing is read while nothing happened, and a change elsewhere in the account leaves the same snapshot.
"""

from array import array
from bisect import bisect_left
from itertools import compress
from typing import Final, NamedTuple

from skrytka.mail.mailbox.types import Snapshot
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.flags import FIRST_KEYWORD_BIT
from skrytka.model.ids import AccountId, MailboxId, State
from skrytka.store.ranges import Ranges
from skrytka.store.rows import KeywordRow, MailboxRow, Op
from skrytka.store.sql import journal, mailboxes, messages
from skrytka.store.sql import keywords as keywords_sql
from skrytka.store.statement import Query

Triple = tuple[int, int, int]  # uid, flags, modseq


CHANGED_MAX: Final = 5_000  # messages that are read and put in their places at once: about 4 ms
FLAGGED_MAX: Final = 100  # commands, or ranges, 10 µs each: less than to look at the MODSEQ of 2,000 messages
VANISHED_MAX: Final = 5_000  # ranges
_DELETES_MAX: Final = 50  # ranges that are taken out of an array one by one


class Read(NamedTuple):
    """What one read transaction found: all messages, or what differs from what was known.

    ``is_too_much``: so much differs, in so large a mailbox, that it should be read in pieces.
    """

    row: MailboxRow
    keywords: list[KeywordRow]
    everything: list[Triple] | None
    changed: list[Triple]
    vanished: Ranges
    is_too_much: bool = False


def read_mailbox(account: AccountId, mailbox: MailboxId, known: Snapshot | None) -> Query[Read]:
    """The mailbox, as far as it differs from what is known; PermanentError(NO_SUCH_MAILBOX)."""
    row = yield from mailboxes.by_id(account, mailbox)
    if row is None:
        raise PermanentError(Reason.NO_SUCH_MAILBOX, f"account {account} mailbox {mailbox}")
    keywords = yield from keywords_sql.rows(account)
    if known is not None:
        if row.modseq == known.state:
            return Read(row, keywords, None, [], ())
        changed = yield from _changed(account, mailbox, known)
        vanished = yield from messages.vanished_since(account, mailbox, known.state)
        is_little = len(changed) <= CHANGED_MAX and len(vanished) <= VANISHED_MAX
        if is_little and _length_after(known, changed, vanished) == row.messages:
            return Read(row, keywords, None, changed, vanished)
        # else the journal does not reach back that far, or reading everything is less work
        if row.messages > CHANGED_MAX:
            return Read(row, keywords, None, [], (), is_too_much=True)
    return Read(row, keywords, (yield from messages.snapshot(account, mailbox)), [], ())


def _changed(account: AccountId, mailbox: MailboxId, known: Snapshot) -> Query[list[Triple]]:
    """What is new or has new flags: new UIDs, and those that the journal names; if these are many all are looked at."""
    flagged: Ranges | None = ()
    if Op.FLAGS.value in (yield from journal.ops_since(account, known.state)):
        flagged = yield from messages.flagged_since(account, mailbox, known.state, FLAGGED_MAX)
    if flagged is None:
        return (yield from messages.changed_since(account, mailbox, known.state, CHANGED_MAX + 1))
    last = known.uid_next - 1
    old = tuple((low, min(high, last)) for low, high in flagged if low <= last)
    found = yield from messages.snapshot_ranges(account, mailbox, old, CHANGED_MAX + 1)
    if len(found) > CHANGED_MAX:
        return found
    return found + (yield from messages.snapshot_piece(account, mailbox, last, CHANGED_MAX + 1 - len(found)))


def updated(known: Snapshot | None, read: Read, keywords: tuple[str, ...]) -> Snapshot:
    """The mailbox as it is now; ``known`` itself when nothing a session could see has changed."""
    if known is None or read.everything is not None:
        return _whole(read, keywords)
    if read.row.modseq == known.state and keywords == known.keywords:
        return known
    uids, flags, modseqs = _without(known, read.vanished)
    _apply(read.changed, uids, flags, modseqs)
    return Snapshot(read.row.modseq, uids, flags, modseqs, read.row.uidnext, keywords)


def _without(known: Snapshot, vanished: Ranges) -> "tuple[array[int], array[int], array[int]]":
    """Copies of the three columns without what is gone: linear, however much that is."""
    uids, flags, modseqs = known.uids[:], known.flags[:], known.modseqs[:]
    spans = [(bisect_left(uids, low), bisect_left(uids, high + 1)) for low, high in vanished]
    if len(spans) <= _DELETES_MAX:
        for start, end in reversed(spans):
            for column in (uids, flags, modseqs):
                del column[start:end]
        return uids, flags, modseqs
    kept = bytearray(b"\1") * len(uids)
    for start, end in spans:
        kept[start:end] = bytes(end - start)
    return array("I", compress(uids, kept)), array("Q", compress(flags, kept)), array("Q", compress(modseqs, kept))


def with_flags(known: Snapshot, changed: Ranges, add: int, remove: int, state: State) -> Snapshot:
    """After a command that changed the flags of exactly these messages (StoreFlags)."""
    uids, flags, modseqs = known.uids, known.flags[:], known.modseqs[:]
    keep = ~remove
    for low, high in changed:
        start, end = bisect_left(uids, low), bisect_left(uids, high + 1)
        flags[start:end] = array("Q", [bits & keep | add for bits in flags[start:end]])
        modseqs[start:end] = array("Q", [state]) * (end - start)
    return Snapshot(state, uids, flags, modseqs, known.uid_next, known.keywords)


def _apply(changed: list[Triple], uids: "array[int]", flags: "array[int]", modseqs: "array[int]") -> None:
    """Put changed and new messages where they belong."""
    index = -1
    for uid, new_flags, modseq in changed:
        index += 1  # most often the next one
        if index >= len(uids) or uids[index] != uid:
            index = bisect_left(uids, uid)
        if index == len(uids) or uids[index] != uid:
            for column in (uids, flags, modseqs):
                column.insert(index, 0)
            uids[index] = uid
        flags[index], modseqs[index] = new_flags, modseq


def keyword_names(rows: list[KeywordRow], names: list[str]) -> tuple[str, ...]:
    """By bit; a bit that nothing has (there is none today) gets a name that no client can have set."""
    by_bit = {row.bit: name for row, name in zip(rows, names, strict=True)}
    last = max(by_bit, default=FIRST_KEYWORD_BIT - 1)
    return tuple(by_bit.get(bit, "") for bit in range(FIRST_KEYWORD_BIT, last + 1))


def _whole(read: Read, keywords: tuple[str, ...]) -> Snapshot:
    columns = zip(*read.everything, strict=True) if read.everything else ((), (), ())
    uids, flags, modseqs = columns
    return Snapshot(
        read.row.modseq, array("I", uids), array("Q", flags), array("Q", modseqs), read.row.uidnext, keywords
    )


def _length_after(known: Snapshot, changed: list[Triple], vanished: Ranges) -> int:
    """How many messages there are when the changes are applied."""
    uids = known.uids
    gone = sum(bisect_left(uids, high + 1) - bisect_left(uids, low) for low, high in vanished)
    new = 0
    index = -1
    for uid, _flags, _modseq in changed:
        index += 1  # most often the next one
        if index < len(uids) and uids[index] == uid:
            continue
        index = bisect_left(uids, uid)
        new += index == len(uids) or uids[index] != uid
    return len(uids) - gone + new
