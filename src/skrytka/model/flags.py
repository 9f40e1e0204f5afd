"""Flags of a message as the bits of a number, on disk and in memory (RFC 9051 2.3.2)."""

from enum import IntFlag
from typing import Final

FIRST_KEYWORD_BIT: Final = 8  # keyword n of an account, named in its table, is bit 8 + n
KEYWORDS_MAX: Final = 40  # of an account


class SystemFlag(IntFlag):
    """The low bits. An operation on an IntFlag takes a microsecond: what is done often takes ``.value`` once."""

    SEEN = 1
    ANSWERED = 2
    FLAGGED = 4
    DELETED = 8
    DRAFT = 16
