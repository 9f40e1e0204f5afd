"""RFC 9051 6.4."""

import pytest

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.imap.commands import messages as m
from skrytka.protocol.imap.commands.base import Command
from skrytka.protocol.imap.commands.table import parse
from skrytka.protocol.imap.cursor import Cursor
from skrytka.protocol.imap.sets import SequenceSet

ONE = SequenceSet(((1, 1),))
SEEN = (b"\\Seen",)

CASES: list[tuple[bytes, Command]] = [
    (b"CHECK", m.Check()),
    (b"CLOSE", m.Close()),
    (b"UNSELECT", m.Unselect()),
    (b"EXPUNGE", m.Expunge()),
    (b"UID EXPUNGE 1", m.Expunge(ONE)),
    (
        b"STORE 1 +FLAGS (\\Seen)",
        m.Store(messages=ONE, is_uid=False, mode=m.StoreMode.ADD, is_silent=False, flags=SEEN),
    ),
    (
        b"uid store 1 -flags.silent \\Seen",
        m.Store(messages=ONE, is_uid=True, mode=m.StoreMode.REMOVE, is_silent=True, flags=SEEN),
    ),
    (
        b"STORE 1 FLAGS ()",
        m.Store(messages=ONE, is_uid=False, mode=m.StoreMode.REPLACE, is_silent=False, flags=()),
    ),
    (
        b"STORE 1 FLAGS \\Seen $x",
        m.Store(messages=ONE, is_uid=False, mode=m.StoreMode.REPLACE, is_silent=False, flags=(b"\\Seen", b"$x")),
    ),
    (b"COPY 1 a", m.Copy(messages=ONE, is_uid=False, mailbox="a")),
    (b"UID COPY 1 a", m.Copy(messages=ONE, is_uid=True, mailbox="a")),
    (b"MOVE 1 a", m.Copy(messages=ONE, is_uid=False, mailbox="a", is_move=True)),
    (b"UID MOVE $ a", m.Copy(messages=SequenceSet(is_saved_result=True), is_uid=True, mailbox="a", is_move=True)),
]


@pytest.mark.parametrize(("data", "command"), CASES)
def test_commands_are_read(data: bytes, command: Command) -> None:
    assert parse(Cursor(data)) == command


@pytest.mark.parametrize(
    "data",
    [
        b"STORE 1 FOO (\\Seen)",
        b"STORE 1 FLAGS.LOUD (\\Seen)",
        b"STORE 1 FLAGS. (\\Seen)",
        b"STORE 1 FLAGS",
        b"STORE a FLAGS ()",
        b"STORE 1 FLAGS (\\Seen) x",
        b"COPY 1",
        b"UID NOOP",
        b"UID EXPUNGE",
        b"UID",
    ],
)
def test_wrong_arguments_are_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse(Cursor(data))
