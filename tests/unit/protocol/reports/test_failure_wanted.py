"""What the owner of a domain wants to hear of a message (fo), as a table, and what SPF record goes with it."""

from typing import Any

import pytest

from skrytka.model.dns import Answer, Status
from skrytka.protocol.mailauth.arc.fields import Status as ArcStatus
from skrytka.protocol.mailauth.arc.verify import ChainResult
from skrytka.protocol.mailauth.author import Author, Problem
from skrytka.protocol.mailauth.dkim.results import RESULTS, DkimReason, SignatureResult
from skrytka.protocol.mailauth.dmarc.evaluate import Evaluation, Identifier
from skrytka.protocol.mailauth.dmarc.evaluate import Result as DmarcStatus
from skrytka.protocol.mailauth.dmarc.record import parse
from skrytka.protocol.mailauth.message import DmarcResult, MessageResults
from skrytka.protocol.mailauth.query import Query, run_with
from skrytka.protocol.mailauth.spf.result import Identity, Result, SpfResult
from skrytka.protocol.reports.failure import FailedSignature
from skrytka.protocol.reports.failure_wanted import RECORD_MAX, FailureWanted, failure_wanted, spf_records

DKIM, SPF = Identifier("dkim", "example.org"), Identifier("spf", "example.org")


def results(
    fo: str,
    *,
    aligned: tuple[Identifier, ...] = (),
    dkim: tuple[tuple[str, DkimReason], ...] = (),
    spf: tuple[str, Result] = ("spam.example", Result.PASS),
    status: DmarcStatus | None = None,
    record: str = "v=DMARC1; p=none; ruf=mailto:f@example.org;",
) -> MessageResults:
    domain, result = spf
    evaluation = Evaluation(
        author="mail.example.org",
        result=status or (DmarcStatus.PASS if aligned else DmarcStatus.FAIL),
        record=parse(f"{record} fo={fo}"),
        record_domain="example.org",
        aligned=aligned,
    )
    return MessageResults(
        spf=SpfResult(result=result, identity=Identity("mfrom", "x", domain)),
        dkim=tuple(SignatureResult(RESULTS[reason], reason, each, "s", f"@{each}") for each, reason in dkim),
        arc=ChainResult(status=ArcStatus.NONE),
        dmarc=DmarcResult(author=Author(("mail.example.org",)), evaluations=(evaluation,)),
    )


BROKEN = (("example.org", DkimReason.HEADER_CHANGED),)
FOREIGN = (("list.example", DkimReason.BODY_CHANGED),)


@pytest.mark.parametrize(
    ("fo", "state", "told"),
    [
        ("0", {}, "dmarc dmarc=fail dkim,spf"),
        ("1", {}, "dmarc dmarc=fail dkim,spf"),
        ("0", {"aligned": (SPF,)}, None),
        ("1", {"aligned": (SPF,)}, "dmarc dmarc=pass dkim"),
        ("1", {"aligned": (DKIM, SPF)}, None),
        ("d", {}, None),
        ("d", {"dkim": FOREIGN}, "bodyhash dkim=fail dkim,spf"),
        ("d", {"dkim": BROKEN, "aligned": (SPF,)}, "signature dkim=fail dkim"),
        ("d", {"dkim": (("a.example", DkimReason.KEY_REVOKED),)}, "revoked dkim=permerror dkim,spf"),
        ("d", {"dkim": (("a.example", DkimReason.KEY_UNAVAILABLE),)}, None),
        ("d", {"dkim": (("a.example", DkimReason.VERIFIED),)}, None),
        ("s", {"spf": ("spam.example", Result.FAIL)}, "spf spf=fail dkim,spf"),
        ("s", {"spf": ("spam.example", Result.SOFTFAIL), "aligned": (DKIM,)}, "spf spf=softfail spf"),
        ("s", {"spf": ("spam.example", Result.NEUTRAL)}, None),
        ("d:s", {"spf": ("spam.example", Result.FAIL), "dkim": BROKEN}, "signature dkim=fail dkim,spf"),
        ("0:1", {}, "dmarc dmarc=fail dkim,spf"),
        ("x", {}, "dmarc dmarc=fail dkim,spf"),
        ("0", {"status": DmarcStatus.TEMPERROR}, None),
        ("0", {"record": "v=DMARC1; p=none;"}, None),
        ("0", {"record": "v=DMARC1; p=none; psd=y; ruf=mailto:f@example.org;"}, None),
    ],
)
def test_fo_says_what_is_told(fo: str, state: dict[str, Any], told: str | None) -> None:
    wanted = failure_wanted(results(fo, **state))
    assert (None if wanted is None else f"{wanted.kind} {wanted.authentication} {','.join(wanted.failed)}") == told


def test_nothing_is_told_where_from_names_nobody_or_several() -> None:
    found = results("0")
    several = DmarcResult(
        author=Author(("a.example", "b.example"), Problem.SEVERAL_DOMAINS), evaluations=found.dmarc.evaluations
    )
    assert failure_wanted(MessageResults(spf=None, dkim=(), arc=found.arc, dmarc=several)) is None


def test_an_aligned_signature_that_failed_is_named_and_a_strangers_is_not() -> None:
    wanted = failure_wanted(results("0", dkim=FOREIGN + BROKEN))
    assert wanted is not None
    assert wanted.signature == FailedSignature("example.org", "@example.org", "s")
    other = failure_wanted(results("0", dkim=FOREIGN))
    assert other is not None
    assert other.signature is None
    assert wanted.condition != other.condition


@pytest.mark.parametrize(
    ("fo", "domain", "records"),
    [
        ("0", "bounce.example.org", ("bounce.example.org",)),
        ("0", "spam.example", ()),
        ("s", "spam.example", ("spam.example",)),
    ],
)
def test_the_spf_record_of_an_aligned_identity_goes_with_it(fo: str, domain: str, records: tuple[str, ...]) -> None:
    wanted = failure_wanted(results(fo, spf=(domain, Result.FAIL)))
    assert wanted is not None
    text = b"v=spf1 " + b"ip4:192.0.2.1 " * 200
    answer = Answer(Status.NOERROR, (b"something else", text))
    found = run_with(spf_records(wanted), {Query(domain, "TXT"): answer})
    assert found == tuple((each, text.decode()[:RECORD_MAX]) for each in records)


def test_without_an_answer_there_is_no_record() -> None:
    wanted = failure_wanted(results("s", spf=("spam.example", Result.FAIL)))
    assert isinstance(wanted, FailureWanted)
    for answer in (None, Answer(Status.NXDOMAIN)):
        assert run_with(spf_records(wanted), {Query("spam.example", "TXT"): answer}) == ()
