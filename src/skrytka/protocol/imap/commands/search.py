"""SEARCH: the criteria as a tree of frozen structs (RFC 9051 6.4.4; RFC 8474 6, RFC 8514 4.3)."""

from collections.abc import Callable
from enum import Enum, StrEnum

import msgspec

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.imap.commands.base import Command
from skrytka.protocol.imap.cursor import Cursor
from skrytka.protocol.imap.dates import parse_date
from skrytka.protocol.imap.sets import SequenceSet

DEPTH_MAX = 50  # of NOT, OR and parentheses
KEYS_MAX = 2000


class Key(msgspec.Struct, frozen=True):
    """One criterion."""


class Everything(Key, frozen=True):
    """ALL."""


class FlagKey(Key, frozen=True):
    """A system flag by its name in capitals, without the backslash."""

    flag: str
    is_set: bool = True


class RecentKey(Key, frozen=True):
    """What the session was the first to be told of (RFC 3501 2.3.2)."""


class KeywordKey(Key, frozen=True):
    keyword: str
    is_set: bool = True


class NumberKey(Key, frozen=True):
    messages: SequenceSet
    is_uid: bool = False


class DateField(Enum):
    """Which date of a message is compared."""

    INTERNAL = "internal"
    SENT = "sent"
    SAVED = "saved"


class Comparison(Enum):
    """``BEFORE`` d, ``ON`` d, ``SINCE`` d; ``SMALLER`` n is BEFORE n, ``LARGER`` n is SINCE n + 1."""

    BEFORE = "before"
    ON = "on"
    SINCE = "since"


class DateKey(Key, frozen=True):
    field: DateField
    comparison: Comparison
    day: int  # days since 1970-01-01


class SizeKey(Key, frozen=True):
    comparison: Comparison
    size_bytes: int


class HeaderKey(Key, frozen=True):
    """``name`` in lower case; an empty ``text`` asks whether there is such a field."""

    name: bytes
    text: str


class TextKey(Key, frozen=True):
    """``BODY`` or, with the header, ``TEXT``."""

    text: str
    with_header: bool


class ObjectKey(Key, frozen=True):
    """EMAILID or THREADID as FETCH shows them, case matters (RFC 8474 7)."""

    object_id: str
    is_thread: bool = False


class ModseqKey(Key, frozen=True):
    """MODSEQ of at least this (RFC 7162 3.1.5); all entries of a message share it."""

    modseq: int


class Not(Key, frozen=True):
    key: Key


class Or(Key, frozen=True):
    left: Key
    right: Key


class And(Key, frozen=True):
    keys: tuple[Key, ...]


class ReturnOption(StrEnum):
    """RFC 9051 6.4.4; SAVE: RFC 5182 2."""

    MIN = "MIN"
    MAX = "MAX"
    ALL = "ALL"
    COUNT = "COUNT"
    SAVE = "SAVE"


class Search(Command, frozen=True, kw_only=True):
    """``returned`` is None without RETURN; ``charset`` "" is UTF-8, anything unknown is answered BADCHARSET."""

    key: Key
    is_uid: bool = False
    charset: str = ""
    returned: frozenset[ReturnOption] | None = None


KNOWN_CHARSETS = frozenset({"", "UTF-8", "US-ASCII"})  # RFC 9051 6.4.4: these two must be known


def parse_search(cursor: Cursor, *, is_uid: bool) -> Search:
    cursor.space()
    returned: frozenset[ReturnOption] | None = None
    if cursor.skip_word(b"RETURN"):
        cursor.space()
        returned = _return_options(cursor)
        cursor.space()
    charset = ""
    if cursor.skip_word(b"CHARSET"):
        cursor.space()
        charset = cursor.astring().decode("ascii", "replace").upper()
        cursor.space()
    parser = _Parser(cursor, is_charset_known=charset in KNOWN_CHARSETS)
    keys = [parser.key(0)]
    while not cursor.is_at_end:
        cursor.space()
        keys.append(parser.key(0))
    key = keys[0] if len(keys) == 1 else And(tuple(keys))
    return Search(key=key, is_uid=is_uid, charset=charset, returned=returned)


def _return_options(cursor: Cursor) -> frozenset[ReturnOption]:
    found: set[ReturnOption] = set()
    more = cursor.open_list()
    count = 0
    while more:
        try:
            found.add(ReturnOption(cursor.word()))
        except ValueError:
            raise RemoteProtocolError("SEARCH does not know that return option") from None
        count += 1
        more = cursor.next_item(count)
    return frozenset(found) or frozenset({ReturnOption.ALL})  # RFC 9051 6.4.4: "()" is ALL


_FLAGS = ("ANSWERED", "DELETED", "DRAFT", "FLAGGED", "SEEN")
_FIELDS = ("BCC", "CC", "FROM", "SUBJECT", "TO")
_DATES = {
    "": DateField.INTERNAL,
    "SENT": DateField.SENT,
    "SAVED": DateField.SAVED,
}


