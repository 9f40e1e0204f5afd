"""What a look at one record gave: a state, and where it is not right the problem that words can be said about."""

import ipaddress
from enum import StrEnum

import msgspec

from skrytka.model.dns import Answer, Record
from skrytka.protocol.mailauth.query import Check, Query, RdType
from skrytka.protocol.published.text import record_text

FOUND_MAX = 8  # of what is there instead; a stranger's zone may have many


class State(StrEnum):
    """From the best to what cannot be said."""

    RIGHT = "right"
    WARNING = "warning"  # mail works, and something could be better or is meant so by its owner
    MISSING = "missing"
    WRONG = "wrong"
    UNKNOWN = "unknown"  # nobody answered: neither right nor wrong


class Problem(StrEnum):
    """Each has its words in ``published.words``."""

    NO_ANSWER = "no_answer"
    ABSENT = "absent"
    NO_DOMAIN = "no_domain"
    SEVERAL = "several"
    NOT_SIGNED = "not_signed"
    NULL_MX = "null_mx"
    MX_ELSEWHERE = "mx_elsewhere"
    MX_OTHERS = "mx_others"
    ALIAS = "alias"
    NO_ADDRESS = "no_address"
    ADDRESS_ELSEWHERE = "address_elsewhere"
    SPF_BROKEN = "spf_broken"
    SPF_NOT_US = "spf_not_us"
    SPF_OPEN = "spf_open"
    SPF_WEAK = "spf_weak"
    KEY_UNREADABLE = "key_unreadable"
    KEY_OTHER = "key_other"
    KEY_REVOKED = "key_revoked"
    KEY_NOT_REVOKED = "key_not_revoked"
    KEY_TESTING = "key_testing"
    DMARC_UNREADABLE = "dmarc_unreadable"
    DMARC_NONE = "dmarc_none"
    DMARC_TESTING = "dmarc_testing"
    DMARC_SUBDOMAINS = "dmarc_subdomains"
    DMARC_NO_REPORTS = "dmarc_no_reports"
    DMARC_REPORTS_REFUSED = "dmarc_reports_refused"
    DMARC_OLD_TAGS = "dmarc_old_tags"
    TLSA_OTHER = "tlsa_other"
    TLSA_NEXT_MISSING = "tlsa_next_missing"
    TLSA_NOT_SIGNED = "tlsa_not_signed"
    STS_UNREADABLE = "sts_unreadable"
    STS_OTHER_ID = "sts_other_id"
    REPORTS_UNREADABLE = "reports_unreadable"
    CAA_FORBIDS = "caa_forbids"
    CAA_OPEN = "caa_open"
    SERVICE_ELSEWHERE = "service_elsewhere"
    HOST_ELSEWHERE = "host_elsewhere"
    REVERSE_ELSEWHERE = "reverse_elsewhere"
    REVERSE_OTHER_NAME = "reverse_other_name"
    REVERSE_SEVERAL = "reverse_several"
    SERVER_ALONE = "server_alone"
    SERVER_LAME = "server_lame"
    SERVER_SILENT = "server_silent"
    SERVERS_BEHIND = "servers_behind"
    SERVERS_DIFFER = "servers_differ"
    SIGNATURE_ENDING = "signature_ending"
    SIGNATURE_EXPIRED = "signature_expired"
    SIGNATURE_WEAK = "signature_weak"
    DENIAL_BROKEN = "denial_broken"
    DENIAL_UNPROVEN = "denial_unproven"
    TLSA_SCHEME = "tlsa_scheme"
    POLICY_UNREACHABLE = "policy_unreachable"
    POLICY_UNTRUSTED = "policy_untrusted"
    POLICY_BROKEN = "policy_broken"
    POLICY_NONE = "policy_none"
    POLICY_TESTING = "policy_testing"
    POLICY_SHORT = "policy_short"
    POLICY_NOT_MX = "policy_not_mx"
    LISTED = "listed"
    LIST_REFUSES = "list_refuses"
    LIST_DEAD = "list_dead"


class Seen(msgspec.Struct, frozen=True):
    """What is there now, and what it means."""

    state: State
    problem: Problem | None = None
    found: tuple[str, ...] = ()  # as a zone file has it
    detail: str = ""  # the address, tag or name that the words are about


class NoAnswerError(Exception):
    """Nobody answered, or whoever did could not say."""


def right(found: tuple[str, ...] = ()) -> Seen:
    return Seen(State.RIGHT, None, found)


def missing(problem: Problem = Problem.ABSENT) -> Seen:
    return Seen(State.MISSING, problem)


def wrong(problem: Problem, found: tuple[str, ...] = (), detail: str = "") -> Seen:
    return Seen(State.WRONG, problem, found, detail)


def warning(problem: Problem, found: tuple[str, ...] = (), detail: str = "") -> Seen:
    return Seen(State.WARNING, problem, found, detail)


def unknown(problem: Problem, detail: str = "") -> Seen:
    return Seen(State.UNKNOWN, problem, (), detail)


def ask(name: str, rdtype: RdType) -> Check[Answer]:
    """NoAnswerError where a check is sent None."""
    answer = yield Query(name, rdtype)
    if answer is None:
        raise NoAnswerError(name)
    return answer


def addresses_of(name: str) -> Check[tuple[str, ...]]:
    """A and AAAA in one spelling; NoAnswerError."""
    found: tuple[str, ...] = ()
    for rdtype in ("A", "AAAA"):
        answer = yield from ask(name, rdtype)
        found += tuple(str(ipaddress.ip_address(text)) for text in answer.texts)
    return found


def shown(rdtype: str, records: tuple[Record, ...]) -> tuple[str, ...]:
    """As a zone file has them, as many as anybody reads."""
    return tuple(record_text(rdtype, record) for record in records[:FOUND_MAX])
