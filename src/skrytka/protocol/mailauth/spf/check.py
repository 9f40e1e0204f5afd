"""The check_host() of RFC 7208 4: whether an address may send mail for a domain.

One :class:`_Evaluation` per check holds what the limits count. Its methods that ask something are generators
(:data:`Check`); what ends a check early is a :class:`_StoppedError`, which never leaves this module. Whatever a
record says, there are at most 1 + 10 x 11 questions for the policy, 11 about the client and one for the explanation.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address
from itertools import islice
from typing import Final

import msgspec

from skrytka.model.dns import Answer
from skrytka.protocol.mailauth.query import Check, Query, RdType
from skrytka.protocol.mailauth.spf.macro import MacroString, SpfSyntaxError, parse_explanation
from skrytka.protocol.mailauth.spf.name import is_at_or_below, policy_domain, query_name
from skrytka.protocol.mailauth.spf.record import (
    Exchanges,
    Exists,
    Hosts,
    Include,
    LookUp,
    Ptr,
    SpfRecord,
    parse_record,
    policies,
)
from skrytka.protocol.mailauth.spf.result import Cause, Identity, Result, SpfResult

LOOKUPS_MAX = 10  # RFC 7208 4.6.4: terms that cause look-ups
VOID_LOOKUPS_MAX = 2  # RFC 7208 4.6.4
EXCHANGES_MAX = 10  # RFC 7208 4.6.4: addresses looked up for one mx
CLIENT_NAMES_MAX = 10  # RFC 7208 4.6.4: names of the client that are looked at
ADDRESSES_MAX = 256  # of one name: the RFC has no limit, but each is work; more do not fit in 4 KiB
EXPLANATION_MAX = 512  # characters, expanded; a longer text is cut
UNKNOWN = "unknown"  # RFC 7208 7.3: %{p} without a validated name, %{r} without a name of ours

_LOCAL_PART_LETTERS: Final = frozenset("ls")
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]*\Z")

IpAddress = IPv4Address | IPv6Address


class _StoppedError(Exception):
    """The check ends with this result, however deep in includes."""

    def __init__(self, result: Result, cause: Cause, detail: str = "") -> None:
        self.result, self.cause, self.detail = result, cause, detail


class _Decision(msgspec.Struct, frozen=True):
    """What a record says, and what its domain has to say about a fail."""

    result: Result
    domain: str
    mechanism: str = ""
    explanation: MacroString | None = None


def check_host(
    identity: Identity, *, ip: IpAddress, helo: str, receiver: str = UNKNOWN, now_s: int = 0, is_explained: bool = True
) -> Check[SpfResult]:
    """Evaluate the policy of an identity's domain for the client at ``ip``.

    ``receiver`` (our name) and ``now_s`` are what an explanation may tell; without ``is_explained`` none is asked for.
    Never raises, whatever DNS answers; time is the driver's to bound.
    """
    evaluation = _Evaluation(identity, ip, {"h": helo, "r": receiver, "t": str(now_s)})
    try:
        decision = yield from evaluation.decide(identity.domain, missing=Result.NONE)
    except _StoppedError as stop:
        return evaluation.outcome(stop.result, cause=stop.cause, detail=stop.detail)
    explanation = ""
    if is_explained and decision.result is Result.FAIL and decision.explanation is not None:
        explanation = yield from evaluation.explain(decision.explanation, decision.domain)
    return evaluation.outcome(decision.result, mechanism=decision.mechanism, explanation=explanation)


class _Evaluation:
    """One check: its client, what it has asked, and what it knows of the client's names."""

    def __init__(self, identity: Identity, ip: IpAddress, values: Mapping[str, str]) -> None:
        mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
        self._ip = ip = mapped or ip  # RFC 7208 5: an IPv4-mapped address is an IPv4 address
        self._number = int(ip)
        self._rdtype: RdType = "A" if ip.version == 4 else "AAAA"
        self._identity = identity
        self._given_values = values
        self._lookups = 0
        self._void_lookups: set[Query] = set()
        self._client_names: tuple[str, ...] | None = None
        self._is_client_nameless = False
        self._are_validated: dict[str, bool] = {}

    def outcome(
        self,
        result: Result,
        *,
        mechanism: str = "",
        cause: Cause | None = None,
        detail: str = "",
        explanation: str = "",
    ) -> SpfResult:
        return SpfResult(
            result=result,
            identity=self._identity,
            mechanism=mechanism,
            cause=cause,
            detail=detail,
            explanation=explanation,
            lookups=self._lookups,
            void_lookups=len(self._void_lookups),
        )

    # -- records ------------------------------------------------------------------------------------------------------

    def decide(self, name: str, *, missing: Result) -> Check[_Decision]:
        """The policy of a domain, or of the one it redirects to; ``missing`` is what it means that there is none."""
        while True:
            domain = policy_domain(name)
            if domain is None:
                raise _StoppedError(missing, Cause.BAD_DOMAIN)
            record = yield from self._record(domain, missing)
            for directive in record.directives:
                mechanism = directive.mechanism
                if isinstance(mechanism, LookUp):
                    is_match = yield from self._look_up(mechanism, domain)
                else:
                    is_match = mechanism.matches(self._ip.version, self._number)
                if is_match:
                    return _Decision(directive.result, domain, directive.text, record.explanation)
            if record.redirect is None:
                return _Decision(Result.NEUTRAL, domain)  # RFC 7208 4.7
            self._count_lookup(domain)
            name = yield from self._target(record.redirect, domain)
            missing = Result.PERMERROR  # RFC 7208 6.1

    def _record(self, domain: str, missing: Result) -> Check[SpfRecord]:
        answer = yield from self._ask(domain, "TXT")
        found = policies(answer.strings)
        if not found:
            raise _StoppedError(missing, Cause.NO_RECORD, domain)
        if len(found) > 1:
            raise _StoppedError(Result.PERMERROR, Cause.SEVERAL_RECORDS, domain)
        try:
            return parse_record(found[0])
        except SpfSyntaxError as exc:
            raise _StoppedError(Result.PERMERROR, Cause.SYNTAX, f"{domain}: {exc}") from exc

    # -- mechanisms that ask ------------------------------------------------------------------------------------------

    def _look_up(self, mechanism: LookUp, domain: str) -> Check[bool]:
        self._count_lookup(domain)
        name = domain
        if mechanism.target is not None:
            if mechanism.target.letters & _LOCAL_PART_LETTERS and not self._identity.local.isascii():
                return False  # RFC 8616 4
            name = yield from self._target(mechanism.target, domain)
        if not name and not isinstance(mechanism, Include):
            return False  # RFC 7208 4.8: what cannot be asked does not match
        return (yield from _MATCHERS[type(mechanism)](self, mechanism, name))

    def include(self, _: Include, name: str) -> Check[bool]:
        """RFC 7208 5.2: errors are ours too, and so is the lack of a record."""
        decision = yield from self.decide(name, missing=Result.PERMERROR)
        return decision.result is Result.PASS

    def hosts(self, mechanism: Hosts, name: str) -> Check[bool]:
        answer = yield from self._ask(name, self._rdtype)
        return self._is_among(answer.texts, mechanism.shifts[self._ip.version == 6])

    def exchanges(self, mechanism: Exchanges, name: str) -> Check[bool]:
        """RFC 7208 5.4: in the order of preference, with no answer from A where there is no MX."""
        answer = yield from self._ask(name, "MX")
        for index, mx in enumerate(answer.exchanges):
            if index == EXCHANGES_MAX:
                raise _StoppedError(Result.PERMERROR, Cause.TOO_MANY_EXCHANGES, name)
            host = query_name(mx.exchange)
            if host and (yield from self.hosts(mechanism, host)):
                return True
        return False

    def exists(self, _: Exists, name: str) -> Check[bool]:
        answer = yield from self._ask(name, "A")  # RFC 7208 5.7: for an IPv6 client too
        return bool(answer.records)

    def ptr(self, _: Ptr, name: str) -> Check[bool]:
        names = yield from self._names_of_client()
        if self._is_client_nameless:
            self._count_void_lookup(self._client_query())
        for candidate in names:
            if is_at_or_below(candidate, name) and (yield from self._is_validated(candidate)):
                return True
        return False

    def _is_among(self, texts: Iterable[str], shift: int = 0) -> bool:
        kind = type(self._ip)
        return any((int(kind(text)) ^ self._number) >> shift == 0 for text in islice(texts, ADDRESSES_MAX))

    # -- the client's names (RFC 7208 5.5): whoever runs it chooses them, so nothing about their addresses is an error -

    def _client_query(self) -> Query:
        return Query(self._ip.reverse_pointer, "PTR")

    def _names_of_client(self) -> Check[tuple[str, ...]]:
        if self._client_names is None:
            answer = yield self._client_query()
            self._is_client_nameless = answer is not None and not answer.records
            self._client_names = answer.texts[:CLIENT_NAMES_MAX] if answer else ()
        return self._client_names

    def _is_validated(self, name: str) -> Check[bool]:
        if name not in self._are_validated:
            answer = (yield Query(name, self._rdtype)) if query_name(name) == name else None
            self._are_validated[name] = answer is not None and self._is_among(answer.texts)
        return self._are_validated[name]

    def _name_of_client(self, domain: str) -> Check[str]:
        """RFC 7208 7.3, ``p``: the domain itself, else a name below it, else any."""
        names = yield from self._names_of_client()
        for name in sorted(names, key=lambda name: (name != domain, not is_at_or_below(name, domain))):
            if (yield from self._is_validated(name)):
                return name
        return UNKNOWN

    # -- macros -------------------------------------------------------------------------------------------------------

    def _target(self, spec: MacroString, domain: str) -> Check[str]:
        """The target name of a term; "" if that is no name."""
        values = yield from self._values(spec.letters, domain)
        return query_name(spec.expand(values)) or ""

    def _values(self, letters: frozenset[str], domain: str) -> Check[dict[str, str]]:
        """RFC 7208 7.2."""
        if not letters:
            return {}
        ip, identity = self._ip, self._identity
        values = {
            "s": str(identity),
            "l": identity.local,
            "o": identity.domain,
            "d": domain,
            "i": str(ip) if ip.version == 4 else ".".join(ip.exploded.replace(":", "").upper()),
            "v": "in-addr" if ip.version == 4 else "ip6",
            "c": str(ip),
            **self._given_values,
        }
        if "p" in letters:
            values["p"] = yield from self._name_of_client(domain)
        return values

    def explain(self, spec: MacroString, domain: str) -> Check[str]:
        """RFC 7208 6.2: with any error, as if there were none to be had."""
        name = yield from self._target(spec, domain)
        answer = (yield Query(name, "TXT")) if name else None
        if answer is None or len(answer.strings) != 1:
            return ""
        try:
            text = parse_explanation(answer.strings[0])
        except SpfSyntaxError:
            return ""
        values = yield from self._values(text.letters, domain)
        explanation = text.expand(values)
        return explanation[:EXPLANATION_MAX] if _PRINTABLE.match(explanation) else ""

    # -- limits -------------------------------------------------------------------------------------------------------

    def _ask(self, name: str, rdtype: RdType) -> Check[Answer]:
        query = Query(name, rdtype)
        answer = yield query
        if answer is None:
            raise _StoppedError(Result.TEMPERROR, Cause.DNS, name)
        if not answer.records:
            self._count_void_lookup(query)
        return answer

    def _count_lookup(self, domain: str) -> None:
        self._lookups += 1
        if self._lookups > LOOKUPS_MAX:
            raise _StoppedError(Result.PERMERROR, Cause.TOO_MANY_LOOKUPS, domain)

    def _count_void_lookup(self, query: Query) -> None:
        """The same question is one look-up, however many terms ask it."""
        self._void_lookups.add(query)
        if len(self._void_lookups) > VOID_LOOKUPS_MAX:
            raise _StoppedError(Result.PERMERROR, Cause.TOO_MANY_VOID_LOOKUPS, query.name)


_MATCHERS: Final[dict[type[LookUp], Callable[..., Check[bool]]]] = {
    Include: _Evaluation.include,
    Hosts: _Evaluation.hosts,
    Exchanges: _Evaluation.exchanges,
    Ptr: _Evaluation.ptr,
    Exists: _Evaluation.exists,
}
