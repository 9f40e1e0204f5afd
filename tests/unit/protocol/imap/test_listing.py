"""RFC 9051 6.3.9 with its examples; RFC 3501 6.3.8, 6.3.9; RFC 6154."""

import time

import pytest

from skrytka.protocol.imap.commands.mailboxes import List
from skrytka.protocol.imap.commands.table import parse
from skrytka.protocol.imap.cursor import Cursor
from skrytka.protocol.imap.listing import PARENTS_MAX, Name, Pattern, lines, parents


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("*", "", True),
        ("*", "a/b", True),
        ("%", "a", True),
        ("%", "a/b", False),
        ("a/%", "a/b", True),
        ("a/%", "a/b/c", False),
        ("%/%", "a/b", True),
        ("*b", "a/b", True),
        ("%b", "a/b", False),
        ("a*c%e", "abc/d/cde", True),
        ("a%*%c", "a/b/c", True),
        ("a%%c", "a/c", False),
        ("abc", "abc", True),
        ("abc", "abcd", False),
        ("abc", "ab", False),
        ("", "", True),
        ("", "a", False),
        ("ł*", "łódź", True),
    ],
)
def test_patterns(pattern: str, name: str, expected: bool) -> None:
    assert Pattern(pattern).matches(name) is expected


def test_no_pattern_takes_long() -> None:
    pattern = Pattern("%*a" * 330 + "b")
    started = time.process_time()
    assert not pattern.matches("a" * 1000)
    assert time.process_time() - started < 0.5


def test_levels_above_a_name() -> None:
    assert list(parents("a/b/c")) == ["a", "a/b"]
    assert list(parents("a")) == list(parents("/a")) == []


# The hierarchy of RFC 9051 6.3.9.8.
FRUIT = [
    Name("INBOX", is_subscribed=True),
    Name("Fruit"),
    Name("Fruit/Apple"),
    Name("Fruit/Banana", is_subscribed=True),
    Name("Fruit/Peach", exists=False, is_subscribed=True),
    Name("Tofu"),
    Name("Vegetable", is_subscribed=True),
    Name("Vegetable/Broccoli", is_subscribed=True),
    Name("Vegetable/Corn"),
]
# And of its example 7.
FOO = [Name("INBOX"), Name("Foo"), Name("Foo/Bar"), Name("Foo/Baz", is_subscribed=True), Name("Moo")]
# Of examples 8 and 9.
EIGHT = [
    Name("INBOX"),
    Name("foo2"),
    *(Name(name, is_subscribed=True) for name in ("foo2/bar1", "foo2/bar2")),
    Name("baz2"),
    *(Name(name, is_subscribed=True) for name in ("baz2/bar2", "baz2/bar22", "baz2/bar222")),
    *(Name(name, is_subscribed=True) for name in ("eps2", "eps2/mamba", "qux2/bar2")),
]
NINE = [Name("foo"), Name("foo/bar", exists=False, is_subscribed=True)]
ORPHAN = [Name("INBOX"), Name("a/b/c"), Name("d", exists=False, is_subscribed=True)]
SPECIAL = [Name("INBOX"), Name("Sent", special_use="\\Sent"), Name("x/Trash", special_use="\\Trash")]


def shown(names: list[Name], command: str) -> dict[str, str]:
    found = parse(Cursor(command.encode()))
    assert isinstance(found, List)
    listed = lines(found, names)
    assert len({line.name for line in listed}) == len(listed)
    return {line.name: " ".join(line.attributes + line.child_info) for line in listed}


HAS, HAS_NO, SUB = "\\HasChildren", "\\HasNoChildren", "\\Subscribed"


