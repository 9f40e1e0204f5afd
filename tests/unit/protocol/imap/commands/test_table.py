"""Every command that a state allows can be read, and the other way round."""

import pytest

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.imap.commands.base import Command
from skrytka.protocol.imap.commands.session import Noop
from skrytka.protocol.imap.commands.table import PARSERS, UID_PARSERS, parse
from skrytka.protocol.imap.cursor import Cursor

ARGUMENTS = {
    "ID": b" NIL",
    "LOGIN": b" a b",
    "AUTHENTICATE": b" PLAIN",
    "ENABLE": b" X",
    "RENAME": b" a b",
    "STATUS": b" a (MESSAGES)",
    "LIST": b' "" *',
    "LSUB": b' "" *',
    "STORE": b" 1 FLAGS ()",
    "COPY": b" 1 a",
    "MOVE": b" 1 a",
    "FETCH": b" 1 FLAGS",
    "SEARCH": b" ALL",
    "UID": b" FETCH 1 FLAGS",
} | dict.fromkeys(("SELECT", "EXAMINE", "CREATE", "DELETE", "SUBSCRIBE", "UNSUBSCRIBE"), b" a")


@pytest.mark.parametrize("word", [word for word in PARSERS if word != "APPEND"])  # it is read by the engine
def test_every_command_has_a_shape(word: str) -> None:
    assert isinstance(parse(Cursor(word.lower().encode() + ARGUMENTS.get(word, b""))), Command)


@pytest.mark.parametrize("word", UID_PARSERS)
def test_every_uid_command_has_a_shape(word: str) -> None:
    assert isinstance(parse(Cursor(b"UID " + word.encode() + ARGUMENTS.get(word, b" 1"))), Command)


def test_case_does_not_matter_and_rubbish_does() -> None:
    assert parse(Cursor(b"nOoP")) == Noop()
    for wrong in (b"NOOP NOOP", b"FOO", b"UID FOO 1", b"\xff", b"APPEND a b", b"APPEND a {1}\r\nx"):
        with pytest.raises(RemoteProtocolError):
            parse(Cursor(wrong))
