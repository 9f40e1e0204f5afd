"""RFC 9051 6.4.4."""

import pytest

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.imap.commands import search as s
from skrytka.protocol.imap.commands.table import parse
from skrytka.protocol.imap.cursor import Cursor
from skrytka.protocol.imap.sets import SequenceSet

DAY = 8797  # 1 February 1994


def search(data: bytes) -> s.Search:
    found = parse(Cursor(b"SEARCH " + data))
    assert isinstance(found, s.Search)
    return found


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"ALL", s.Everything()),
        (b"old", s.Not(s.RecentKey())),
        (b"NEW", s.And((s.RecentKey(), s.FlagKey("SEEN", is_set=False)))),
        (b"RECENT", s.RecentKey()),
        (b"SEEN", s.FlagKey("SEEN")),
        (b"UNDRAFT", s.FlagKey("DRAFT", is_set=False)),
        (b"KEYWORD $Junk", s.KeywordKey("$Junk")),
        (b"UNKEYWORD x", s.KeywordKey("x", is_set=False)),
        (b"1:3", s.NumberKey(SequenceSet(((1, 3),)))),
        (b"*", s.NumberKey(SequenceSet(((0, 0),)))),
        (b"$", s.NumberKey(SequenceSet(is_saved_result=True))),
        (b"UID 5", s.NumberKey(SequenceSet(((5, 5),)), is_uid=True)),
        (b"BEFORE 1-Feb-1994", s.DateKey(s.DateField.INTERNAL, s.Comparison.BEFORE, DAY)),
        (b'SENTON "1-Feb-1994"', s.DateKey(s.DateField.SENT, s.Comparison.ON, DAY)),
        (b"SAVEDSINCE 1-Feb-1994", s.DateKey(s.DateField.SAVED, s.Comparison.SINCE, DAY)),
        (b"LARGER 10", s.SizeKey(s.Comparison.SINCE, 11)),
        (b"SMALLER 10", s.SizeKey(s.Comparison.BEFORE, 10)),
        (b'FROM "Smith"', s.HeaderKey(b"from", "Smith")),
        (b'HEADER X-Foo ""', s.HeaderKey(b"x-foo", "")),
        ("BODY {4+}\r\nłó".encode(), s.TextKey("łó", with_header=False)),
        (b"TEXT x", s.TextKey("x", with_header=True)),
        (b"EMAILID Mabc", s.ObjectKey("Mabc")),
        (b"THREADID Tabc", s.ObjectKey("Tabc", is_thread=True)),
        (b"NOT SEEN", s.Not(s.FlagKey("SEEN"))),
        (b"OR SEEN NOT DELETED", s.Or(s.FlagKey("SEEN"), s.Not(s.FlagKey("DELETED")))),
        (b"(SEEN)", s.FlagKey("SEEN")),
        (b"SEEN (DRAFT ALL)", s.And((s.FlagKey("SEEN"), s.And((s.FlagKey("DRAFT"), s.Everything()))))),
        (b"SAVEDATESUPPORTED", s.Everything()),
    ],
)
def test_keys_are_read(data: bytes, key: s.Key) -> None:
    assert search(data).key == key


def test_return_options_are_read() -> None:
    assert search(b"ALL").returned is None
    assert search(b"RETURN () ALL").returned == frozenset({s.ReturnOption.ALL})
    wanted = frozenset({s.ReturnOption.MIN, s.ReturnOption.COUNT, s.ReturnOption.SAVE})
    assert search(b"RETURN (MIN count SAVE) ALL").returned == wanted


def test_the_charset_is_told_not_judged() -> None:
    assert search(b"CHARSET utf-8 TEXT x").charset == "UTF-8"
    assert search(b"CHARSET KOI8-R TEXT {1+}\r\n\xff").charset == "KOI8-R"


def test_uid_search_is_told_apart() -> None:
    found = parse(Cursor(b"UID SEARCH RETURN (ALL) CHARSET UTF-8 ALL"))
    assert isinstance(found, s.Search)
    assert found.is_uid


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"FOO",
        b"()",
        b"(SEEN",
        b"NOT",
        b"OR SEEN",
        b"FROM",
        b"HEADER x",
        b"BEFORE 1-Foo-1994",
        b"LARGER x",
        b"UID",
        b"RETURN (FOO) ALL",
        b"RETURN (MIN)",
        b"TEXT {1+}\r\n\xff",
        b"NOT " * 60 + b"ALL",
        b"(" * 60 + b"ALL" + b")" * 60,
        b"ALL" + b" ALL" * 2000,
        b"SEEN  DRAFT",
    ],
)
def test_wrong_keys_are_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        search(data)
