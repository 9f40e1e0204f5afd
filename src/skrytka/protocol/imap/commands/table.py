"""From the first word of a command to its parser; what is not here is unknown."""

from collections.abc import Callable

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.imap.commands import fetch, mailboxes, messages, search, session
from skrytka.protocol.imap.commands.base import Command
from skrytka.protocol.imap.cursor import Cursor

Parser = Callable[[Cursor], Command]


def _uid_expunge(cursor: Cursor) -> Command:
    cursor.space()
    return messages.Expunge(cursor.sequence_set())


UID_PARSERS: dict[str, Parser] = {  # RFC 9051 6.4.9
    "STORE": lambda cursor: messages.parse_store(cursor, is_uid=True),
    "COPY": lambda cursor: messages.parse_copy(cursor, is_uid=True, is_move=False),
    "MOVE": lambda cursor: messages.parse_copy(cursor, is_uid=True, is_move=True),
    "FETCH": lambda cursor: fetch.parse_fetch(cursor, is_uid=True),
    "SEARCH": lambda cursor: search.parse_search(cursor, is_uid=True),
    "EXPUNGE": _uid_expunge,
}


def _uid(cursor: Cursor) -> Command:
    cursor.space()
    parser = UID_PARSERS.get(cursor.word())
    if parser is None:
        raise RemoteProtocolError("UID does not know that command")
    return parser(cursor)


PARSERS: dict[str, Parser] = {
    "CAPABILITY": lambda _: session.Capability(),
    "NOOP": lambda _: session.Noop(),
    "LOGOUT": lambda _: session.Logout(),
    "STARTTLS": lambda _: session.StartTls(),
    "IDLE": lambda _: session.Idle(),
    "ID": session.parse_id,
    "LOGIN": session.parse_login,
    "AUTHENTICATE": session.parse_authenticate,
    "ENABLE": session.parse_enable,
    "SELECT": lambda cursor: mailboxes.parse_select(cursor, is_read_only=False),
    "EXAMINE": lambda cursor: mailboxes.parse_select(cursor, is_read_only=True),
    "CREATE": mailboxes.parse_create,
    "DELETE": mailboxes.parse_delete,
    "RENAME": mailboxes.parse_rename,
    "SUBSCRIBE": lambda cursor: mailboxes.Subscribe(mailboxes.parse_mailbox(cursor)),
    "UNSUBSCRIBE": lambda cursor: mailboxes.Subscribe(mailboxes.parse_mailbox(cursor), is_wanted=False),
    "NAMESPACE": lambda _: mailboxes.Namespace(),
    "STATUS": mailboxes.parse_status,
    "LIST": mailboxes.parse_list,
    "LSUB": mailboxes.parse_lsub,
    "APPEND": mailboxes.parse_whole_append,
    "CHECK": lambda _: messages.Check(),
    "CLOSE": lambda _: messages.Close(),
    "UNSELECT": lambda _: messages.Unselect(),
    "EXPUNGE": lambda _: messages.Expunge(),
    "STORE": lambda cursor: messages.parse_store(cursor, is_uid=False),
    "COPY": lambda cursor: messages.parse_copy(cursor, is_uid=False, is_move=False),
    "MOVE": lambda cursor: messages.parse_copy(cursor, is_uid=False, is_move=True),
    "FETCH": lambda cursor: fetch.parse_fetch(cursor, is_uid=False),
    "SEARCH": lambda cursor: search.parse_search(cursor, is_uid=False),
    "UID": _uid,
}


def parse(cursor: Cursor) -> Command:
    """The command behind the tag and its space; RemoteProtocolError says what is wrong with it."""
    parser = PARSERS.get(cursor.word())
    if parser is None:
        raise RemoteProtocolError("unknown command")
    command = parser(cursor)
    cursor.end()
    return command
