"""The judgement as a table; what leads to the results is shown through the real delivery (delivery/test_senders.py)."""

import pytest

from skrytka.mail.delivery.types import Transaction
from skrytka.mail.policy.senders import SenderPolicy
from skrytka.model.address import NULL_REVERSE_PATH, Domain
from skrytka.model.errors import Reason
from skrytka.model.ids import TraceId
from skrytka.model.settings import Override, SenderAuth
from skrytka.protocol.mailauth.arc.fields import Status
from skrytka.protocol.mailauth.arc.verify import ChainResult
from skrytka.protocol.mailauth.author import Author
from skrytka.protocol.mailauth.dkim.results import DkimReason, Result, SignatureResult
from skrytka.protocol.mailauth.dmarc.evaluate import Evaluation
from skrytka.protocol.mailauth.dmarc.evaluate import Result as DmarcStatus
from skrytka.protocol.mailauth.dmarc.record import Policy
from skrytka.protocol.mailauth.message import DmarcResult, MessageResults
from skrytka.protocol.mailauth.spf.result import Identity, SpfResult
from skrytka.protocol.mailauth.spf.result import Result as SpfStatus

FACTS = Transaction(
    trace=TraceId(bytes(16)),
    received_at_ms=0,
    reverse_path=NULL_REVERSE_PATH,
    remote="192.0.2.1",
    helo=Domain.parse("mail.example.net"),
)
NO_CHAIN = ChainResult(status=Status.NONE)
CHAIN = ChainResult(
    status=Status.PASS,
    sealers=("lists.example",),
    is_from_signed=True,
    results=(b"ARC-Authentication-Results: i=1; lists.example; dmarc=pass header.from=bank.example\r\n",),
)


def spf(result: SpfStatus = SpfStatus.FAIL) -> SpfResult:
    return SpfResult(result=result, identity=Identity("mfrom", "x", "example.net"), explanation="no")


def evaluation(
    asked: Policy = Policy.REJECT,
    published: Policy = Policy.REJECT,
    result: DmarcStatus = DmarcStatus.FAIL,
    author: str = "bank.example",
) -> Evaluation:
    return Evaluation(author=author, result=result, published=published, asked=asked)


def results(
    *evaluations: Evaluation,
    dkim: tuple[SignatureResult, ...] = (),
    sent: SpfStatus = SpfStatus.FAIL,
    arc: ChainResult = NO_CHAIN,
) -> MessageResults:
    found = evaluations or (evaluation(),)
    author = Author(tuple(each.author for each in found))
    return MessageResults(spf=spf(sent), dkim=dkim, arc=arc, dmarc=DmarcResult(author=author, evaluations=found))


SIGNED = (SignatureResult(Result.PASS, DkimReason.VERIFIED, "lists.example"),)
UNSIGNED = (SignatureResult(Result.FAIL, DkimReason.HEADER_CHANGED, "lists.example"),)
BY_DOMAIN = SenderAuth(overrides=(Override(domain="lists.example", reason="mailing_list"),))
REJECT, QUARANTINE = (Reason.DMARC_REJECT,), (Reason.DMARC_QUARANTINE,)
TEMPERROR = evaluation(Policy.NONE, result=DmarcStatus.TEMPERROR)
ROWS = [
    (SenderAuth(), results(), REJECT, "", ""),
    (SenderAuth(), results(evaluation(Policy.QUARANTINE, Policy.QUARANTINE)), QUARANTINE, "", ""),
    (SenderAuth(), results(evaluation(Policy.QUARANTINE)), QUARANTINE, "policy_test_mode", ""),
    (SenderAuth(), results(evaluation(Policy.NONE, Policy.QUARANTINE)), (), "policy_test_mode", ""),
    (SenderAuth(), results(evaluation(Policy.NONE, result=DmarcStatus.PASS)), (), "", ""),
    (SenderAuth(), results(evaluation(Policy.NONE, Policy.NONE)), (), "", ""),
    (SenderAuth(is_enforced=False), results(), (), "local_policy", "is_enforced = false"),
    (SenderAuth(), results(TEMPERROR), (), "", ""),
    (SenderAuth(on_temperror="defer"), results(TEMPERROR), (Reason.SENDER_UNKNOWN,), "", ""),
    (SenderAuth(on_temperror="defer"), results(TEMPERROR, evaluation(author="b.example")), REJECT, "", ""),
    (BY_DOMAIN, results(dkim=SIGNED), (), "mailing_list", "lists.example"),
    (BY_DOMAIN, results(dkim=UNSIGNED), REJECT, "", ""),
    (SenderAuth(overrides=(Override(network="192.0.2.0/24"),)), results(), (), "trusted_forwarder", "192.0.2.0/24"),
    (SenderAuth(overrides=(Override(domain="example.net"),)), results(), REJECT, "", ""),
    (
        SenderAuth(overrides=(Override(domain="example.net", note="our list"),)),
        results(sent=SpfStatus.PASS),
        (),
        "trusted_forwarder",
        "our list",
    ),
    (SenderAuth(), results(arc=CHAIN), REJECT, "", ""),
    (
        SenderAuth(arc_sealers=("LISTS.example",)),
        results(arc=CHAIN),
        (),
        "local_policy",
        "arc=pass as[1].d=lists.example",
    ),
    (SenderAuth(is_spf_fail_refused=True), results(TEMPERROR), (Reason.SPF_FAIL,), "", ""),
    (SenderAuth(is_spf_fail_refused=True), results(TEMPERROR, sent=SpfStatus.SOFTFAIL), (), "", ""),
    (
        SenderAuth(is_spf_fail_refused=True, overrides=(Override(network="192.0.2.0/24"),)),
        results(TEMPERROR),
        (),
        "",
        "",
    ),
]


@pytest.mark.parametrize(("settings", "found", "reasons", "override", "comment"), ROWS)
def test_the_judgement_follows_results_and_settings(
    settings: SenderAuth, found: MessageResults, reasons: tuple[Reason, ...], override: str, comment: str
) -> None:
    judgement = SenderPolicy(settings)(FACTS, found)
    assert tuple(each.reason for each in judgement.findings) == reasons
    assert (judgement.override, judgement.comment) == (override, comment)


def test_a_finding_names_the_domain_that_asks() -> None:
    found = results(evaluation(Policy.QUARANTINE, author="a.example"), evaluation(author="b.example"))
    (finding,) = SenderPolicy(SenderAuth())(FACTS, found).findings
    assert (finding.reason, finding.domain) == (Reason.DMARC_REJECT, "b.example")
