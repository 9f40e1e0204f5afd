"""Folding: text as it is compared by SEARCH. The same for what is stored and for what is asked.

A match is an exact substring of the folded text. Folded are: case (Unicode), compatibility forms (wide letters,
ligatures, a no-break space), the nine Polish letters to their base letters, soft hyphens and zero-width characters
(gone), white space (one blank for each run, so that a line end does not part two words).
"""

import re
import unicodedata
from typing import Final

# What stands on a Polish keyboard behind AltGr; folded so that "zolw" finds "żółw" (after casefold: small letters).
POLISH: Final = {"ą": "a", "ć": "c", "ę": "e", "ł": "l", "ń": "n", "ó": "o", "ś": "s", "ź": "z", "ż": "z"}
_INVISIBLE: Final = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_PIECE: Final = 500  # characters: normalize() takes the square of a run of combining marks
_ASCII: Final = bytes(
    ord(" " if chr(octet).isspace() else chr(octet).lower()) if octet < 128 else octet for octet in range(256)
)
_SPACE = re.compile(r"\s+")


def fold(text: str) -> str:
    """Stored text: folded, without white space at its ends. Linear."""
    if text.isascii() and "\0" not in text:
        return _fold_ascii(text)
    return " ".join(_fold_letters(text).split())


def _fold_ascii(text: str) -> str:
    """The same in a third of the time, for most mail: wrapped lines with one blank between words."""
    plain = text.encode().replace(b"\r\n", b" ").translate(_ASCII)
    if b"  " in plain:
        plain = b" ".join(plain.split())
    return plain.strip().decode()


def fold_query(text: str) -> str:
    """What is sought: folded alike, white space at its ends kept as one blank, for it was asked for."""
    return _SPACE.sub(" ", _fold_letters(text))


def _fold_letters(text: str) -> str:
    if text.isascii():
        return text.lower()
    for char in _INVISIBLE:
        text = text.replace(char, "")
    text = _normalize(text).casefold()
    for letter, base in POLISH.items():
        text = text.replace(letter, base)
    return text


def _normalize(text: str) -> str:
    """NFKC, piece by piece; cut at a blank where there is one, so that no composed letter is cut."""
    if len(text) <= _PIECE:
        return unicodedata.normalize("NFKC", text)
    pieces: list[str] = []
    start = 0
    while start < len(text):
        end = start + _PIECE
        if end < len(text):
            blank = text.rfind(" ", start, end)
            end = blank + 1 if blank >= start else end
        pieces.append(unicodedata.normalize("NFKC", text[start:end]))
        start = end
    return "".join(pieces)
