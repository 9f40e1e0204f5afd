"""Each wanted record beside what DNS has now."""

from collections.abc import Callable
from typing import Final

import msgspec

from skrytka.protocol.mailauth.query import Check
from skrytka.protocol.published import hosts, listed, policy, servers, texts, trust
from skrytka.protocol.published.finding import NoAnswerError, Problem, Seen, State
from skrytka.protocol.published.wanted import Facts, Kind, Wanted

Judge = Callable[[Wanted, Facts], Check[Seen]]

JUDGES: Final[dict[Kind, Judge]] = {
    Kind.SIGNED: hosts.signed,
    Kind.ADDRESS: hosts.address,
    Kind.MX: hosts.exchanger,
    Kind.SPF: texts.sender_policy,
    Kind.DKIM: texts.key,
    Kind.DMARC: texts.dmarc,
    Kind.TLSA: trust.association,
    Kind.STS: texts.strict_transport,
    Kind.REPORTS: texts.reports,
    Kind.CAA: trust.authorization,
    Kind.SERVICE: hosts.service,
    Kind.HOST: hosts.host,
    Kind.REVERSE: hosts.reverse,
    Kind.SERVERS: servers.agreement,
    Kind.SIGNATURES: servers.signatures,
    Kind.DENIAL: servers.denial,
    Kind.SCHEME: trust.scheme,
    Kind.POLICY: policy.fetched,
    Kind.LISTED: listed.listed,
}


class Finding(msgspec.Struct, frozen=True):
    """A wanted record and what was seen."""

    wanted: Wanted
    seen: Seen

    @property
    def is_fault(self) -> bool:
        """Whether something has to be done."""
        return not self.wanted.is_optional and self.seen.state in {State.MISSING, State.WRONG}


def judge(wanted: Wanted, facts: Facts) -> Check[Finding]:
    """Never raises, whatever DNS answers; without an answer it is unknown."""
    try:
        seen = yield from JUDGES[wanted.kind](wanted, facts)
    except NoAnswerError:
        seen = Seen(State.UNKNOWN, Problem.NO_ANSWER)
    if wanted.is_optional and seen.state is State.WRONG:
        seen = msgspec.structs.replace(seen, state=State.WARNING)
    return Finding(wanted, seen)