class _Parser:
    """Recursion over the criteria, bounded in depth and number."""

    def __init__(self, cursor: Cursor, *, is_charset_known: bool) -> None:
        self.cursor = cursor
        self.is_charset_known = is_charset_known
        self.count = 0

    def key(self, depth: int) -> Key:
        self.count += 1
        if depth > DEPTH_MAX or self.count > KEYS_MAX:
            raise RemoteProtocolError("the search is too complex")
        first = self.cursor.peek()
        if first == b"(":
            return self._group(depth)
        if first.isdigit() or first in {b"*", b"$"}:
            return NumberKey(self.cursor.sequence_set())
        word = self.cursor.word()
        if word in _CONSTANTS:
            return _CONSTANTS[word]
        maker = _WITH_ARGUMENT.get(word)
        if maker is not None:
            self.cursor.space()
            return maker(self, depth)
        raise RemoteProtocolError("SEARCH does not know that key")

    def _group(self, depth: int) -> Key:
        keys: list[Key] = []
        more = self.cursor.open_list()
        while more:
            keys.append(self.key(depth + 1))
            more = self.cursor.next_item(len(keys))
        if not keys:
            raise RemoteProtocolError("SEARCH has an empty list")
        return keys[0] if len(keys) == 1 else And(tuple(keys))

    def negated(self, depth: int) -> Key:
        return Not(self.key(depth + 1))

    def either(self, depth: int) -> Key:
        left = self.key(depth + 1)
        self.cursor.space()
        return Or(left, self.key(depth + 1))

    def text(self) -> str:
        """What is looked for; a wrong encoding matters only if the charset is known at all."""
        raw = self.cursor.astring()
        if not self.is_charset_known:
            return ""
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise RemoteProtocolError("the text is not UTF-8") from None

    def header(self, depth: int) -> Key:
        name = self.cursor.astring().lower()
        self.cursor.space()
        return HeaderKey(name, self.text())

    def uids(self, depth: int) -> Key:
        return NumberKey(self.cursor.sequence_set(), is_uid=True)

    def date(self) -> int:
        quoted = self.cursor.peek() == b'"'
        return parse_date(self.cursor.string() if quoted else self.cursor.atom())

    def keyword(self) -> str:
        return self.cursor.atom().decode("ascii")

    def modseq(self, depth: int) -> Key:
        if self.cursor.peek() == b'"':  # an entry and its type: there is one MODSEQ for all flags
            self.cursor.string()
            self.cursor.space()
            if self.cursor.word() not in {"ALL", "PRIV", "SHARED"}:
                raise RemoteProtocolError("MODSEQ takes all, priv or shared")
            self.cursor.space()
        return ModseqKey(self.cursor.number())

    def object_id(self) -> str:
        return self.cursor.astring().decode("ascii", "replace")


_Maker = Callable[[_Parser, int], Key]


def _constants() -> dict[str, Key]:
    table: dict[str, Key] = {
        "ALL": Everything(),
        "OLD": Not(RecentKey()),  # RFC 3501 6.4.4
        "NEW": And((RecentKey(), FlagKey("SEEN", is_set=False))),
        "RECENT": RecentKey(),
        "SAVEDATESUPPORTED": Everything(),  # RFC 8514 4.3
    }
    for flag in _FLAGS:
        table[flag] = FlagKey(flag)
        table[f"UN{flag}"] = FlagKey(flag, is_set=False)
    return table


def _date_key(field: DateField, comparison: Comparison) -> _Maker:
    return lambda parser, _depth: DateKey(field, comparison, parser.date())


def _header_key(name: bytes) -> _Maker:
    return lambda parser, _depth: HeaderKey(name, parser.text())


def _with_argument() -> dict[str, _Maker]:
    table: dict[str, _Maker] = {
        "NOT": _Parser.negated,
        "OR": _Parser.either,
        "HEADER": _Parser.header,
        "UID": _Parser.uids,
        "MODSEQ": _Parser.modseq,
        "BODY": lambda parser, _depth: TextKey(parser.text(), with_header=False),
        "TEXT": lambda parser, _depth: TextKey(parser.text(), with_header=True),
        "KEYWORD": lambda parser, _depth: KeywordKey(parser.keyword()),
        "UNKEYWORD": lambda parser, _depth: KeywordKey(parser.keyword(), is_set=False),
        "SMALLER": lambda parser, _depth: SizeKey(Comparison.BEFORE, parser.cursor.number()),
        "LARGER": lambda parser, _depth: SizeKey(Comparison.SINCE, parser.cursor.number() + 1),
        "EMAILID": lambda parser, _depth: ObjectKey(parser.object_id()),
        "THREADID": lambda parser, _depth: ObjectKey(parser.object_id(), is_thread=True),
    }
    for prefix, field in _DATES.items():
        for comparison in Comparison:
            table[f"{prefix}{comparison.name}"] = _date_key(field, comparison)
    for name in _FIELDS:
        table[name] = _header_key(name.lower().encode())
    return table


_CONSTANTS = _constants()
_WITH_ARGUMENT = _with_argument()
