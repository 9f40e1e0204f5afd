"""What a mailbox looks like to a session: rows, snapshots, summaries and content.

Written by the IMAP session, implemented by :mod:`skrytka.mail.mailbox`; the Protocols that put these types together
stand in ``servers/imap/deps.py``. Nothing here is IMAP text but :class:`Summary`, which holds it ready to be joined.
"""

import sys
from array import array
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Protocol

import msgspec

from skrytka.model.flags import SystemFlag
from skrytka.model.ids import AccountId, EmailId, MailboxId, State, ThreadId, Uid
from skrytka.protocol.mime.sections import Section

HIERARCHY_SEPARATOR = "/"
INBOX = "INBOX"


class MailboxInfo(msgspec.Struct, frozen=True):
    """One name that LIST can show."""

    name: str  # full name, levels parted by "/"; the inbox is exactly "INBOX"
    mailbox: MailboxId | None  # None: only subscribed to, or only a level above others: there is no such mailbox
    is_subscribed: bool = False
    special_use: str = ""  # RFC 6154 2: "\\Sent", "\\Trash" ...; "" for none
    owner: AccountId | None = None  # None: it is one's own
    rights: str = ""  # on a mailbox of somebody else, of RFC 4314

    @property
    def object_id(self) -> str:
        """MAILBOXID (RFC 8474 4): never changes, not by RENAME either."""
        return f"F{self.mailbox}" if self.owner is None else f"S{self.owner}-{self.mailbox}"

    @property
    def is_read_only(self) -> bool:
        """RFC 4314 5.2: nothing in it may be changed."""
        return self.owner is not None and not set("ieswt") & set(self.rights)


class MailboxStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What STATUS and SELECT tell of a mailbox."""

    messages: int
    unseen: int
    deleted: int
    size_bytes: int  # sum of RFC822.SIZE (RFC 8438 2)
    uid_next: Uid
    uid_validity: int
    highest_modseq: State
    recent: int  # of which no session was told (RFC 3501 6.3.10)


_AT_ONCE = 1024  # flags
_LOWEST = 0 if sys.byteorder == "little" else 7


@cache
def _has(mask: int) -> bytes:
    """For bytes.translate: 1 where a bit of the mask is set."""
    return bytes(bool(octet & mask) for octet in range(256))


class Snapshot(msgspec.Struct, frozen=True, eq=False):
    """The messages of one mailbox at one state; shared by all sessions of a process, so nobody changes it.

    The arrays run in parallel, ascending by UID: index + 1 is the sequence number of a session that has been told all.
    """

    state: State  # of the account when it was read; a message changed later has a greater modseq
    uids: "array[int]"  # typecode "I"
    flags: "array[int]"  # typecode "Q": SystemFlag and keyword bits
    modseqs: "array[int]"  # typecode "Q"
    uid_next: Uid
    keywords: tuple[str, ...] = ()  # of the account: keywords[n] is bit FIRST_KEYWORD_BIT + n

    def __len__(self) -> int:
        return len(self.uids)

    def first_without(self, flag: SystemFlag) -> int:
        """Index of the first message that does not have the flag; -1: all have it. 0.5 ms for 100,000."""
        return self._first(flag, 0)

    def first_with(self, flag: SystemFlag) -> int:
        """Index of the first message that has the flag; -1: none has it."""
        return self._first(flag, 1)

    def _first(self, flag: SystemFlag, wanted: int) -> int:
        """Looked for in the lowest octet of each message's flags, where the system flags are."""
        table = _has(flag.value)
        for start in range(0, len(self.flags), _AT_ONCE):
            octets = memoryview(self.flags[start : start + _AT_ONCE]).cast("B").tobytes()
            found = octets[_LOWEST :: self.flags.itemsize].translate(table).find(wanted)
            if found >= 0:
                return start + found
        return -1


class Summary(Protocol):
    """What FETCH joins without parsing; ``store.seal.summary.Summary`` has it.

    Offsets count from the first octet of the message as the owner sees it, the per-recipient prefix included.
    """

    @property
    def header_bytes(self) -> int:
        """Length of the header with its blank line."""
        ...

    @property
    def envelope(self) -> bytes:
        """``(...)`` of RFC 9051 7.5.2 ENVELOPE."""
        ...

    @property
    def body(self) -> bytes:
        """``(...)`` of BODY."""
        ...

    @property
    def bodystructure(self) -> bytes:
        """``(...)`` of BODYSTRUCTURE."""
        ...

    @property
    def parts(self) -> Sequence[Section]:
        """All numbered parts in order of appearance."""
        ...

    @property
    def fields(self) -> Mapping[bytes, bytes]:
        """The fields of :data:`SUMMARY_FIELDS` that the message has, by name in lower case.

        The value is the whole field as it stood, from its name to its CRLF, folds and all; repeated fields follow each
        other in one value. In the order of the header.
        """
        ...

    @property
    def sent_at_ms(self) -> int | None:
        """The Date field; None without a readable one."""
        ...


SUMMARY_FIELDS = frozenset(
    b"bcc cc content-description content-type date from importance in-reply-to lines list-id list-post list-subscribe "
    b"list-unsubscribe message-id newsgroups priority references reply-to sender subject to x-label x-original-to "
    b"x-priority".split()
)
"""Fields that a summary has if the message has them, so a FETCH for these alone reads no content.

They are what mutt and Thunderbird ask for when they list a mailbox.
"""


class MessageRow(msgspec.Struct, frozen=True, kw_only=True):
    """One message. ``summary`` is there if it was asked for; None then means that it cannot be opened."""

    uid: Uid
    size_bytes: int  # RFC822.SIZE: octets of the message as the owner sees it
    received_at_ms: int  # INTERNALDATE
    saved_at_ms: int  # RFC 8514 3
    email_id: EmailId
    thread_id: ThreadId
    summary: Summary | None = None


class Depth(Enum):
    """How much of a summary something is made of."""

    NOTHING = 0
    HEAD = 1  # ENVELOPE, BODY, BODYSTRUCTURE and the length of the header
    ALL = 2


class Rendering(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be made of messages: always the same of the same message, so it may be remembered under ``key``."""

    key: bytes
    depth: Depth
    make: Callable[[MessageRow], bytes]  # the row's summary is there as far as ``depth`` says
    refine: Callable[[Sequence[bytes]], Awaitable[Sequence[bytes | None]]] | None = None
    """What ``make`` gave of several messages, before it is remembered; None: of that one there is nothing to be had."""


class Content(Protocol):
    """The octets of one message: per-recipient prefix and blob as one."""

    @property
    def size_bytes(self) -> int:
        """Equal to ``MessageRow.size_bytes``."""
        ...

    async def read(self, offset: int, length: int) -> bytes:
        """Exactly ``length`` octets, fewer only at the end; opens what it needs, no more. PermanentError(CORRUPT)."""
        ...

    def close(self) -> None:
        """Let go of files and keys; may be called twice."""
        ...


class Copies(msgspec.Struct, frozen=True):
    """What was copied or moved: ``source[n]`` is now ``target[n]`` in the other mailbox (RFC 4315 3, COPYUID)."""

    uid_validity: int
    source: Sequence[int] = ()
    target: Sequence[int] = ()


class FlagChange(Enum):
    """How STORE changes flags (RFC 9051 6.4.6)."""

    REPLACE = "FLAGS"
    ADD = "+FLAGS"
    REMOVE = "-FLAGS"
