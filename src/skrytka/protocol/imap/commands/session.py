"""Commands about the session itself (RFC 9051 6.1, 6.2, 6.3.1, 6.3.13; RFC 2971)."""

from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.imap.commands.base import Command
from skrytka.protocol.imap.cursor import Cursor
from skrytka.protocol.sasl import base64

ID_FIELDS_MAX = 30  # RFC 2971 3.3
ID_FIELD_BYTES = 30
ID_VALUE_BYTES = 1024


class Capability(Command, frozen=True):
    pass


class Noop(Command, frozen=True):
    pass


class Logout(Command, frozen=True):
    pass


class StartTls(Command, frozen=True):
    pass


class Idle(Command, frozen=True):
    pass


class Id(Command, frozen=True):
    """What the client says it is; from outside and unproven."""

    fields: tuple[tuple[str, str], ...] = ()


class Login(Command, frozen=True):
    name: str
    password: Secret


class Authenticate(Command, frozen=True):
    """``initial`` is the initial response (RFC 4959 3); None if there is none, an empty Secret for ``=``."""

    mechanism: str
    initial: Secret | None = None


class Enable(Command, frozen=True):
    capabilities: tuple[str, ...]


def parse_id(cursor: Cursor) -> Id:
    cursor.space()
    if cursor.skip_word(b"NIL"):
        return Id()
    fields: list[tuple[str, str]] = []
    more = cursor.open_list()
    while more:
        name = cursor.string()
        cursor.space()
        value = cursor.nstring() or b""
        if len(name) > ID_FIELD_BYTES or len(value) > ID_VALUE_BYTES or len(fields) >= ID_FIELDS_MAX:
            raise RemoteProtocolError("ID has more than RFC 2971 allows")
        fields.append((name.decode("utf-8", "replace"), value.decode("utf-8", "replace")))
        more = cursor.next_item(len(fields))
    return Id(tuple(fields))


def parse_login(cursor: Cursor) -> Login:
    cursor.space()
    name = cursor.astring()
    cursor.space()
    password = cursor.astring()
    try:
        return Login(name.decode(), Secret(password))
    except UnicodeDecodeError:
        raise RemoteProtocolError("the name is not UTF-8") from None


def parse_authenticate(cursor: Cursor) -> Authenticate:
    cursor.space()
    mechanism = cursor.word()
    if cursor.is_at_end:
        return Authenticate(mechanism)
    cursor.space()
    if cursor.skip(b"="):  # RFC 4959 3: an empty initial response
        return Authenticate(mechanism, Secret(b""))
    initial = base64.decode(cursor.data[cursor.position :])
    cursor.position = len(cursor.data)
    return Authenticate(mechanism, initial)


def parse_enable(cursor: Cursor) -> Enable:
    found: list[str] = []
    while not found or not cursor.is_at_end:
        cursor.space()
        found.append(cursor.word())
    return Enable(tuple(found))
