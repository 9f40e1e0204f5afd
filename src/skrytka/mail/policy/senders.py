"""What this server makes of SPF, DKIM, DMARC and ARC: as the author's domain asks, unless a setting says otherwise.

Pure: the same results and settings give the same judgement. Every reason not to do as asked has a type of RFC 9990 and
a comment; both are in the event of the message, and in reports to the domain.
"""

from skrytka.mail.delivery.types import Judgement, Transaction
from skrytka.model.address import Domain
from skrytka.model.errors import Reason
from skrytka.model.settings import SenderAuth
from skrytka.model.verdict import Finding
from skrytka.net.facts import Networks, normalise
from skrytka.protocol.mailauth.arc.trust import vouched
from skrytka.protocol.mailauth.dkim.results import Result
from skrytka.protocol.mailauth.dmarc.evaluate import Result as DmarcStatus
from skrytka.protocol.mailauth.dmarc.record import Policy
from skrytka.protocol.mailauth.message import MessageResults
from skrytka.protocol.mailauth.spf.result import Result as SpfStatus

_REASONS = {Policy.REJECT: Reason.DMARC_REJECT, Policy.QUARANTINE: Reason.DMARC_QUARANTINE}


class SenderPolicy:
    """``delivery.senders.SenderDeps.judge``; ``settings`` have been checked."""

    def __init__(self, settings: SenderAuth) -> None:
        self._settings = settings
        self._sealers = frozenset(Domain.parse(name).name for name in settings.arc_sealers)
        self._overrides = [
            (
                Networks(() if each.network is None else (each.network,)),
                "" if each.domain is None else Domain.parse(each.domain).name,
                each,
            )
            for each in settings.overrides
        ]

    def __call__(self, facts: Transaction, found: MessageResults) -> Judgement:
        """The judgement of one message."""
        findings = self._spf(facts, found)
        asked = found.dmarc.asked
        if asked is Policy.NONE and _is_doubtful(found) and self._settings.on_temperror == "defer":
            findings = (*findings, Finding("dmarc", Reason.SENDER_UNKNOWN))
        if asked is not Policy.NONE:
            override, comment = self._override(facts, found)
            if override:
                return Judgement(findings=findings, override=override, comment=comment)
            findings = (*findings, Finding("dmarc", _REASONS[asked], domain=_asking(found, asked)))
        return Judgement(findings=findings, override="policy_test_mode" if _is_testing(found) else "")

    def _spf(self, facts: Transaction, found: MessageResults) -> tuple[Finding, ...]:
        spf = found.spf
        if not self._settings.is_spf_fail_refused or spf is None or spf.result is not SpfStatus.FAIL:
            return ()
        if self._known(facts, found) is not None:
            return ()
        return (Finding("spf", Reason.SPF_FAIL, domain=spf.identity.domain, explanation=spf.explanation),)

    def _override(self, facts: Transaction, found: MessageResults) -> tuple[str, str]:
        """Type and comment of the first reason not to do as asked."""
        if not self._settings.is_enforced:
            return "local_policy", "is_enforced = false"
        if (known := self._known(facts, found)) is not None:
            return known
        if (vouching := vouched(found.arc, found.dmarc.author.domain, self._sealers)) is not None:
            return "local_policy", f"arc=pass as[{vouching[0]}].d={vouching[1]}"  # RFC 8617 7.2.2
        return "", ""

    def _known(self, facts: Transaction, found: MessageResults) -> tuple[str, str] | None:
        """The forwarder or list of the settings that sent it."""
        proven = _proven(found) if self._overrides else frozenset()
        for networks, domain, each in self._overrides:
            if normalise(facts.remote) in networks or domain in proven:
                return each.reason, each.note or each.network or domain
        return None


def _proven(found: MessageResults) -> frozenset[str]:
    """Domains that cannot be claimed falsely: of SPF and of signatures, where they pass."""
    proven = {each.domain for each in found.dkim if each.result is Result.PASS}
    if found.spf is not None and found.spf.result is SpfStatus.PASS:
        proven.add(found.spf.identity.domain)
    return frozenset(proven)


def _is_doubtful(found: MessageResults) -> bool:
    return any(each.result is DmarcStatus.TEMPERROR for each in found.dmarc.evaluations)


def _is_testing(found: MessageResults) -> bool:
    """Whether t=y has weakened what is asked (RFC 9989 4.7)."""
    return any(each.result is DmarcStatus.FAIL and each.asked is not each.published for each in found.dmarc.evaluations)


def _asking(found: MessageResults, asked: Policy) -> str:
    """The domain in From whose policy it is."""
    return next(each.author for each in found.dmarc.evaluations if each.asked is asked)
