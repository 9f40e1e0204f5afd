"""What each name server of a zone says by itself: whether they agree, and how long their signatures hold.

Who asks them is ``net.dns.authority``; here is what the answers mean (RFC 4034 3, RFC 8624 3.1).
"""

from collections.abc import Sequence
from typing import Final

from skrytka.protocol.mailauth.query import Check, Query
from skrytka.protocol.published.finding import Problem, Seen, ask, right, unknown, warning, wrong
from skrytka.protocol.published.wanted import Facts, ServerView, Wanted

LEFT_MIN_S: Final = 3 * 86_400  # of a signature: whoever signs has a weekend to mend it
SERVERS_MIN: Final = 2  # RFC 1034 4.1
WEAK: Final = frozenset({1, 3, 5, 6, 7, 12})  # RFC 8624 3.1: MD5, DSA, SHA-1, GOST
_SHOWN_MAX: Final = 8


def agreement(_wanted: Wanted, facts: Facts) -> Check[Seen]:
    """The same serial, MX and TXT from every one; who does not answer is told, for others ask him too."""
    yield from ()
    views = facts.servers or ()
    if not views:
        return unknown(Problem.NO_ANSWER)
    found = tuple(f"{view.name} {view.address} {view.serial or '-'}".replace("  ", " ") for view in views[:_SHOWN_MAX])
    if lame := [view for view in views if view.is_lame]:
        return wrong(Problem.SERVER_LAME, found, _names(lame))
    told = [view for view in views if not view.failure]
    if not told:
        return unknown(Problem.NO_ANSWER)
    if odd := [view for view in told if (view.mx, view.txt) != (told[0].mx, told[0].txt)]:
        return wrong(Problem.SERVERS_DIFFER, found, _names([told[0], *odd]))
    if len(told) < len(views):
        return warning(Problem.SERVER_SILENT, found, _names([view for view in views if view.failure]))
    if len({view.serial for view in told}) > 1:  # while a change goes round
        return warning(Problem.SERVERS_BEHIND, found)
    if len({view.name for view in told}) < SERVERS_MIN:
        return warning(Problem.SERVER_ALONE, found)
    return right(found)


def _names(views: Sequence[ServerView]) -> str:
    return ", ".join(dict.fromkeys(view.name for view in views))


def signatures(_wanted: Wanted, facts: Facts) -> Check[Seen]:
    """Those of SOA, MX and TXT, from every server: each may have an old copy."""
    yield from ()
    signed = [(view, each) for view in facts.servers or () for each in view.signatures]
    if not signed:
        is_known = any(not view.failure for view in facts.servers or ())
        return warning(Problem.NOT_SIGNED) if is_known else unknown(Problem.NO_ANSWER)
    view, first = min(signed, key=lambda pair: pair[1].expires_s)
    left_s = first.expires_s - facts.now_s
    found = (f"{first.covers} {view.name} {left_s // 86_400} d",)
    if left_s <= 0:
        return wrong(Problem.SIGNATURE_EXPIRED, found, view.name)
    if left_s < LEFT_MIN_S:
        return wrong(Problem.SIGNATURE_ENDING, found, view.name)
    if weak := sorted({each.algorithm for _, each in signed} & WEAK):
        return wrong(Problem.SIGNATURE_WEAK, found, str(weak[0]))
    return right(found)


def denial(wanted: Wanted, facts: Facts) -> Check[Seen]:
    """That a name below the host has no record is proven, and no servers breaks at the question (RFC 7672 2.1.2)."""
    host = yield from ask(facts.hostname, "A")
    other = yield from ask(facts.hostname, "AAAA")
    if not (host.is_authentic or other.is_authentic):
        return warning(Problem.NOT_SIGNED)
    missing = f"_26._tcp.{facts.hostname}"  # nobody asks for DANE there
    for name, rdtype in ((wanted.name, "A"), (missing, "TLSA")):
        answer = yield Query(name, "A" if rdtype == "A" else "TLSA")
        if answer is None:
            return wrong(Problem.DENIAL_BROKEN, (), name)
        if not answer.is_authentic:
            return wrong(Problem.DENIAL_UNPROVEN, (), name)
    return right()
