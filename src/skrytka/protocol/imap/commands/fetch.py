"""FETCH and its items (RFC 9051 6.4.5; RFC 8474 5.3, RFC 8514 4.2)."""

import re
from enum import Enum, StrEnum

import msgspec

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.imap.commands.base import Command
from skrytka.protocol.imap.cursor import NUMBER64_MAX, Cursor
from skrytka.protocol.imap.format import astring
from skrytka.protocol.imap.sets import SequenceSet

FIELDS_MAX = 200  # names of one HEADER.FIELDS
DEPTH_MAX = 40  # numbers of one section; parts are nested 32 deep at most
_WORD = re.compile(rb"[A-Za-z0-9.]+")
_SECTION = re.compile(rb"(?:([1-9]\d{0,9}(?:\.[1-9]\d{0,9})*)(?:\.(?=[A-Za-z])|(?![A-Za-z])))?([A-Za-z.]+)?")
_PARTIAL = re.compile(rb"<(\d{1,19})\.(\d{1,19})>")
_FIELD_NAME = re.compile(rb"[!-9;-~]+\Z")  # RFC 5322 2.2


class FetchItem(StrEnum):
    """Items without arguments."""

    UID = "UID"
    FLAGS = "FLAGS"
    INTERNALDATE = "INTERNALDATE"
    SIZE = "RFC822.SIZE"
    ENVELOPE = "ENVELOPE"
    BODY = "BODY"
    BODYSTRUCTURE = "BODYSTRUCTURE"
    EMAILID = "EMAILID"
    THREADID = "THREADID"
    SAVEDATE = "SAVEDATE"
    MODSEQ = "MODSEQ"  # RFC 7162 3.1.4


class Text(Enum):
    """What of a message or part (RFC 9051 6.4.5.1)."""

    ALL = ""
    HEADER = "HEADER"
    FIELDS = "HEADER.FIELDS"
    FIELDS_NOT = "HEADER.FIELDS.NOT"
    TEXT = "TEXT"
    MIME = "MIME"


class Section(msgspec.Struct, frozen=True):
    """``part`` is "" for the message itself, else "2.1"; ``names`` are lower case."""

    part: str = ""
    text: Text = Text.ALL
    names: frozenset[bytes] = frozenset()


class BodyItem(msgspec.Struct, frozen=True, kw_only=True):
    """``BODY[section]<partial>``; ``label`` is how the answer begins, without its partial origin."""

    label: bytes
    section: Section
    partial: tuple[int, int] | None = None
    is_peek: bool = False


class BinaryItem(msgspec.Struct, frozen=True, kw_only=True):
    """``BINARY[part]<partial>`` or, with ``is_size``, ``BINARY.SIZE[part]``."""

    label: bytes
    part: str
    partial: tuple[int, int] | None = None
    is_peek: bool = False
    is_size: bool = False


Item = FetchItem | BodyItem | BinaryItem


class Fetch(Command, frozen=True):
    messages: SequenceSet
    is_uid: bool
    items: tuple[Item, ...]
    changed_since: int | None = None  # RFC 7162 3.1.4.1: only messages with a greater MODSEQ


_SIMPLE = {item.value.encode(): item for item in FetchItem}
_MACROS: dict[bytes, tuple[Item, ...]] = {
    b"FAST": (FetchItem.FLAGS, FetchItem.INTERNALDATE, FetchItem.SIZE),
    b"ALL": (FetchItem.FLAGS, FetchItem.INTERNALDATE, FetchItem.SIZE, FetchItem.ENVELOPE),
    b"FULL": (FetchItem.FLAGS, FetchItem.INTERNALDATE, FetchItem.SIZE, FetchItem.ENVELOPE, FetchItem.BODY),
}
# RFC 3501 6.4.5: other names for sections; only RFC822.HEADER leaves \Seen alone.
_OLD: dict[bytes, Item] = {
    b"RFC822": BodyItem(label=b"RFC822", section=Section()),
    b"RFC822.HEADER": BodyItem(label=b"RFC822.HEADER", section=Section("", Text.HEADER), is_peek=True),
    b"RFC822.TEXT": BodyItem(label=b"RFC822.TEXT", section=Section("", Text.TEXT)),
}
_TEXTS = {text.value.encode(): text for text in Text}


def parse_fetch(cursor: Cursor, *, is_uid: bool) -> Fetch:
    cursor.space()
    messages = cursor.sequence_set()
    cursor.space()
    found: dict[Item, None] = {}
    if cursor.peek() == b"(":
        more = cursor.open_list()
        if not more:
            raise RemoteProtocolError("FETCH needs an item")
        count = 0
        while more:
            found[_item(cursor, _word(cursor))] = None
            count += 1
            more = cursor.next_item(count)
    else:
        word = _word(cursor)
        found = dict.fromkeys(_MACROS[word] if word in _MACROS else (_item(cursor, word),))
    if is_uid:
        found = {FetchItem.UID: None, **found}  # RFC 9051 6.4.9: implicitly part of the answer
    changed_since = None if cursor.is_at_end else _changed_since(cursor)
    if changed_since is not None:
        found[FetchItem.MODSEQ] = None
    return Fetch(messages, is_uid, tuple(found), changed_since)


