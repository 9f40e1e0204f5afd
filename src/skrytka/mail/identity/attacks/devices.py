"""What the program at the other end says it is: as it says it, believed for nothing, and short enough to be compared.

Versions are left out, since they change and the device does not. Whoever wants to look like somebody else's program
does: that it is new is one sign among others.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

PART_MAX: Final = 64  # characters of one name
PROGRAM_MAX: Final = 200
_KEPT: Final = 256  # a megabyte at worst; each request has one, and to read it costs 20 µs
_ID_FIELDS: Final = ("name", "vendor", "os")  # RFC 2971 3.3; the others change with every version
_VERSION: Final = re.compile(r"[/ :]v?\d[\w.+-]{0,40}")
_BLANKS: Final = re.compile(r"\s+")


def of_imap_id(fields: Iterable[tuple[str, str]]) -> str:
    """Of the fields of ID (RFC 2971); "" when they name no program."""
    said = {name.lower(): _plain(value) for name, value in fields}
    parts = [f"{name}={said[name]}" for name in _ID_FIELDS if said.get(name)]
    return "; ".join(parts)[:PROGRAM_MAX]


def of_hello(name: str) -> str:
    """Of the name in EHLO (RFC 5321 4.1.1.1). An address literal changes with the network: only that it is one."""
    plain = _plain(name)
    return "ehlo=[]" if plain.startswith("[") else f"ehlo={plain}" if plain else ""


def of_user_agent(text: str) -> str:
    """Of User-Agent (RFC 9110 10.1.5): products and comments without their numbers."""
    return _agent(text[: 4 * PROGRAM_MAX])


@lru_cache(maxsize=_KEPT)
def _agent(text: str) -> str:
    return _plain(_VERSION.sub("", text), PROGRAM_MAX)


def _plain(text: str, most: int = PART_MAX) -> str:
    """Lower case, no control characters, no two blanks."""
    shown = "".join(" " if unicodedata.category(each).startswith(("C", "Z")) else each for each in text[: 4 * most])
    return _BLANKS.sub(" ", shown).strip().lower()[:most]
