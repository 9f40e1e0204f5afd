"""Commands about mailboxes as wholes (RFC 9051 6.3)."""

from enum import StrEnum

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.imap.commands.base import Command
from skrytka.protocol.imap.cursor import Cursor
from skrytka.protocol.imap.dates import parse_date_time

PATTERNS_MAX = 20  # each is compared with every name of the account


class StatusItem(StrEnum):
    """RFC 9051 6.3.11; RFC 3501 6.3.10: RECENT; RFC 8474 4.3: MAILBOXID; RFC 7162 3.1.7: HIGHESTMODSEQ."""

    MESSAGES = "MESSAGES"
    UIDNEXT = "UIDNEXT"
    UIDVALIDITY = "UIDVALIDITY"
    UNSEEN = "UNSEEN"
    DELETED = "DELETED"
    SIZE = "SIZE"
    RECENT = "RECENT"
    MAILBOXID = "MAILBOXID"
    HIGHESTMODSEQ = "HIGHESTMODSEQ"


class Select(Command, frozen=True):
    """``spelled`` is what the client wrote, here and in others, if that is not the name; else ""."""

    mailbox: str
    is_read_only: bool = False  # EXAMINE
    is_condstore: bool = False  # RFC 7162 3.1.8
    spelled: str = ""


class Create(Command, frozen=True):
    """``special_uses`` as written (RFC 6154 3)."""

    mailbox: str
    special_uses: tuple[str, ...] = ()
    spelled: str = ""


class Delete(Command, frozen=True):
    mailbox: str
    spelled: str = ""


class Rename(Command, frozen=True):
    """``spelled`` is the old name as written if either of them is spelled otherwise (RFC 9051 6.3.6)."""

    mailbox: str
    new_name: str
    spelled: str = ""


class Subscribe(Command, frozen=True):
    mailbox: str
    is_wanted: bool = True  # UNSUBSCRIBE: False


class Namespace(Command, frozen=True):
    pass


class Status(Command, frozen=True):
    mailbox: str
    items: tuple[StatusItem, ...]


class List(Command, frozen=True, kw_only=True):
    """LIST in basic and extended form (RFC 9051 6.3.9, RFC 5258), and LSUB (RFC 3501 6.3.9)."""

    reference: str
    patterns: tuple[str, ...]
    is_extended: bool = False
    is_lsub: bool = False
    select_subscribed: bool = False
    select_special_use: bool = False  # RFC 6154 2
    is_recursive_match: bool = False
    return_subscribed: bool = False
    return_children: bool = False
    return_special_use: bool = False
    return_status: tuple[StatusItem, ...] = ()


class Append(Command, frozen=True):
    """APPEND up to its message, which follows as a literal (RFC 9051 6.3.12; RFC 6855 4: ``UTF8 (~{n}``)."""

    mailbox: str
    flags: tuple[bytes, ...]
    internal_date_ms: int | None
    size_bytes: int
    is_utf8: bool = False
    spelled: str = ""


def parse_mailbox(cursor: Cursor) -> str:
    cursor.space()
    return cursor.mailbox()


def _spelled_mailbox(cursor: Cursor) -> tuple[str, str]:
    cursor.space()
    return cursor.spelled_mailbox()


def parse_select(cursor: Cursor, *, is_read_only: bool) -> Select:
    mailbox, spelled = _spelled_mailbox(cursor)
    is_condstore = False
    if not cursor.is_at_end:
        cursor.space()
        cursor.expect(b"(")
        if not cursor.skip_word(b"CONDSTORE"):
            raise RemoteProtocolError("SELECT does not know that parameter")  # RFC 4466 2.1
        cursor.expect(b")")
        is_condstore = True
    return Select(mailbox, is_read_only=is_read_only, is_condstore=is_condstore, spelled=spelled)


def parse_create(cursor: Cursor) -> Create:
    mailbox, spelled = _spelled_mailbox(cursor)
    if cursor.is_at_end:
        return Create(mailbox, spelled=spelled)
    cursor.space()
    cursor.expect(b"(")
    if not cursor.skip_word(b"USE"):
        raise RemoteProtocolError("CREATE does not know that parameter")  # RFC 4466 2.2
    cursor.space()
    uses = tuple(flag.decode("ascii") for flag in flag_list(cursor))
    cursor.expect(b")")
    return Create(mailbox, uses, spelled)


def parse_delete(cursor: Cursor) -> Delete:
    return Delete(*_spelled_mailbox(cursor))


def parse_rename(cursor: Cursor) -> Rename:
    mailbox, spelled = _spelled_mailbox(cursor)
    new_name, new_spelled = _spelled_mailbox(cursor)
    return Rename(mailbox, new_name, spelled or (mailbox if new_spelled else ""))


def status_items(cursor: Cursor) -> tuple[StatusItem, ...]:
    found: dict[StatusItem, None] = {}
    more = cursor.open_list()
    count = 0
    while more:
        word = cursor.word()
        try:
            found[StatusItem(word)] = None
        except ValueError:
            raise RemoteProtocolError("STATUS does not know that item") from None
        count += 1
        more = cursor.next_item(count)
    if not found:
        raise RemoteProtocolError("STATUS needs an item")
    return tuple(found)


