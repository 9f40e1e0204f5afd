"""What is looked at beside the records that a domain needs; which of it follows from what was found out before."""

from collections.abc import Iterator

from skrytka.protocol.published.listed import listings
from skrytka.protocol.published.wanted import PORTS, Facts, Kind, Wanted


def looks(facts: Facts) -> Iterator[Wanted]:
    """In the order in which they are shown, behind the records."""
    if facts.servers is not None:
        yield Wanted(Kind.SERVERS, facts.domain, "NS")
        yield Wanted(Kind.SIGNATURES, facts.domain, "RRSIG")
        yield Wanted(Kind.DENIAL, f"_25._tcp.{facts.hostname}", "NSEC")
    if any(one.port == PORTS["smtp"] for one in facts.associations):
        yield Wanted(Kind.SCHEME, f"_25._tcp.{facts.hostname}", "TLSA", is_optional=True)
    if facts.policy is not None:
        yield Wanted(Kind.POLICY, f"mta-sts.{facts.domain}", "HTTPS")
    yield from listings(facts)
