"""The event of a checked sender; what leads to one is in test_senders.py."""

from skrytka.mail.delivery.checked import ADDRESS_MAX, sender_checked
from skrytka.mail.delivery.types import Judgement
from skrytka.model import reply
from skrytka.model.errors import Reason
from skrytka.model.verdict import Action, Verdict
from skrytka.protocol.mailauth.arc.fields import Status
from skrytka.protocol.mailauth.arc.verify import ChainResult
from skrytka.protocol.mailauth.author import Author, Problem
from skrytka.protocol.mailauth.dmarc.evaluate import Evaluation, Identifier, Result
from skrytka.protocol.mailauth.dmarc.record import Policy, parse
from skrytka.protocol.mailauth.message import DmarcResult, MessageResults
from tests.unit.mail.policy.test_senders import FACTS

CHAIN = ChainResult(status=Status.FAIL, sealers=("a.example", "b.example"))
RECORD = "v=DMARC1; p=reject; sp=quarantine; np=none; aspf=s; psd=n; t=y; fo=d:1; ruf=mailto:f@x.example; rua=mailto:"


def test_all_of_a_record_is_told_but_addresses_that_are_none() -> None:
    evaluation = Evaluation(
        author="a.example.com",
        result=Result.FAIL,
        record=parse(RECORD + "r@x.example,mailto:" + "r" * ADDRESS_MAX + "@x.example"),
        record_domain="example.com",
        aligned=(Identifier("dkim", "example.com"),),
        published=Policy.REJECT,
        asked=Policy.QUARANTINE,
    )
    author = Author(("a.example.com", "b.example"), Problem.SEVERAL_DOMAINS)
    results = MessageResults(spf=None, dkim=(), arc=CHAIN, dmarc=DmarcResult(author=author, evaluations=(evaluation,)))
    verdict = Verdict(Action.JUNK, reply.ACCEPTED, Reason.DMARC_QUARANTINE)
    event = sender_checked(FACTS, ["example.test"], results, Judgement(override="policy_test_mode"), verdict)
    assert (event.p, event.sp, event.np, event.adkim, event.aspf) == ("reject", "quarantine", "none", "r", "s")
    assert (event.psd, event.fo, event.is_testing) == ("n", "1:d", True)
    assert (event.rua, event.ruf) == (("r@x.example",), ("f@x.example",))
    assert (event.arc, event.arc_sealers, event.spf) == ("fail", ("a.example", "b.example"), "")
    assert (event.header_from, event.from_problem) == ("a.example.com", "several_domains")
    assert (event.dmarc_dkim, event.dmarc_spf) == (True, False)
    assert (event.disposition, event.override) == ("quarantine", "policy_test_mode")


def test_of_nobody_there_is_no_policy() -> None:
    author = Author((), Problem.NO_FROM)
    results = MessageResults(spf=None, dkim=(), arc=CHAIN, dmarc=DmarcResult(author=author))
    event = sender_checked(FACTS, [], results, Judgement(), Verdict(Action.ACCEPT, reply.ACCEPTED))
    assert (event.header_from, event.policy_domain, event.dmarc, event.disposition) == ("", "", "permerror", "none")
