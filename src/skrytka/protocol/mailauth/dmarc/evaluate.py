"""DMARC of one message: is an authenticated domain that of From, and if not, what does its owner ask (RFC 9989 5.3)."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, Literal

import msgspec

from skrytka.model.dns import Status
from skrytka.protocol.mailauth.dmarc.record import Policy, Record
from skrytka.protocol.mailauth.dmarc.walk import Found, LookupFailedError, TreeWalks, organizational
from skrytka.protocol.mailauth.query import Check, Query

IDENTIFIERS_MAX: Final = 11  # ten signatures and SPF


class Result(StrEnum):
    """RFC 9989 9.2, as Authentication-Results names them."""

    NONE = "none"  # no record that applies
    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"  # of a message: From does not name one domain


class Identifier(msgspec.Struct, frozen=True):
    """A domain that a mechanism has proven: d= of a signature that passes, or the SPF domain of a pass."""

    method: Literal["dkim", "spf"]
    domain: str


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. ``asked`` is the policy after ``t``, of a message that fails; ``published`` is before it."""

    author: str  # the domain in From
    result: Result
    record: Record | None = None
    record_domain: str = ""
    aligned: tuple[Identifier, ...] = ()
    published: Policy = Policy.NONE
    asked: Policy = Policy.NONE
    is_nonexistent: bool = False

    @property
    def is_aligned(self) -> dict[str, bool]:
        """By method, for reports."""
        return {method: any(each.method == method for each in self.aligned) for method in ("dkim", "spf")}


def evaluate(author: str, identifiers: Sequence[Identifier]) -> Check[Evaluation]:
    """``author`` is the one domain of From, as A-labels in lower case, like all domains here.

    Whoever found no From or several domains in it does not ask: that is his to judge (RFC 9989 5.3.1, 11.5).
    """
    try:
        return (yield from _evaluate(author, identifiers[:IDENTIFIERS_MAX]))
    except LookupFailedError:
        return Evaluation(author=author, result=Result.TEMPERROR)


def _evaluate(author: str, identifiers: Sequence[Identifier]) -> Check[Evaluation]:
    walks = TreeWalks()
    policy = yield from _discover(author, walks)
    if policy is None or not policy.record.is_applicable:
        return Evaluation(author=author, result=Result.NONE)
    record = policy.record
    aligned: list[Identifier] = []
    for each in dict.fromkeys(identifiers):
        is_strict = record.is_dkim_strict if each.method == "dkim" else record.is_spf_strict
        if (yield from _is_aligned(author, each.domain, walks, is_strict=is_strict)):
            aligned.append(each)
    published, is_nonexistent = record.policy, False
    if policy.domain != author:
        is_nonexistent = (not aligned) and (yield from _is_nonexistent(author, record))
        published = record.for_subdomain(exists=not is_nonexistent)
    asked = published.weaker if record.is_testing else published
    return Evaluation(
        author=author,
        result=Result.PASS if aligned else Result.FAIL,
        record=record,
        record_domain=policy.domain,
        aligned=tuple(aligned),
        published=published,
        asked=Policy.NONE if aligned else asked,
        is_nonexistent=is_nonexistent,
    )


def _discover(author: str, walks: TreeWalks) -> Check[Found | None]:
    """The author domain's own record, else its organizational domain's, else its public suffix' (RFC 9989 4.10.1)."""
    own = yield from walks.at(author)
    if own is not None:
        return Found(author, own)
    found = yield from walks.walk(author)
    top = organizational(author, found)
    at_top = next((each for each in found if each.domain == top), None)
    return at_top or next((each for each in found if each.record.psd == "y"), None)


def _is_aligned(author: str, domain: str, walks: TreeWalks, *, is_strict: bool) -> Check[bool]:
    """RFC 9989 4.4; without a look-up where the names alone tell."""
    if domain == author:
        return True
    if is_strict or domain.rpartition(".")[2] != author.rpartition(".")[2]:
        return False
    ours = yield from walks.organizational(author)
    if not (domain == ours or domain.endswith(f".{ours}")):
        return False
    return ours == (yield from walks.organizational(domain))


def _is_nonexistent(author: str, record: Record) -> Check[bool]:
    """RFC 9989 3.2.13; asked only where it changes something."""
    if record.nonexistent is None:
        return False
    answer = yield Query(author, "A")
    if answer is None:
        raise LookupFailedError
    return answer.status is Status.NXDOMAIN
