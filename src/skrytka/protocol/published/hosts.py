"""MX, addresses, SRV, names of hosts, PTR: whether they lead to this server (RFC 5321 5.1, RFC 2782, RFC 1912 2.1)."""

import ipaddress

from skrytka.model.dns import Status
from skrytka.protocol.mailauth.query import Check
from skrytka.protocol.published.finding import Problem, Seen, addresses_of, ask, missing, right, shown, warning, wrong
from skrytka.protocol.published.wanted import Facts, Wanted

NAMES_MAX = 10  # names of one address that are looked at


def signed(wanted: Wanted, _facts: Facts) -> Check[Seen]:
    """DNSSEC, as the resolver saw it (RFC 4035 4.9.3); one that does not validate sees no signature anywhere."""
    answer = yield from ask(wanted.name, "SOA")
    if answer.status is Status.NXDOMAIN:
        return missing(Problem.NO_DOMAIN)
    return right() if answer.is_authentic else warning(Problem.NOT_SIGNED)


def exchanger(wanted: Wanted, facts: Facts) -> Check[Seen]:
    """The host is one of the exchanges; it is no alias (RFC 2181 10.3)."""
    answer = yield from ask(wanted.name, "MX")
    found = shown("MX", answer.exchanges)
    names = [each.exchange for each in answer.exchanges]
    if not names:
        return missing()
    if "" in names:
        return wrong(Problem.NULL_MX, found)
    if facts.hostname not in names:
        return wrong(Problem.MX_ELSEWHERE, found)
    alias = yield from ask(facts.hostname, "CNAME")
    if alias.texts:
        return wrong(Problem.ALIAS, found, alias.texts[0])
    others = [name for name in names if name != facts.hostname]
    return warning(Problem.MX_OTHERS, found, ", ".join(others)) if others else right(found)


def address(wanted: Wanted, _facts: Facts) -> Check[Seen]:
    """The address is among those of the name."""
    found = yield from addresses_of(wanted.name)
    if wanted.record is None:
        return right(found) if found else missing(Problem.NO_ADDRESS)
    if wanted.record in found:
        return right((str(wanted.record),))
    alike = tuple(each for each in found if (":" in each) == (wanted.rdtype == "AAAA"))
    return wrong(Problem.ADDRESS_ELSEWHERE, alike) if alike else missing()


def service(wanted: Wanted, facts: Facts) -> Check[Seen]:
    """Our host and port, or where "not offered" is wanted nothing that leads elsewhere (RFC 6186 3.4)."""
    answer = yield from ask(wanted.name, "SRV")
    services = answer.services
    if not services:
        return missing()
    found = shown("SRV", services)
    name = wanted.name.partition(".")[0].removeprefix("_")
    ours = {(facts.hostname, facts.ports.get(name))}
    targets = {(each.target, each.port) for each in services}
    if wanted.record in services or targets & ours:
        return right(found)
    return wrong(Problem.SERVICE_ELSEWHERE, found)


def host(wanted: Wanted, facts: Facts) -> Check[Seen]:
    """A name that leads to an address of ours, by whatever record."""
    there = yield from addresses_of(wanted.name)
    if not there:
        return missing()
    ours = facts.addresses or (yield from addresses_of(facts.hostname))
    return right(there) if set(there) & set(ours) else wrong(Problem.HOST_ELSEWHERE, there)


def reverse(wanted: Wanted, facts: Facts) -> Check[Seen]:
    """The name that the server gives in EHLO; another one is enough for most if it leads back to the address."""
    answer = yield from ask(wanted.name, "PTR")
    names = answer.texts[:NAMES_MAX]
    if not names:
        return missing()
    found = shown("PTR", names)
    if facts.hostname in names:
        return right(found) if len(names) == 1 else warning(Problem.REVERSE_SEVERAL, found)
    sender = _address_of(wanted, facts)
    for name in names:
        if sender in (yield from addresses_of(name)):
            return warning(Problem.REVERSE_OTHER_NAME, found, name)
    return wrong(Problem.REVERSE_ELSEWHERE, found, sender)


def _address_of(wanted: Wanted, facts: Facts) -> str:
    return next(each for each in facts.senders if ipaddress.ip_address(each).reverse_pointer == wanted.name)
