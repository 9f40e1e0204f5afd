"""SPF, DKIM, DMARC, MTA-STS, TLS reporting: what a TXT record means, not how it is written."""

import ipaddress
import re
from collections.abc import Sequence
from typing import Final

from skrytka.protocol.mailauth.dkim.key import read_key
from skrytka.protocol.mailauth.dkim.results import DkimError, DkimReason
from skrytka.protocol.mailauth.dmarc import record as dmarc_record
from skrytka.protocol.mailauth.dmarc.record import Policy, Record
from skrytka.protocol.mailauth.dmarc.walk import LookupFailedError, TreeWalks
from skrytka.protocol.mailauth.query import Check
from skrytka.protocol.mailauth.spf.check import check_host
from skrytka.protocol.mailauth.spf.record import policies
from skrytka.protocol.mailauth.spf.result import Cause, Identity, Result
from skrytka.protocol.published.finding import (
    NoAnswerError,
    Problem,
    Seen,
    addresses_of,
    ask,
    missing,
    right,
    shown,
    warning,
    wrong,
)
from skrytka.protocol.published.wanted import Facts, Wanted, is_within

STRANGER: Final = ipaddress.ip_address("240.0.0.1")  # RFC 1112 4: no host has it, so no policy means it
_OLD_TAGS: Final = re.compile(r";[ \t]*(pct|rf|ri)[ \t]*=", re.IGNORECASE)
_STS: Final = re.compile(rb"v=STSv1[ \t]*;[ \t]*id=([A-Za-z0-9]{1,32})[ \t]*(?:;|\Z)")  # RFC 8461 3.1
_REPORTS: Final = re.compile(rb"v=TLSRPTv1[ \t]*;[ \t]*rua=[ \t]*(?:mailto:|https:)[^ \t;]+")  # RFC 8460 3


def sender_policy(wanted: Wanted, facts: Facts) -> Check[Seen]:
    """It allows every address that mail comes from, however it says so, and no stranger's."""
    answer = yield from ask(wanted.name, "TXT")
    records = policies(answer.strings)
    if not records:
        return missing()
    found = shown("TXT", tuple(records))
    if len(records) > 1:
        return wrong(Problem.SEVERAL, found)
    identity = Identity("mfrom", "postmaster", wanted.name)
    senders = facts.senders or (yield from addresses_of(facts.hostname))
    for sender in (*map(ipaddress.ip_address, senders), STRANGER):
        checked = yield from check_host(identity, ip=sender, helo=facts.hostname, is_explained=False)
        if checked.result is Result.TEMPERROR:
            raise NoAnswerError(wanted.name)
        if checked.result is Result.PERMERROR:
            return wrong(Problem.SPF_BROKEN, found, _spf_cause(checked.cause, checked.detail))
        if sender is STRANGER:
            return _of_stranger(checked.result, found)
        if checked.result is not Result.PASS:
            return wrong(Problem.SPF_NOT_US, found, str(sender))
    raise AssertionError("the stranger comes last")


def _of_stranger(result: Result, found: tuple[str, ...]) -> Seen:
    if result in {Result.FAIL, Result.SOFTFAIL}:
        return right(found)
    return wrong(Problem.SPF_OPEN if result is Result.PASS else Problem.SPF_WEAK, found)


def _spf_cause(cause: Cause | None, detail: str) -> str:
    return ": ".join(text for text in ((cause or "").replace("_", " "), detail) if text)


def key(wanted: Wanted, _facts: Facts) -> Check[Seen]:
    """The very key; a selector that has been given up is to say so."""
    answer = yield from ask(wanted.name, "TXT")
    ours = _key(_octets(wanted))
    if not answer.strings:
        return right() if ours is Problem.KEY_REVOKED else missing()
    found = shown("TXT", answer.strings)
    if len(answer.strings) > 1:
        return wrong(Problem.SEVERAL, found)
    theirs = _key(answer.strings[0])
    if isinstance(theirs, Problem):
        return right(found) if ours is theirs is Problem.KEY_REVOKED else wrong(theirs, found)
    if ours is Problem.KEY_REVOKED:
        return wrong(Problem.KEY_NOT_REVOKED, found)
    if isinstance(ours, Problem) or theirs[0] != ours[0]:
        return wrong(Problem.KEY_OTHER, found)
    return warning(Problem.KEY_TESTING, found) if theirs[1] else right(found)