@pytest.mark.parametrize(
    ("names", "command", "expected"),
    [
        (FRUIT, 'LIST "" %', {"INBOX": HAS_NO, "Fruit": HAS, "Tofu": HAS_NO, "Vegetable": HAS}),
        (
            FRUIT,
            'LIST (SUBSCRIBED) "" *',
            {
                "INBOX": f"{HAS_NO} {SUB}",
                "Fruit/Banana": f"{HAS_NO} {SUB}",
                "Fruit/Peach": f"\\NonExistent {HAS_NO} {SUB}",
                "Vegetable": f"{HAS} {SUB}",
                "Vegetable/Broccoli": f"{HAS_NO} {SUB}",
            },
        ),
        (
            FRUIT,
            'LIST (REMOTE) "" Fruit* RETURN (SUBSCRIBED)',
            {"Fruit": HAS, "Fruit/Apple": HAS_NO, "Fruit/Banana": f"{HAS_NO} {SUB}"},
        ),
        (
            EIGHT,  # RFC 9051 6.3.9.8, example 8
            'LIST (RECURSIVEMATCH SUBSCRIBED) "" "*2"',
            {
                "foo2": f"{HAS} SUBSCRIBED",
                "foo2/bar2": f"{HAS_NO} {SUB}",
                "baz2/bar2": f"{HAS_NO} {SUB}",
                "baz2/bar22": f"{HAS_NO} {SUB}",
                "baz2/bar222": f"{HAS_NO} {SUB}",
                "eps2": f"{HAS} {SUB} SUBSCRIBED",
                "qux2/bar2": f"{HAS_NO} {SUB}",
            },
        ),
        (
            EIGHT,
            'LIST (RECURSIVEMATCH SUBSCRIBED) "" "eps2*"',
            {"eps2": f"{HAS} {SUB} SUBSCRIBED", "eps2/mamba": f"{HAS_NO} {SUB}"},
        ),
        (NINE, 'LIST (SUBSCRIBED RECURSIVEMATCH) "" foo RETURN (CHILDREN)', {"foo": f"{HAS_NO} SUBSCRIBED"}),
        (
            [Name("a/Sent", is_subscribed=True, special_use="\\Sent")],
            'LIST (SPECIAL-USE SUBSCRIBED RECURSIVEMATCH) "" %',
            {"a": f"\\NonExistent {HAS} SUBSCRIBED SPECIAL-USE"},
        ),
        (FOO, 'LIST (SUBSCRIBED) "" %', {}),
        (FOO, 'LIST (SUBSCRIBED RECURSIVEMATCH) "" %', {"Foo": f"{HAS} SUBSCRIBED"}),
        (FOO, 'LIST (SUBSCRIBED RECURSIVEMATCH) "" *', {"Foo/Baz": f"{HAS_NO} {SUB}"}),
        (
            FRUIT,
            'LIST (SUBSCRIBED RECURSIVEMATCH) "" %',
            {
                "INBOX": f"{HAS_NO} {SUB}",
                "Fruit": f"{HAS} SUBSCRIBED",
                "Vegetable": f"{HAS} {SUB} SUBSCRIBED",
            },
        ),
        (ORPHAN, 'LIST "" %', {"INBOX": HAS_NO, "a": f"\\Noselect {HAS}"}),
        (ORPHAN, 'LIST "" (a%) RETURN (CHILDREN)', {"a": f"\\NonExistent {HAS}"}),
        (ORPHAN, 'LIST "" a/%', {"a/b": f"\\Noselect {HAS}"}),
        (ORPHAN, 'LSUB "" *', {"d": "\\Noselect"}),
        (FOO, 'LSUB "" %', {"Foo": "\\Noselect"}),
        (FOO, 'LSUB "" *', {"Foo/Baz": ""}),
        (SPECIAL, 'LIST (SPECIAL-USE) "" *', {"Sent": f"{HAS_NO} \\Sent", "x/Trash": f"{HAS_NO} \\Trash"}),
        (
            SPECIAL,
            'LIST (SPECIAL-USE RECURSIVEMATCH) "" %',
            {"Sent": f"{HAS_NO} \\Sent", "x": f"\\NonExistent {HAS} SPECIAL-USE"},
        ),
        (SPECIAL, 'LIST (SPECIAL-USE SUBSCRIBED) "" *', {}),
        (FRUIT, "LIST Fruit/ %", {"Fruit/Apple": HAS_NO, "Fruit/Banana": HAS_NO}),
        (FRUIT, 'LIST "" (inbox tofu Tofu)', {"INBOX": HAS_NO, "Tofu": HAS_NO}),
        (FRUIT, 'LIST "" ("") RETURN ()', {}),
        (FRUIT, 'LIST "" InB%', {"INBOX": HAS_NO}),
    ],
)
def test_lists(names: list[Name], command: str, expected: dict[str, str]) -> None:
    assert shown(names, command) == expected


def test_who_is_shown_for_what_is_below_is_not_selected() -> None:
    """RFC 9051 6.3.9.8, example 11: there is no STATUS of it."""
    command = parse(Cursor(b'LIST (SUBSCRIBED RECURSIVEMATCH) "" % RETURN (STATUS (MESSAGES))'))
    assert isinstance(command, List)
    assert {line.name: line.is_selected for line in lines(command, FRUIT)} == {
        "INBOX": True,
        "Fruit": False,
        "Vegetable": True,
    }


@pytest.mark.parametrize("exists", [True, False])
def test_ten_thousand_deep_names_take_no_time_and_memory_to_speak_of(exists: bool) -> None:
    """Half a million levels took 35 s of the processor and 600 MB."""
    names = [Name(f"{number:05d}" + "/a" * 49, exists=exists, is_subscribed=True) for number in range(10_000)]
    started = time.process_time()
    found = lines(List(reference="", patterns=("*",), is_lsub=not exists), names)
    assert time.process_time() - started < 5
    assert len(names) <= len(found) < len(names) + PARENTS_MAX + 50
