"""The results of a message as programs read them: the fields of ``skrytka check --json``, described in docs/cli.md.

Stable: a field keeps its name and its words; others may come. Every field is always there, "" or empty where there is
nothing to say.
"""

import msgspec

from skrytka.protocol.mailauth.dkim.results import SignatureResult
from skrytka.protocol.mailauth.message import DmarcResult, MessageResults, founds
from skrytka.protocol.mailauth.results import results_field
from skrytka.protocol.mailauth.spf.result import SpfResult


class SpfFacts(msgspec.Struct, frozen=True, kw_only=True):
    result: str = "none"
    domain: str = ""
    scope: str = ""  # mfrom, helo; "" when it was not asked
    mechanism: str = ""  # that decided
    reason: str = ""  # of none, temperror and permerror
    detail: str = ""
    explanation: str = ""  # the domain's own words for a fail


class DkimFacts(msgspec.Struct, frozen=True, kw_only=True):
    result: str
    domain: str
    selector: str
    algorithm: str
    reason: str
    identity: str
    key_bits: int
    is_testing: bool
    covers_from: bool


class Alignment(msgspec.Struct, frozen=True):
    dkim: bool = False
    spf: bool = False


class DmarcFacts(msgspec.Struct, frozen=True, kw_only=True):
    result: str
    domain: str  # of From; "" when it does not name one
    policy: str  # published for this domain; "" without a record
    disposition: str  # what the policy asks for: none, quarantine, reject
    alignment: Alignment
    record_domain: str  # where the record is
    reason: str  # why From names no domain


class ArcFacts(msgspec.Struct, frozen=True, kw_only=True):
    result: str
    sets: int
    sealers: tuple[str, ...]  # the oldest first
    reason: str


class MessageFacts(msgspec.Struct, frozen=True, kw_only=True):
    spf: SpfFacts
    dkim: tuple[DkimFacts, ...]
    dmarc: DmarcFacts
    arc: ArcFacts
    authentication_results: str  # the field's value in one line, without a name


def message_facts(results: MessageResults, authserv_id: str, *, sets: int) -> MessageFacts:
    """``sets`` of ARC that the header has, sound or not."""
    field = results_field(authserv_id, founds(results))
    return MessageFacts(
        spf=SpfFacts() if results.spf is None else _spf(results.spf),
        dkim=tuple(map(_dkim, results.dkim)),
        dmarc=_dmarc(results.dmarc),
        arc=ArcFacts(result=results.arc.status, sets=sets, sealers=results.arc.sealers, reason=results.arc.detail),
        authentication_results=field.partition(":")[2].replace("\r\n\t", " ").strip(),
    )


def _spf(spf: SpfResult) -> SpfFacts:
    return SpfFacts(
        result=spf.result,
        domain=spf.identity.domain,
        scope=spf.identity.scope,
        mechanism=spf.mechanism,
        reason=spf.cause or "",
        detail=spf.detail,
        explanation=spf.explanation,
    )


def _dkim(found: SignatureResult) -> DkimFacts:
    return DkimFacts(
        result=found.result,
        domain=found.domain,
        selector=found.selector,
        algorithm=found.algorithm,
        reason=found.reason,
        identity=found.identity,
        key_bits=found.key_bits,
        is_testing=found.is_testing,
        covers_from=found.is_every_from_signed,
    )


def _dmarc(dmarc: DmarcResult) -> DmarcFacts:
    one = dmarc.evaluation
    return DmarcFacts(
        result=dmarc.result,
        domain=dmarc.author.domain,
        policy=one.published if one is not None and one.record is not None else "",
        disposition=dmarc.asked,
        alignment=Alignment(**one.is_aligned) if one is not None else Alignment(),
        record_domain=one.record_domain if one is not None else "",
        reason=dmarc.author.problem or "",
    )
