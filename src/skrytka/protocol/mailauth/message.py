"""All that is asked about one message, put together: SPF, each DKIM signature, the chain of ARC, then DMARC.

:func:`read_signed` when the header is whole, a ``BodyHasher`` for its ``body_specs`` as the body streams by, then
:func:`check_message`. Whoever would rather ask at the same time drives ``check_host``, :func:`signature_checks` and
:func:`chain_check` side by side, and :func:`dmarc_of` when SPF and the signatures are known.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from skrytka.protocol.mailauth.arc import fields as arc
from skrytka.protocol.mailauth.arc.verify import ChainResult, chain_of, verify_chain
from skrytka.protocol.mailauth.author import Author
from skrytka.protocol.mailauth.dkim import signature as dkim
from skrytka.protocol.mailauth.dkim.body import BodyHash, BodySpec
from skrytka.protocol.mailauth.dkim.header import Header
from skrytka.protocol.mailauth.dkim.results import DkimReason, SignatureResult
from skrytka.protocol.mailauth.dkim.results import Result as DkimResult
from skrytka.protocol.mailauth.dkim.verify import verify_one
from skrytka.protocol.mailauth.dmarc.evaluate import Evaluation, Identifier, evaluate
from skrytka.protocol.mailauth.dmarc.evaluate import Result as DmarcStatus
from skrytka.protocol.mailauth.dmarc.record import Policy
from skrytka.protocol.mailauth.query import Check
from skrytka.protocol.mailauth.results import Found
from skrytka.protocol.mailauth.spf.name import is_at_or_below, policy_domain
from skrytka.protocol.mailauth.spf.result import Result as SpfStatus
from skrytka.protocol.mailauth.spf.result import SpfResult

_SEVERITY = {policy: number for number, policy in enumerate(Policy)}


class Signed(msgspec.Struct, frozen=True):
    """What a header says of signatures, before anything is asked."""

    header: Header
    claims: tuple[dkim.Claim | SignatureResult, ...]
    chain: tuple[arc.ArcSet, ...] | ChainResult

    @property
    def body_specs(self) -> frozenset[BodySpec]:
        """What one BodyHasher has to make for DKIM and ARC together."""
        sets = self.chain if isinstance(self.chain, tuple) else ()
        return dkim.body_specs(self.claims) | arc.body_specs(sets)


class DmarcResult(msgspec.Struct, frozen=True, kw_only=True):
    """DMARC of a message. With a problem in From: permerror, and an evaluation of each domain in it (RFC 9989 11.5)."""

    author: Author
    evaluations: tuple[Evaluation, ...] = ()

    @property
    def result(self) -> DmarcStatus:
        return self.evaluations[0].result if self.author.domain else DmarcStatus.PERMERROR

    @property
    def asked(self) -> Policy:
        """The strictest policy that a domain in From asks for; none where DMARC passes."""
        return max((each.asked for each in self.evaluations), key=_SEVERITY.__getitem__, default=Policy.NONE)

    @property
    def evaluation(self) -> Evaluation | None:
        """Of the one author domain: what a report is about."""
        return self.evaluations[0] if self.author.domain else None


class MessageResults(msgspec.Struct, frozen=True, kw_only=True):
    """All results of a message; ``spf`` is None where nobody knows who sent it."""

    spf: SpfResult | None
    dkim: tuple[SignatureResult, ...]
    arc: ChainResult
    dmarc: DmarcResult


def read_signed(fields: Iterable[tuple[bytes, bytes]]) -> Signed:
    """``fields`` as :class:`Header` takes them: all that came, from top to bottom. In a thread if they are long."""
    header = Header(fields)
    return Signed(header, dkim.read_claims(header), chain_of(header))


def signature_checks(
    signed: Signed, bodies: Mapping[BodySpec, BodyHash], now_s: int
) -> tuple[Check[SignatureResult], ...]:
    """One for each signature, on its own; a claim that can be none has its result without a question."""
    return tuple(_signature(signed.header, claim, bodies, now_s) for claim in signed.claims)


def chain_check(signed: Signed, bodies: Mapping[BodySpec, BodyHash], now_s: int) -> Check[ChainResult]:
    """ARC, also of a chain whose structure is broken."""
    if isinstance(signed.chain, ChainResult):
        return signed.chain
    return (yield from verify_chain(signed.header, signed.chain, bodies, now_s))


def dmarc_of(author: Author, spf: SpfResult | None, signatures: Sequence[SignatureResult]) -> Check[DmarcResult]:
    """After SPF and DKIM: with their passes."""
    proven = identifiers(spf, signatures)
    evaluations = []
    for domain in author.domains:
        evaluation = yield from evaluate(domain, proven)
        evaluations.append(evaluation)
    return DmarcResult(author=author, evaluations=tuple(evaluations))


def check_message(
    signed: Signed, bodies: Mapping[BodySpec, BodyHash], now_s: int, author: Author, spf: Check[SpfResult] | None
) -> Check[MessageResults]:
    """Everything, one question after the other; ``spf`` is ``check_host`` of the session, or None."""
    found = (yield from spf) if spf is not None else None
    signatures = []
    for check in signature_checks(signed, bodies, now_s):
        signature = yield from check
        signatures.append(signature)
    chain = yield from chain_check(signed, bodies, now_s)
    dmarc = yield from dmarc_of(author, found, signatures)
    return MessageResults(spf=found, dkim=tuple(signatures), arc=chain, dmarc=dmarc)


def identifiers(spf: SpfResult | None, signatures: Sequence[SignatureResult]) -> tuple[Identifier, ...]:
    """The domains that are proven (RFC 9989 5.3.3). A signature that leaves a From out proves nothing of it."""
    proven = [
        Identifier("dkim", each.domain)
        for each in signatures
        if each.result is DkimResult.PASS and each.is_every_from_signed
    ]
    domain = policy_domain(spf.identity.domain) if spf is not None and spf.result is SpfStatus.PASS else None
    return (*proven, Identifier("spf", domain)) if domain else tuple(proven)


def is_author_proven(results: MessageResults) -> bool:
    """DMARC passes; or there is no policy, and what was proven is the domain in From, one above or one below it."""
    author = results.dmarc.author.domain
    if results.dmarc.result is not DmarcStatus.NONE:
        return results.dmarc.result is DmarcStatus.PASS
    proven = {each.domain for each in identifiers(results.spf, results.dkim)}
    return any(is_at_or_below(author, each) or is_at_or_below(each, author) for each in proven)


def founds(results: MessageResults) -> tuple[Found, ...]:
    """For Authentication-Results: SPF if it was asked, each signature or "none", DMARC, ARC if there is a chain."""
    signatures = [_dkim_found(each) for each in results.dkim] or [Found("dkim", DkimResult.NONE)]
    spf = [_spf_found(results.spf)] if results.spf is not None else []
    has_chain = results.arc.status is not arc.Status.NONE
    chain = [Found("arc", results.arc.status, reason=results.arc.detail)] if has_chain else []
    return (*spf, *signatures, _dmarc_found(results.dmarc), *chain)


def _signature(
    header: Header, claim: dkim.Claim | SignatureResult, bodies: Mapping[BodySpec, BodyHash], now_s: int
) -> Check[SignatureResult]:
    if isinstance(claim, SignatureResult):
        return claim
    return (yield from verify_one(header, claim, bodies.get(claim.body), now_s))


def _spf_found(spf: SpfResult) -> Found:
    """RFC 8601 2.7.2."""
    identity = spf.identity
    about = ("smtp.helo", identity.domain) if identity.scope == "helo" else ("smtp.mailfrom", str(identity))
    return Found("spf", spf.result, (about,), spf.cause or "")


def _dkim_found(found: SignatureResult) -> Found:
    """RFC 8601 2.7.1, RFC 8616 6: names as A-labels."""
    properties = (
        ("header.d", found.domain),
        ("header.i", found.identity),
        ("header.s", found.selector),
        ("header.a", found.algorithm),
    )
    return Found("dkim", found.result, properties, "" if found.reason is DkimReason.VERIFIED else found.reason)


def _dmarc_found(dmarc: DmarcResult) -> Found:
    """RFC 9989 9.2."""
    return Found("dmarc", dmarc.result, (("header.from", dmarc.author.domain),), dmarc.author.problem or "")
