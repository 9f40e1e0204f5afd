"""What was found about a message, and what is done with it."""

from enum import StrEnum

import msgspec

from skrytka.model.errors import Reason
from skrytka.model.reply import Reply


class Action(StrEnum):
    """The one outcome of a decision."""

    ACCEPT = "accept"
    DEFER = "defer"  # 4xx
    REJECT = "reject"  # 5xx
    JUNK = "junk"
    QUARANTINE = "quarantine"


class Finding(msgspec.Struct, frozen=True):
    """One fact a check found; ``score`` adds to spam, ``detail`` is for the trace only.

    ``domain`` is whose policy it is, ``explanation`` what that has to say: printable US-ASCII. The peer is told both.
    """

    check: str
    reason: Reason
    score: float = 0.0
    detail: str = ""
    domain: str = ""
    explanation: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """A decision as a value: the peer gets ``reply``, the trace gets the rest."""

    action: Action
    reply: Reply
    reason: Reason | None = None
    findings: tuple[Finding, ...] = ()
    detail: str = ""
