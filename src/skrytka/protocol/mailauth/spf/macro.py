"""Macro strings (RFC 7208 7): parsed once, expanded with the values of a session.

Expansion cannot fail; parsing raises :class:`SpfSyntaxError` and nothing else. Lengths are bounded, so that a record
cannot make much text of little.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import msgspec

from skrytka.protocol.mailauth.spf.name import TOP_LABEL

SPEC_MAX = 512  # octets of a domain-spec as written; the RFC has no limit, and 253 is all that a name can use
EXPLANATION_MAX = 1024  # octets of an explanation as published

_MACRO: Final = r"%([%_-])|%\{([slodiphcrtv])([0-9]{0,9})(r?)([.\-+,/_=]*)\}"  # RFC 7208 7.1; more digits mean nothing
# Literal text, a macro, or whatever is neither and makes an error of the whole.
_TOKEN: Final = re.compile(rf"([\x21-\x24\x26-\x7e]+)|{_MACRO}|(.)", re.IGNORECASE | re.ASCII | re.DOTALL)
_EXPLANATION_TOKEN: Final = re.compile(rf"([\x20-\x24\x26-\x7e]+)|{_MACRO}|(.)", re.IGNORECASE | re.ASCII | re.DOTALL)
_TOP_LABEL_END: Final = re.compile(rf"\.{TOP_LABEL}\.?\Z")
_ESCAPES: Final = {"%": "%", "_": " ", "-": "%20"}
_EXPLANATION_ONLY: Final = frozenset("crt")


class SpfSyntaxError(ValueError):
    """Not what RFC 7208 12 allows; the text says why, without the input."""


class Macro(msgspec.Struct, frozen=True):
    """``%{letter keep r delimiters}`` (RFC 7208 7.1)."""

    letter: str
    keep: int = 0  # right-hand parts; 0: all
    is_reversed: bool = False
    delimiters: str = ""
    is_escaped: bool = False  # an upper-case letter: as in a URL

    def expand(self, values: Mapping[str, str]) -> str:
        value = values[self.letter]
        if self.keep or self.is_reversed or self.delimiters:
            first = self.delimiters[:1] or "."
            for other in self.delimiters[1:]:
                value = value.replace(other, first)
            parts = value.split(first)
            value = ".".join((parts[::-1] if self.is_reversed else parts)[-self.keep :])
        return quote(value, safe="") if self.is_escaped else value


class MacroString(msgspec.Struct, frozen=True):
    parts: tuple[str | Macro, ...]
    letters: frozenset[str]

    def expand(self, values: Mapping[str, str]) -> str:
        return "".join([part if isinstance(part, str) else part.expand(values) for part in self.parts])


def parse_domain_spec(text: str) -> MacroString:
    """RFC 7208 7.1 domain-spec: ends in a macro or a top label."""
    if not 0 < len(text) <= SPEC_MAX:
        raise SpfSyntaxError("a domain-spec has 1 to 512 octets")
    spec, last = _parse(text, _TOKEN)
    if last and not _TOP_LABEL_END.search(last):
        raise SpfSyntaxError("a domain-spec ends in a macro or a top-level label")
    if spec.letters & _EXPLANATION_ONLY:
        raise SpfSyntaxError("the macros c, r and t are for explanations only")
    return spec


def parse_macro_string(text: str) -> MacroString:
    """RFC 7208 7.1 macro-string, the value of an unknown modifier."""
    return _parse(text, _TOKEN)[0]


def parse_explanation(raw: bytes) -> MacroString:
    """RFC 7208 6.2: what the TXT record of exp= holds, in US-ASCII."""
    if len(raw) > EXPLANATION_MAX or not raw.isascii():
        raise SpfSyntaxError("an explanation is US-ASCII, 1024 octets at most")
    return _parse(raw.decode("ascii"), _EXPLANATION_TOKEN)[0]


def _parse(text: str, token: re.Pattern[str]) -> tuple[MacroString, str]:
    """The macro string, and its last token where that is literal text."""
    parts: list[str | Macro] = []
    literal = ""
    for literal, escape, letter, digits, reverse, delimiters, wrong in token.findall(text):
        if wrong:
            raise SpfSyntaxError("not a macro-string")
        parts.append(literal or _ESCAPES.get(escape) or _macro(letter, digits, reverse, delimiters))
    return MacroString(tuple(parts), frozenset(part.letter for part in parts if isinstance(part, Macro))), literal


def _macro(letter: str, digits: str, reverse: str, delimiters: str) -> Macro:
    keep = int(digits or 0)
    if digits and not keep:
        raise SpfSyntaxError("the number of parts of a macro is not zero")  # RFC 7208 7.3
    return Macro(letter.lower(), keep, bool(reverse), "".join(dict.fromkeys(delimiters)), letter.isupper())