def parse_status(cursor: Cursor) -> Status:
    mailbox = parse_mailbox(cursor)
    cursor.space()
    return Status(mailbox, status_items(cursor))


def parse_lsub(cursor: Cursor) -> List:
    cursor.space()
    reference = cursor.reference()
    cursor.space()
    return List(reference=reference or "", patterns=_possible(reference, [cursor.list_mailbox()]), is_lsub=True)


def parse_list(cursor: Cursor) -> List:
    cursor.space()
    is_extended = False
    selection: set[str] = set()
    if cursor.peek() == b"(":
        is_extended = True
        selection = _words(cursor, {"SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"})
        cursor.space()
    if "RECURSIVEMATCH" in selection and not selection & {"SUBSCRIBED", "SPECIAL-USE"}:
        raise RemoteProtocolError("RECURSIVEMATCH needs another selection option")  # RFC 9051 6.3.9.1
    reference = cursor.reference()
    cursor.space()
    is_extended = is_extended or cursor.peek() == b"("
    patterns = _possible(reference, _patterns(cursor))
    returned: set[str] = set()
    status: tuple[StatusItem, ...] = ()
    if not cursor.is_at_end:
        is_extended = True
        returned, status = _return_options(cursor)
    return List(
        reference=reference or "",
        patterns=patterns,
        is_extended=is_extended,
        select_subscribed="SUBSCRIBED" in selection,
        select_special_use="SPECIAL-USE" in selection,
        is_recursive_match="RECURSIVEMATCH" in selection,
        return_subscribed="SUBSCRIBED" in returned,
        return_children="CHILDREN" in returned,
        return_special_use="SPECIAL-USE" in returned,
        return_status=status,
    )


def _words(cursor: Cursor, known: set[str]) -> set[str]:
    found: set[str] = set()
    more = cursor.open_list()
    count = 0
    while more:
        word = cursor.word()
        if word not in known:
            raise RemoteProtocolError("LIST does not know that option")  # RFC 9051 6.3.9: BAD
        found.add(word)
        count += 1
        more = cursor.next_item(count)
    return found


def _possible(reference: str | None, patterns: list[str | None]) -> tuple[str, ...]:
    """RFC 9051 6.3.9: a pattern that can match nothing is passed over, the answer is OK."""
    return () if reference is None else tuple(pattern for pattern in patterns if pattern is not None)


def _patterns(cursor: Cursor) -> list[str | None]:
    if cursor.peek() != b"(":
        return [cursor.list_mailbox()]
    found: list[str | None] = []
    more = cursor.open_list()
    while more:
        found.append(cursor.list_mailbox())
        if len(found) > PATTERNS_MAX:
            raise RemoteProtocolError("LIST has too many patterns")
        more = cursor.next_item(len(found))
    if not found:
        raise RemoteProtocolError("LIST needs a pattern")
    return found


def _return_options(cursor: Cursor) -> tuple[set[str], tuple[StatusItem, ...]]:
    cursor.space()
    if not cursor.skip_word(b"RETURN"):
        raise RemoteProtocolError("RETURN is expected")
    cursor.space()
    found: set[str] = set()
    status: tuple[StatusItem, ...] = ()
    more = cursor.open_list()
    count = 0
    while more:
        word = cursor.word()
        if word == "STATUS":  # RFC 5819 2
            cursor.space()
            status = status_items(cursor)
        elif word in {"SUBSCRIBED", "CHILDREN", "SPECIAL-USE"}:
            found.add(word)
        else:
            raise RemoteProtocolError("LIST does not know that option")
        count += 1
        more = cursor.next_item(count)
    return found, status


def flag_list(cursor: Cursor) -> tuple[bytes, ...]:
    """Flags in parentheses; there may be none."""
    found: list[bytes] = []
    more = cursor.open_list()
    while more:
        found.append(cursor.flag())
        more = cursor.next_item(len(found))
    return tuple(found)


def parse_append(cursor: Cursor) -> Append | None:
    """Behind the word APPEND, up to a literal; None when that literal is the name of the mailbox."""
    cursor.space()
    if cursor.announced_literal() is not None:
        return None
    mailbox, spelled = cursor.spelled_mailbox()
    cursor.space()
    flags: tuple[bytes, ...] = ()
    if cursor.peek() == b"(":
        flags = flag_list(cursor)
        cursor.space()
    date_ms: int | None = None
    if cursor.peek() == b'"':
        date_ms = parse_date_time(cursor.string())
        cursor.space()
    is_utf8 = cursor.skip_word(b"UTF8")
    if is_utf8:
        cursor.space()
        cursor.expect(b"(")
    size = cursor.announced_literal()
    if size is None:
        raise RemoteProtocolError("the message is expected as a literal")
    return Append(mailbox, flags, date_ms, size, is_utf8, spelled)


def parse_whole_append(cursor: Cursor) -> Append:
    """An APPEND that has no literal for its message: it says what is wrong."""
    parse_append(cursor)
    raise RemoteProtocolError("the message is expected as a literal")
