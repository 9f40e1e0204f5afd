"""Which line of a TOML file a key stands on; tomllib does not say."""

import re

KeyPath = tuple[str | int, ...]  # "listeners", "smtp", "port"; an int counts tables of an array

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_TABLE = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_PAIR = re.compile(rf"\s*({_DOTTED})\s*=(.*)")
_ONE_KEY = re.compile(_KEY)
_TRIPLE = re.compile(r'"""|\'\'\'')


class KeyLines:
    """Line numbers of the keys of one text that tomllib has accepted."""

    def __init__(self, text: str) -> None:
        self._lines: dict[KeyPath, int] = {(): 1}
        self._counts: dict[KeyPath, int] = {}
        table: KeyPath = ()
        quote = ""  # the triple quote that is open
        for number, line in enumerate(text.splitlines(), 1):
            if not quote:
                table = self._read(line, number, table)
            quote = _open_quote(line, quote)

    def line(self, path: KeyPath) -> int:
        """The line of the key, or of the nearest table around it."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def _read(self, line: str, number: int, table: KeyPath) -> KeyPath:
        if match := _TABLE.match(line):
            table = self._enter(_split(match[2]), is_array=match[1] == "[[")
            self._lines.setdefault(table, number)
        elif match := _PAIR.match(line):
            path: KeyPath = table
            for key in _split(match[1]):
                path = (*path, key)
                self._lines.setdefault(path, number)
        return table

    def _enter(self, keys: list[str], *, is_array: bool) -> KeyPath:
        """The path of a table header; a key that names an array of tables means its last element."""
        path: KeyPath = ()
        for depth, key in enumerate(keys, 1):
            path = (*path, key)
            if is_array and depth == len(keys):
                self._counts[path] = self._counts.get(path, 0) + 1
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        return path


def _split(dotted: str) -> list[str]:
    return [key[1:-1] if key[0] in "\"'" else key for key in _ONE_KEY.findall(dotted)]


def _open_quote(line: str, quote: str) -> str:
    for mark in _TRIPLE.findall(line):
        if not quote:
            quote = mark
        elif mark == quote:
            quote = ""
    return quote
