"""Which names a LIST or LSUB shows, and with which attributes (RFC 9051 6.3.9, RFC 3501 6.3.9, RFC 5258, RFC 6154)."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from skrytka.protocol.imap.commands.mailboxes import List

SEPARATOR = "/"
OTHERS = "Other Users/"  # RFC 2342 5: mailboxes of others, below their addresses
PARENTS_MAX = 20_000  # above the names of an account; ten thousand deep names can have half a million
_INBOX = "INBOX"


class Name(msgspec.Struct, frozen=True):
    """One mailbox or subscribed name of an account."""

    name: str
    exists: bool = True
    is_subscribed: bool = False
    special_use: str = ""


class Line(msgspec.Struct, frozen=True):
    """One LIST response."""

    name: str
    attributes: tuple[str, ...]
    exists: bool
    child_info: tuple[str, ...] = ()  # RFC 9051 6.3.9.6
    is_selected: bool = True  # False: shown for what is below it only, there is no STATUS of it (6.3.9.8, example 11)


class Pattern:
    """A LIST pattern as a set of states moved by each character: linear, however many wildcards there are."""

    __slots__ = ("_accept", "_any", "_level", "_literals")

    def __init__(self, pattern: str) -> None:
        self._any = self._level = 0  # bits of "*" and of "%"
        self._literals: dict[str, int] = {}
        bit = 1
        for char in _collapsed(pattern):
            if char == "*":
                self._any |= bit
            elif char == "%":
                self._level |= bit
            else:
                self._literals[char] = self._literals.get(char, 0) | bit
            bit <<= 1
        self._accept = bit

    def matches(self, name: str) -> bool:
        wild = self._any | self._level
        states = 1
        states |= (states & wild) << 1
        for char in name:
            moved = (states & self._literals.get(char, 0)) << 1
            moved |= states & (self._any if char == SEPARATOR else wild)
            states = moved | (moved & wild) << 1
            if not states:
                return False
        return bool(states & self._accept)


def _collapsed(pattern: str) -> Iterator[str]:
    """Wildcards side by side are one: ``*`` if any of them is. No two wildcards follow each other then."""
    wild = ""
    for char in pattern:
        if char in "*%":
            wild = "*" if "*" in (wild, char) else "%"
            continue
        if wild:
            yield wild
            wild = ""
        yield char
    if wild:
        yield wild


class _Patterns:
    """All patterns of a command; INBOX is matched whatever the case (RFC 9051 6.3.9)."""

    def __init__(self, command: List) -> None:
        wanted = [command.reference + pattern for pattern in command.patterns if pattern or not command.is_extended]
        self._patterns = [Pattern(text) for text in wanted]
        self._inbox = [Pattern(text.upper()) for text in wanted]

    def match(self, name: str) -> bool:
        return any(pattern.matches(name) for pattern in (self._inbox if name == _INBOX else self._patterns))


def parents(name: str) -> Iterator[str]:
    """``a`` and ``a/b`` of ``a/b/c``."""
    position = name.find(SEPARATOR)
    while position > 0:
        yield name[:position]
        position = name.find(SEPARATOR, position + 1)


class _Tree:
    """Names, and whether there is one below another; without a set of all levels, which may take 300 MB."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(names)

    def is_above(self, name: str) -> bool:
        below = name + SEPARATOR
        index = bisect_left(self._names, below)
        return index < len(self._names) and self._names[index].startswith(below)


def _parents_of(names: Iterable[str]) -> set[str]:
    """Levels above these names, PARENTS_MAX of them at most: those of the first names."""
    found: set[str] = set()
    for name in sorted(names):
        found.update(parents(name))
        if len(found) >= PARENTS_MAX:
            break
    return found


def lines(command: List, names: Sequence[Name]) -> list[Line]:
    """The answers in order of name; a command with an empty pattern in basic syntax is not for here."""
    by_name = {name.name: name for name in names}
    existing = _Tree(name.name for name in names if name.exists)
    patterns = _Patterns(command)
    selected = {name.name for name in names if _is_selected(command, name)}
    shown = {name for name in selected if patterns.match(name)}
    levels: dict[str, tuple[str, ...]] = {}
    if command.is_recursive_match:
        tree = _Tree(selected)
        above = {name for name in shown if tree.is_above(name)}
        levels = dict.fromkeys(_above(selected, shown, patterns) | above, _criteria(command))
    elif command.is_lsub:  # RFC 3501 6.3.9: levels above names that the pattern does not reach
        levels = dict.fromkeys(_above(selected, shown, patterns) - shown, ())
    elif not (command.select_subscribed or command.select_special_use):
        levels = dict.fromkeys((name for name in _parents_of(selected) - selected if patterns.match(name)), ())
    found = [_line(command, by_name.get(name) or Name(name, exists=False), existing) for name in shown - levels.keys()]
    found += [
        _level(command, by_name.get(name) or Name(name, exists=False), info, existing, is_selected=name in selected)
        for name, info in levels.items()
    ]
    return sorted(found, key=lambda line: line.name)


def _is_selected(command: List, name: Name) -> bool:
    if command.is_lsub or command.select_subscribed:
        return name.is_subscribed and (not command.select_special_use or bool(name.special_use))
    return name.exists and (not command.select_special_use or bool(name.special_use))


def _criteria(command: List) -> tuple[str, ...]:
    found = ("SUBSCRIBED",) if command.select_subscribed else ()
    return (*found, "SPECIAL-USE") if command.select_special_use else found


def _above(selected: set[str], shown: set[str], patterns: _Patterns) -> set[str]:
    """RFC 9051 6.3.9.6: matching levels above selected names of which one at least is not shown itself."""
    return {parent for parent in _parents_of(selected - shown) if patterns.match(parent)}


def _line(command: List, name: Name, existing: _Tree) -> Line:
    attributes = _children(command, name, existing)
    if command.is_lsub:
        return Line(name.name, () if name.exists else ("\\Noselect",), name.exists)
    if command.select_subscribed or command.return_subscribed:
        attributes += ("\\Subscribed",) if name.is_subscribed else ()
    if name.special_use:
        attributes += (name.special_use,)
    return Line(name.name, attributes, name.exists)


def _children(command: List, name: Name, existing: _Tree) -> tuple[str, ...]:
    has = "\\HasChildren" if existing.is_above(name.name) else "\\HasNoChildren"
    if name.exists:
        return (has,)
    return ("\\NonExistent", has) if command.is_extended else ("\\Noselect", has)


def _level(command: List, name: Name, child_info: tuple[str, ...], existing: _Tree, *, is_selected: bool) -> Line:
    """A name that has something below it to tell of; if it meets the options itself too, both are told at once."""
    if command.is_lsub:
        return Line(name.name, ("\\Noselect",), exists=False)  # RFC 3501 6.3.9
    line = _line(command, name, existing)
    return Line(name.name, line.attributes, line.exists, child_info, is_selected)
