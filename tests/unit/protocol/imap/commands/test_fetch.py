"""RFC 9051 6.4.5."""

import pytest

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.imap.commands.fetch import BinaryItem, BodyItem, Fetch, FetchItem, Item, Section, Text
from skrytka.protocol.imap.commands.table import parse
from skrytka.protocol.imap.cursor import Cursor


def items(data: bytes) -> tuple[Item, ...]:
    found = parse(Cursor(data))
    assert isinstance(found, Fetch)
    return found.items


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"FETCH 1 FLAGS", (FetchItem.FLAGS,)),
        (b"FETCH 1 (flags uid FLAGS)", (FetchItem.FLAGS, FetchItem.UID)),
        (b"FETCH 1 FAST", (FetchItem.FLAGS, FetchItem.INTERNALDATE, FetchItem.SIZE)),
        (
            b"FETCH 1 FULL",
            (FetchItem.FLAGS, FetchItem.INTERNALDATE, FetchItem.SIZE, FetchItem.ENVELOPE, FetchItem.BODY),
        ),
        (
            b"UID FETCH 1 ALL",
            (FetchItem.UID, FetchItem.FLAGS, FetchItem.INTERNALDATE, FetchItem.SIZE, FetchItem.ENVELOPE),
        ),
        (b"UID FETCH 1 (UID BODYSTRUCTURE)", (FetchItem.UID, FetchItem.BODYSTRUCTURE)),
        (b"FETCH 1 (EMAILID THREADID SAVEDATE)", (FetchItem.EMAILID, FetchItem.THREADID, FetchItem.SAVEDATE)),
    ],
)
def test_items_without_arguments(data: bytes, expected: tuple[Item, ...]) -> None:
    assert items(data) == expected


@pytest.mark.parametrize(
    ("item", "label", "section", "partial", "is_peek"),
    [
        (b"BODY[]", b"BODY[]", Section(), None, False),
        (b"body.peek[header]", b"BODY[HEADER]", Section("", Text.HEADER), None, True),
        (b"BODY[TEXT]<0.100>", b"BODY[TEXT]", Section("", Text.TEXT), (0, 100), False),
        (b"BODY[2.1]", b"BODY[2.1]", Section("2.1"), None, False),
        (b"BODY[2.1.mime]", b"BODY[2.1.MIME]", Section("2.1", Text.MIME), None, False),
        (b"BODY[12.HEADER]", b"BODY[12.HEADER]", Section("12", Text.HEADER), None, False),
        (
            b'BODY.PEEK[HEADER.FIELDS (Date "FROM")]',
            b"BODY[HEADER.FIELDS (Date FROM)]",
            Section("", Text.FIELDS, frozenset({b"date", b"from"})),
            None,
            True,
        ),
        (
            b"BODY[3.HEADER.FIELDS.NOT (X)]<5.1>",
            b"BODY[3.HEADER.FIELDS.NOT (X)]",
            Section("3", Text.FIELDS_NOT, frozenset({b"x"})),
            (5, 1),
            False,
        ),
        (b"RFC822", b"RFC822", Section(), None, False),
        (b"RFC822.HEADER", b"RFC822.HEADER", Section("", Text.HEADER), None, True),
        (b"RFC822.TEXT", b"RFC822.TEXT", Section("", Text.TEXT), None, False),
    ],
)
def test_sections_and_partials(
    item: bytes, label: bytes, section: Section, partial: tuple[int, int] | None, is_peek: bool
) -> None:
    assert items(b"FETCH 1 " + item) == (BodyItem(label=label, section=section, partial=partial, is_peek=is_peek),)
    assert items(b"FETCH 1 (" + item + b")") == items(b"FETCH 1 " + item)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (b"BINARY[1]", BinaryItem(label=b"BINARY[1]", part="1")),
        (b"BINARY.PEEK[1.2]<3.4>", BinaryItem(label=b"BINARY[1.2]", part="1.2", partial=(3, 4), is_peek=True)),
        (b"BINARY.SIZE[1]", BinaryItem(label=b"BINARY.SIZE[1]", part="1", is_peek=True, is_size=True)),
        (b"BINARY[]", BinaryItem(label=b"BINARY[]", part="")),
    ],
)
def test_binary(item: bytes, expected: BinaryItem) -> None:
    assert items(b"FETCH 1 " + item) == (expected,)


@pytest.mark.parametrize(
    "item",
    [
        b"",
        b"()",
        b"FOO",
        b"ALL FLAGS",
        b"(FAST FLAGS)",
        b"BODY[",
        b"BODY[]x",
        b"BODY[FOO]",
        b"BODY[MIME]",
        b"BODY[1MIME]",
        b"BODY[12MIME]",
        b"BODY[.HEADER]",
        b"BODY[1.]",
        b"BODY[0]",
        b"BODY[1..2]",
        b"BODY[HEADER.FIELDS]",
        b"BODY[HEADER.FIELDS ()]",
        b'BODY[HEADER.FIELDS ("a b")]',
        b'BODY[HEADER.FIELDS ("a:")]',
        b"BODY[HEADER.FIELDS (" + b" ".join([b"a"] * 201) + b")]",
        b"BODY[]<0>",
        b"BODY[]<0.0>",
        b"BODY[]<a.b>",
        b"BODY[]<0.9223372036854775808>",
        b"BODY.PEEK",
        b"BINARY",
        b"BINARY[TEXT]",
        b"BINARY.SIZE[1]<0.1>",
        b"BODY[" + b".".join([b"1"] * 41) + b"]",
        b"FLAGS[]",
    ],
)
def test_wrong_items_are_refused(item: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse(Cursor(b"FETCH 1 " + item))