def _changed_since(cursor: Cursor) -> int:
    cursor.space()
    cursor.expect(b"(")
    if not cursor.skip_word(b"CHANGEDSINCE"):
        raise RemoteProtocolError("FETCH does not know that modifier")  # RFC 4466 2.4
    cursor.space()
    since = cursor.number()
    cursor.expect(b")")
    return since


def _word(cursor: Cursor) -> bytes:
    match = _WORD.match(cursor.data, cursor.position)
    if match is None:
        raise RemoteProtocolError("a FETCH item is expected")
    cursor.position = match.end()
    return match[0].upper()


def _item(cursor: Cursor, word: bytes) -> Item:
    if cursor.peek() == b"[":
        if word in {b"BODY", b"BODY.PEEK"}:
            return _body(cursor, is_peek=word == b"BODY.PEEK")
        if word in {b"BINARY", b"BINARY.PEEK", b"BINARY.SIZE"}:
            return _binary(cursor, word)
    elif word in _SIMPLE:
        return _SIMPLE[word]
    elif word in _OLD:
        return _OLD[word]
    raise RemoteProtocolError("FETCH does not know that item")


def _body(cursor: Cursor, *, is_peek: bool) -> BodyItem:
    cursor.expect(b"[")
    match = _SECTION.match(cursor.data, cursor.position)
    part, text = _part_and_text(match)
    cursor.position += len(match[0]) if match else 0
    names: dict[bytes, bytes] = {}
    if text in {Text.FIELDS, Text.FIELDS_NOT}:
        cursor.space()
        names = _names(cursor)
    cursor.expect(b"]")
    specified = ".".join(filter(None, (part, text.value))).encode()
    if names:
        specified += b" (%b)" % b" ".join(names.values())
    label = b"BODY[%b]" % specified
    section = Section(part, text, frozenset(names))
    return BodyItem(label=label, section=section, partial=_partial(cursor), is_peek=is_peek)


def _part_and_text(match: re.Match[bytes] | None) -> tuple[str, Text]:
    part, word = (match[1] or b"", (match[2] or b"").upper()) if match else (b"", b"")
    if word not in _TEXTS or part.count(b".") >= DEPTH_MAX:
        raise RemoteProtocolError("that is no section of a message")
    text = _TEXTS[word]
    if text is Text.MIME and not part:
        raise RemoteProtocolError("MIME needs a part number")  # RFC 9051 6.4.5.1
    return part.decode("ascii"), text


def _names(cursor: Cursor) -> dict[bytes, bytes]:
    """Names in lower case -> as the client wrote them, ready to be sent back."""
    found: dict[bytes, bytes] = {}
    more = cursor.open_list()
    if not more:
        raise RemoteProtocolError("HEADER.FIELDS needs a field name")
    count = 0
    while more:
        name = cursor.astring()
        if not _FIELD_NAME.match(name):
            raise RemoteProtocolError("that is no name of a header field")
        found.setdefault(name.lower(), astring(name))
        count += 1
        if count > FIELDS_MAX:
            raise RemoteProtocolError("HEADER.FIELDS has too many names")
        more = cursor.next_item(count)
    return found


def _binary(cursor: Cursor, word: bytes) -> BinaryItem:
    cursor.expect(b"[")
    match = _SECTION.match(cursor.data, cursor.position)
    part, text = _part_and_text(match)
    if text is not Text.ALL:
        raise RemoteProtocolError("BINARY takes part numbers only")
    cursor.position += len(part)
    cursor.expect(b"]")
    is_size = word == b"BINARY.SIZE"
    label = b"BINARY%b[%b]" % (b".SIZE" if is_size else b"", part.encode())
    partial = None if is_size else _partial(cursor)
    return BinaryItem(label=label, part=part, partial=partial, is_peek=word != b"BINARY", is_size=is_size)


def _partial(cursor: Cursor) -> tuple[int, int] | None:
    if cursor.peek() != b"<":
        return None
    match = _PARTIAL.match(cursor.data, cursor.position)
    if match is None or not int(match[2]):
        raise RemoteProtocolError("a partial is like <0.1024>")  # RFC 9051 9: the count is not zero
    cursor.position = match.end()
    offset, length = int(match[1]), int(match[2])
    if max(offset, length) > NUMBER64_MAX:
        raise RemoteProtocolError("the partial is too large")
    return offset, length
