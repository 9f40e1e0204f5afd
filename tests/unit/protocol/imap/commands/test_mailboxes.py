"""RFC 9051 6.3, RFC 5258, RFC 5819, RFC 6154."""

import pytest

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.imap.commands import mailboxes as m
from skrytka.protocol.imap.commands.base import Command
from skrytka.protocol.imap.commands.table import parse
from skrytka.protocol.imap.cursor import Cursor

CASES: list[tuple[bytes, Command]] = [
    (b"SELECT inbox", m.Select("INBOX", spelled="inbox")),
    ('SELECT "o\u0308"'.encode(), m.Select("ö", spelled="o\u0308")),
    ('DELETE "o\u0308"'.encode(), m.Delete("ö", "o\u0308")),
    ('CREATE "o\u0308"'.encode(), m.Create("ö", spelled="o\u0308")),
    (b"RENAME a inbox/a", m.Rename("a", "INBOX/a", "a")),
    (b"RENAME Inbox a", m.Rename("INBOX", "a", "Inbox")),
    (b'LIST "" ("&" a)', m.List(reference="", patterns=("a",), is_extended=True)),
    (b'LIST & "a"', m.List(reference="", patterns=())),
    (b'LSUB "" &', m.List(reference="", patterns=(), is_lsub=True)),
    (b"EXAMINE {3+}\r\na b", m.Select("a b", is_read_only=True)),
    (b'CREATE "Wys&AUI-ane"', m.Create("Wysłane")),
    (b"DELETE a", m.Delete("a")),
    (b"RENAME a b", m.Rename("a", "b")),
    (b"SUBSCRIBE a", m.Subscribe("a")),
    (b"UNSUBSCRIBE a", m.Subscribe("a", is_wanted=False)),
    (b"NAMESPACE", m.Namespace()),
    (b"STATUS a (MESSAGES unseen MESSAGES)", m.Status("a", (m.StatusItem.MESSAGES, m.StatusItem.UNSEEN))),
    (b'LSUB "" *', m.List(reference="", patterns=("*",), is_lsub=True)),
    (b'LIST "" ""', m.List(reference="", patterns=("",))),
    (b"LIST a/ %", m.List(reference="a/", patterns=("%",))),
    (b'LIST "" (INBOX "a b/%")', m.List(reference="", patterns=("INBOX", "a b/%"), is_extended=True)),
    (
        b'LIST (SUBSCRIBED RECURSIVEMATCH REMOTE) "" *',
        m.List(reference="", patterns=("*",), is_extended=True, select_subscribed=True, is_recursive_match=True),
    ),
    (
        b'LIST (SPECIAL-USE) "" * RETURN (SUBSCRIBED CHILDREN SPECIAL-USE STATUS (UIDNEXT))',
        m.List(
            reference="",
            patterns=("*",),
            is_extended=True,
            select_special_use=True,
            return_subscribed=True,
            return_children=True,
            return_special_use=True,
            return_status=(m.StatusItem.UIDNEXT,),
        ),
    ),
    (b'LIST () "" * RETURN ()', m.List(reference="", patterns=("*",), is_extended=True)),
    (b"CREATE a (USE (\\Sent \\All))", m.Create("a", ("\\Sent", "\\All"))),
    (b"CREATE a (USE ())", m.Create("a")),
]
APPENDS: list[tuple[bytes, m.Append | None]] = [
    (b" a {2+}\r\n", m.Append("a", (), None, 2)),
    (
        b' a (\\Seen $x) " 1-Feb-1994 00:00:00 +0000" {0}\r\n',
        m.Append("a", (b"\\Seen", b"$x"), 760_060_800_000, 0),
    ),
    (b" {3}\r\nA b () ~{7}\r\n", m.Append("A b", (), None, 7)),
    (b" a UTF8 (~{7+}\r\n", m.Append("a", (), None, 7, is_utf8=True)),
    (b" {3}\r\n", None),  # the name is still to come
]


@pytest.mark.parametrize(("data", "expected"), APPENDS)
def test_append_is_read_before_its_message(data: bytes, expected: m.Append | None) -> None:
    assert m.parse_append(Cursor(data)) == expected


@pytest.mark.parametrize(("data", "command"), CASES)
def test_commands_are_read(data: bytes, command: Command) -> None:
    assert parse(Cursor(data)) == command


@pytest.mark.parametrize(
    "data",
    [
        b"SELECT",
        b"SELECT a b",
        b"SELECT &a",
        b"RENAME a",
        b"STATUS a",
        b"STATUS a ()",
        b"STATUS a (FOO)",
        b"STATUS a (MESSAGES",
        b'LIST ""',
        b'LIST (RECURSIVEMATCH) "" *',
        b'LIST (RECURSIVEMATCH REMOTE) "" *',
        b'LIST (FOO) "" *',
        b'LIST "" * RETURN (FOO)',
        b'LIST "" * FOO (CHILDREN)',
        b'LIST "" ()',
        b'LIST "" (' + b" ".join([b"a"] * 21) + b")",
        b"APPEND a b",
        b'APPEND a "no date" {2+}\r\nhi',
    ],
)
def test_wrong_arguments_are_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse(Cursor(data))


def test_after_enable_names_are_utf8() -> None:
    assert parse(Cursor('SELECT "ł&"'.encode(), is_utf8=True)) == m.Select("ł&")
