"""Commands that change or leave the selected mailbox (RFC 9051 6.4)."""

from enum import StrEnum

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.imap.commands.base import Command
from skrytka.protocol.imap.commands.mailboxes import flag_list
from skrytka.protocol.imap.cursor import LIST_ITEMS_MAX, Cursor
from skrytka.protocol.imap.sets import SequenceSet


class Check(Command, frozen=True):
    """RFC 3501 6.4.1; gone from rev2."""


class Close(Command, frozen=True):
    pass


class Unselect(Command, frozen=True):
    pass


class Expunge(Command, frozen=True):
    """``uids`` is given by UID EXPUNGE (RFC 9051 6.4.9)."""

    uids: SequenceSet | None = None


class StoreMode(StrEnum):
    REPLACE = "FLAGS"
    ADD = "+FLAGS"
    REMOVE = "-FLAGS"


class Store(Command, frozen=True, kw_only=True):
    messages: SequenceSet
    is_uid: bool
    mode: StoreMode
    is_silent: bool
    flags: tuple[bytes, ...]
    unchanged_since: int | None = None  # RFC 7162 3.1.3


class Copy(Command, frozen=True, kw_only=True):
    """COPY and MOVE."""

    messages: SequenceSet
    is_uid: bool
    mailbox: str
    is_move: bool = False


def parse_store(cursor: Cursor, *, is_uid: bool) -> Store:
    cursor.space()
    messages = cursor.sequence_set()
    cursor.space()
    unchanged_since = _unchanged_since(cursor) if cursor.peek() == b"(" else None
    word = cursor.word()
    mode, _, silent = word.partition(".")
    if silent not in {"", "SILENT"} or (word.endswith(".") and not silent):
        raise RemoteProtocolError("STORE does not know that item")
    try:
        found = StoreMode(mode)
    except ValueError:
        raise RemoteProtocolError("STORE does not know that item") from None
    cursor.space()
    return Store(
        messages=messages,
        is_uid=is_uid,
        mode=found,
        is_silent=bool(silent),
        flags=_flags(cursor),
        unchanged_since=unchanged_since,
    )


def _unchanged_since(cursor: Cursor) -> int:
    cursor.expect(b"(")
    if not cursor.skip_word(b"UNCHANGEDSINCE"):
        raise RemoteProtocolError("STORE does not know that modifier")  # RFC 4466 2.5
    cursor.space()
    since = cursor.number()
    cursor.expect(b")")
    cursor.space()
    return since


def _flags(cursor: Cursor) -> tuple[bytes, ...]:
    """A list, or flags without parentheses (RFC 9051 9, store-att-flags)."""
    if cursor.peek() == b"(":
        return flag_list(cursor)
    found = [cursor.flag()]
    while not cursor.is_at_end and len(found) < LIST_ITEMS_MAX:
        cursor.space()
        found.append(cursor.flag())
    return tuple(found)


def parse_copy(cursor: Cursor, *, is_uid: bool, is_move: bool) -> Copy:
    cursor.space()
    messages = cursor.sequence_set()
    cursor.space()
    return Copy(messages=messages, is_uid=is_uid, mailbox=cursor.mailbox(), is_move=is_move)
