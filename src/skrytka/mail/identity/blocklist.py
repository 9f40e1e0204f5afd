"""Words that no password may be made of: what everybody takes, and what anybody here would guess first.

The whole password is compared, as NIST SP 800-63B-4 3.1.1.2 asks, not a part of it: "password", "P@ssw0rd2024!" and
"passwordpassword" are made of a common word and nothing else, "our cat hates passwords" is not. A word in a longer
password only makes it easier to guess, which the estimate of its strength counts.
"""

import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

PRODUCT: Final = "skrytka"
WORD_MIN: Final = 3  # letters: two of them would be in everything
LETTERS_MAX: Final = 200  # longer passwords than that are made of more than words
_COMMON: Final = Path(__file__).with_name("common_passwords.txt")
_FOR_LETTERS: Final = tuple(  # what people write for letters; 1 is l or i
    str.maketrans("013457@$!|", f"o{one}eastasi{one}") for one in "li"
)
_POLISH: Final = str.maketrans("łŁ", "ll")  # has no decomposition


@cache
def common_words() -> frozenset[str]:
    """The shipped list."""
    lines = _COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def context_words(texts: Iterable[str]) -> frozenset[str]:
    """The words of addresses, names of domains and organisations, as they are compared."""
    found = {PRODUCT}
    for text in texts:
        folded = _folded(text)
        parts = "".join(char if char.isalpha() else " " for char in folded).split()
        found.update(part for part in parts if len(part) >= WORD_MIN)
        found.add("".join(parts))
    return frozenset(word for word in found if len(word) >= WORD_MIN)


def is_made_of(password: str, words: frozenset[str]) -> bool:
    """Whether nothing is in the password but such words, digits and signs; each way to read 0 and 1 is tried."""
    folded = _folded(password)
    readings = {folded, *(folded.strip("0123456789!@$|").translate(table) for table in _FOR_LETTERS)}
    return any(_is_cut_into(_letters(reading), words) for reading in readings)


def _is_cut_into(letters: str, words: frozenset[str]) -> bool:
    """One or more words, one after the other; by dynamic programming, for words overlap."""
    if not letters or len(letters) > LETTERS_MAX:
        return False
    longest = max(map(len, words), default=0)
    reached = [True] + [False] * len(letters)
    for end in range(1, len(letters) + 1):
        starts = range(max(0, end - longest), end)
        reached[end] = any(reached[start] and letters[start:end] in words for start in starts)
    return reached[-1]


def _letters(text: str) -> str:
    return "".join(char for char in text if char.isalpha())


def _folded(text: str) -> str:
    """Lower case without accents: "Hasło" and "haslo" are one guess."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_POLISH))
    return "".join(char for char in plain if not unicodedata.combining(char))
