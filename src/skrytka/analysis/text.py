"""Text as it is shown and as it is sought: cleaned of what does harm, folded, cut."""

import re

from skrytka.analysis.fold import fold

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")  # line ends, bidi overrides


def display(text: str, chars_max: int) -> str:
    """One line for people: no control characters, none that turn the direction of writing, blanks collapsed."""
    words = " ".join(text[: chars_max * 8].split())
    if not words[: chars_max + 1].isprintable():  # nearly all are
        words = " ".join(_CONTROLS.sub(" ", words).split())
    text = words[:chars_max]
    return text.encode("utf-8", "replace").decode()  # lone surrogates have no form on the wire


def folded(text: str) -> bytes:
    """Search text of some text."""
    return fold(text).replace("\0", "").encode("utf-8", "replace")


def cut(text: bytes, length: int) -> bytes:
    """At most ``length`` octets, no character of UTF-8 cut."""
    if len(text) <= length:
        return text
    while length > 0 and text[length] & 0xC0 == 0x80:
        length -= 1
    return text[:length]