def _key(raw: bytes) -> tuple[object, bool] | Problem:
    """The public key and whether its domain is testing."""
    try:
        read = read_key(raw)
    except DkimError as exc:
        return Problem.KEY_REVOKED if exc.reason is DkimReason.KEY_REVOKED else Problem.KEY_UNREADABLE
    return read.public, read.is_testing


def dmarc(wanted: Wanted, facts: Facts) -> Check[Seen]:
    """One record that asks for more than nothing; that of a parent counts too (RFC 9989 4.10)."""
    answer = yield from ask(wanted.name, "TXT")
    texts = [text for raw in answer.strings if dmarc_record.is_record(text := raw.decode("latin-1"))]
    if len(texts) > 1:
        return wrong(Problem.SEVERAL, _quoted(texts))
    if not texts:
        return (yield from _inherited(facts))
    record = dmarc_record.parse(texts[0])
    if record is None or not record.is_applicable:
        return wrong(Problem.DMARC_UNREADABLE, _quoted(texts))
    if problem := _weakness(record, record.policy):
        return wrong(problem, _quoted(texts))
    if Policy.NONE in {record.for_subdomain(exists=True), record.for_subdomain(exists=False)}:
        return warning(Problem.DMARC_SUBDOMAINS, _quoted(texts))
    if not record.aggregate_to:
        return warning(Problem.DMARC_NO_REPORTS, _quoted(texts))
    if old := _OLD_TAGS.search(texts[0]):
        return warning(Problem.DMARC_OLD_TAGS, _quoted(texts), old[1])
    refused = yield from _refusing(record, facts)
    return warning(Problem.DMARC_REPORTS_REFUSED, _quoted(texts), refused) if refused else right(_quoted(texts))


def _weakness(record: Record, policy: Policy) -> Problem | None:
    if policy is Policy.NONE:
        return Problem.DMARC_NONE
    return Problem.DMARC_TESTING if record.is_testing and policy.weaker is Policy.NONE else None


def _inherited(facts: Facts) -> Check[Seen]:
    try:
        above = yield from TreeWalks().walk(facts.domain)
    except LookupFailedError as exc:
        raise NoAnswerError(facts.domain) from exc
    for each in above:
        if _weakness(each.record, each.record.for_subdomain(exists=True)) is None:
            return right((f"_dmarc.{each.domain}",))
    return missing()


def _refusing(record: Record, facts: Facts) -> Check[str]:
    """The first host of report addresses that has not said that it takes them (RFC 9990 4); "" if all have."""
    for address in record.aggregate_to:
        host = address.rpartition("@")[2].lower().rstrip(".")
        if is_within(host, facts.domain) or is_within(facts.domain, host):
            continue
        answer = yield from ask(f"{facts.domain}._report._dmarc.{host}", "TXT")
        if not any(raw.startswith(b"v=DMARC1") for raw in answer.strings):
            return host
    return ""


def strict_transport(wanted: Wanted, facts: Facts) -> Check[Seen]:
    """RFC 8461 3.1: the id of the policy that is served, or who has the old one never asks again."""
    record = yield from _only(wanted, b"v=STSv1")
    if isinstance(record, Seen):
        return record
    found = shown("TXT", (record,))
    if not (match := _STS.match(record)):
        return wrong(Problem.STS_UNREADABLE, found)
    return right(found) if match[1].decode() == facts.policy_id else wrong(Problem.STS_OTHER_ID, found)


def reports(wanted: Wanted, _facts: Facts) -> Check[Seen]:
    """RFC 8460 3: reports go somewhere; where is the owner's choice."""
    record = yield from _only(wanted, b"v=TLSRPTv1")
    if isinstance(record, Seen):
        return record
    found = shown("TXT", (record,))
    return right(found) if _REPORTS.match(record) else wrong(Problem.REPORTS_UNREADABLE, found)


def _only(wanted: Wanted, version: bytes) -> Check[bytes | Seen]:
    """The one record of this version; or what is to be said when there is none, or several."""
    answer = yield from ask(wanted.name, "TXT")
    records = tuple(raw for raw in answer.strings if raw.startswith(version))
    if not records:
        return missing()
    return records[0] if len(records) == 1 else wrong(Problem.SEVERAL, shown("TXT", records))


def _octets(wanted: Wanted) -> bytes:
    return wanted.record if isinstance(wanted.record, bytes) else b""


def _quoted(texts: Sequence[str]) -> tuple[str, ...]:
    return shown("TXT", tuple(text.encode("latin-1") for text in texts))
