"""Reads what IMAP writes: ENVELOPE and BODYSTRUCTURE as nested lists (RFC 9051 9), strictly."""

import re

Value = "bytes | int | None | list[Value]"
_QUOTED = re.compile(rb'"((?:[^"\\\r\n\x00\x80-\xff]|\\["\\])*)"')
_LITERAL = re.compile(rb"\{(\d+)\}\r\n")
_NUMBER = re.compile(rb"\d+")


def read(text: bytes) -> object:
    """One value and nothing behind it; ValueError for anything else."""
    value, end = _value(text, 0)
    if end != len(text):
        raise ValueError(f"octets behind the value: {text[end : end + 40]!r}")
    return value


def _value(text: bytes, at: int) -> tuple[object, int]:
    if text[at : at + 1] == b"(":
        return _list(text, at + 1)
    if text[at : at + 3] == b"NIL":
        return None, at + 3
    if quoted := _QUOTED.match(text, at):
        return re.sub(rb"\\(.)", rb"\1", quoted[1]), quoted.end()
    if literal := _LITERAL.match(text, at):
        end = literal.end() + int(literal[1])
        content = text[literal.end() : end]
        if len(content) != int(literal[1]) or b"\0" in content:
            raise ValueError("a literal that is cut, or holds NUL")
        return content, end
    if number := _NUMBER.match(text, at):
        return int(number[0]), number.end()
    raise ValueError(f"no value: {text[at : at + 40]!r}")


def _list(text: bytes, at: int) -> tuple[list[object], int]:
    """Members with one space between them, or none between two lists (RFC 9051 9, body-type-mpart)."""
    found: list[object] = []
    while text[at : at + 1] != b")":
        if found and text[at : at + 1] == b" ":
            at += 1
        elif found and not (isinstance(found[-1], list) and text[at : at + 1] == b"("):
            raise ValueError(f"no space: {text[at : at + 40]!r}")
        value, at = _value(text, at)
        found.append(value)
    return found, at + 1
