"""Whether a chain may stand in for a DMARC that fails: only by the word of sealers that an administrator has listed.

RFC 8617 7.2: a chain proves who said what, not that it is true. So the newest sets are heeded, as long as each was
sealed by a listed domain; what an unlisted one has said before them counts for nothing.
"""

import re
from collections.abc import Set
from typing import Final

from skrytka.protocol.mailauth.arc.fields import Status
from skrytka.protocol.mailauth.arc.verify import ChainResult

# What is not closed is matched too, to where it breaks off, and stays: else each mark in it would be tried to the end
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*+("?)')
_COMMENT: Final = re.compile(r"\((?:[^()\\]|\\.)*+(\)?)")
_NESTED_MAX: Final = 4  # of comments
_DMARC_PASS: Final = re.compile(r"\s*dmarc\s*=\s*pass(?:\s|\Z)", re.IGNORECASE)
_HEADER_FROM: Final = re.compile(r"\sheader\.from\s*=\s*([A-Za-z0-9._-]+)(?:\s|\Z)", re.IGNORECASE)


def vouched(chain: ChainResult, author: str, sealers: Set[str]) -> tuple[int, str] | None:
    """The instance and domain of the listed sealer to whom DMARC passed for ``author``; None: there is none.

    The From that we see has to be the one that the newest sealer saw.
    """
    if chain.status is not Status.PASS or not chain.is_from_signed:
        return None
    for instance in range(len(chain.sealers), 0, -1):
        sealer = chain.sealers[instance - 1]
        if sealer not in sealers:
            return None
        if author in _passed(chain.results[instance - 1]):
            return instance, sealer
    return None


def _passed(field: bytes) -> set[str]:
    """Domains in From for which the sealer has seen DMARC pass (RFC 8601 2.2); what is in quotes or comments is not."""
    text = _QUOTED.sub(_blank, field.partition(b":")[2].decode("ascii", "replace"))
    for _ in range(_NESTED_MAX):
        text = _COMMENT.sub(_blank, text)
    if "(" in text or '"' in text:  # not what a sealer of sound mind writes
        return set()
    passed = [part for part in text.split(";") if _DMARC_PASS.match(part)]
    return {match[1].lower() for part in passed if (match := _HEADER_FROM.search(part))}


def _blank(found: re.Match[str]) -> str:
    return " " if found[1] else found[0]
