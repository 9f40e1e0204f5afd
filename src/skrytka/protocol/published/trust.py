"""TLSA and CAA: which certificates are to be believed, and who may issue them (RFC 6698, RFC 7672, RFC 8659)."""

import hashlib

from skrytka.model.dns import Tlsa
from skrytka.protocol.mailauth.query import Check
from skrytka.protocol.published.finding import Problem, Seen, ask, missing, right, shown, warning, wrong
from skrytka.protocol.published.wanted import Facts, Served, Wanted
from skrytka.protocol.tlspolicy.certificate import public_key
from skrytka.protocol.tlspolicy.dane import DANE_EE, DANE_TA, is_usable
from skrytka.protocol.tlspolicy.match import is_match


def association_of(certificate: bytes) -> Tlsa:
    """3 1 1: of the key, so that a renewed certificate with the same key needs no other record (RFC 7671 5.1)."""
    return Tlsa(DANE_EE, 1, 1, hashlib.sha256(public_key(certificate)).digest())


def is_fitting(tlsa: Tlsa, served: Served) -> bool:
    """Whether it is of the leaf, or of an issuer that the server sends (RFC 7671 5.1, 5.2)."""
    candidates = served.chain[:1] if tlsa.usage == DANE_EE else served.chain[1:]
    return is_usable(tlsa) and any(is_match(tlsa, each) for each in candidates)


def association(wanted: Wanted, facts: Facts) -> Check[Seen]:
    """The record itself; for today's certificate any that fits it. Unsigned it is worth nothing (RFC 7672 2.2)."""
    answer = yield from ask(wanted.name, "TLSA")
    found = shown("TLSA", answer.associations)
    if not answer.associations:
        return missing()
    port = int(wanted.name.partition(".")[0].removeprefix("_"))
    chains = [served for served in facts.served if served.port == port]
    if isinstance(wanted.record, Tlsa) and wanted.record not in answer.associations:
        if not any(is_fitting(wanted.record, served) for served in chains):
            return missing(Problem.TLSA_NEXT_MISSING)
        own = [served for served in chains if is_fitting(wanted.record, served)]  # of its kind of key (RFC 7671 5.1)
        if not any(is_fitting(tlsa, served) for tlsa in answer.associations for served in own):
            return wrong(Problem.TLSA_OTHER, found)
    return right(found) if answer.is_authentic else warning(Problem.TLSA_NOT_SIGNED, found)


def scheme(wanted: Wanted, _facts: Facts) -> Check[Seen]:
    """Two keys, or a key and an authority, so that one may change while the other proves (RFC 7671 8.1, 8.4)."""
    answer = yield from ask(wanted.name, "TLSA")
    found = shown("TLSA", answer.associations)
    if not answer.associations:
        return missing()
    kinds = [(each.usage, each.selector, each.matching) for each in dict.fromkeys(answer.associations)]
    is_ready = kinds.count((DANE_EE, 1, 1)) > 1 or {(DANE_EE, 1, 1), (DANE_TA, 1, 1)} <= set(kinds)
    return right(found) if is_ready else warning(Problem.TLSA_SCHEME, found)


def authorization(wanted: Wanted, facts: Facts) -> Check[Seen]:
    """The nearest records up the tree let one of our authorities issue (RFC 8659 3)."""
    labels = wanted.name.split(".")
    for start in range(len(labels)):
        name = ".".join(labels[start:])
        answer = yield from ask(name, "CAA")
        if not answer.authorizations:
            continue
        found = shown("CAA", answer.authorizations)
        issuers = [caa.value.partition(";")[0].strip().lower() for caa in answer.authorizations if caa.tag == "issue"]
        if not issuers:
            return warning(Problem.CAA_OPEN, found, name)
        return right(found) if set(issuers) & set(facts.issuers) else wrong(Problem.CAA_FORBIDS, found, name)
    return missing()
