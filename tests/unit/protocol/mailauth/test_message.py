"""One message as a whole: what is proven goes into DMARC, whatever is asked at the same time gives the same."""

from ipaddress import ip_address

import pytest

from skrytka.mail.delivery.incoming import rescan
from skrytka.model.dns import Answer
from skrytka.protocol.mailauth.author import Author, Problem, author_of
from skrytka.protocol.mailauth.dkim.body import BodyHasher
from skrytka.protocol.mailauth.dmarc.evaluate import Result
from skrytka.protocol.mailauth.dmarc.record import Policy
from skrytka.protocol.mailauth.message import (
    MessageResults,
    chain_check,
    check_message,
    dmarc_of,
    founds,
    identifiers,
    read_signed,
    signature_checks,
)
from skrytka.protocol.mailauth.query import Check, Query, run_with
from skrytka.protocol.mailauth.results import results_field
from skrytka.protocol.mailauth.spf.check import check_host
from skrytka.protocol.mailauth.spf.result import Identity, SpfResult
from tests.support.arc import seal
from tests.support.dkim import MESSAGE, NOW_S, answers, ed25519_key, handmade, own_records, rsa_key, signed

OURS = MESSAGE.replace(b"joe@football.example.com", b"joe@example.org", 1)
ZONE = own_records() | answers(
    {
        "_dmarc.example.org": "v=DMARC1; p=reject",
        "_dmarc.bank.example": "v=DMARC1; p=quarantine",
        "example.org": "v=spf1 ip4:192.0.2.1 -all",
    }
)
AUTHOR = Author(("example.org",))


def spf_check(ip: str = "192.0.2.1", mail_from: str = "joe@example.org") -> Check[SpfResult]:
    local, _, domain = mail_from.partition("@")
    return check_host(Identity("mfrom", local, domain), ip=ip_address(ip), helo="mail.example.org")


def check(message: bytes, *, author: Author = AUTHOR, spf: Check[SpfResult] | None = None) -> MessageResults:
    scan = rescan(message)
    found = read_signed(scan.fields)
    hasher = BodyHasher(found.body_specs)
    hasher.feed(message[len(scan.raw) :])
    return run_with(check_message(found, hasher.finish(), NOW_S, author, spf), ZONE)


def lines(results: MessageResults) -> list[str]:
    return [line.strip("\t;") for line in results_field("id", founds(results)).split("\r\n")[1:-1]]


def test_a_message_that_proves_itself_in_every_way() -> None:
    message = seal(signed(signed(OURS, rsa_key()), ed25519_key()))
    assert lines(check(message, spf=spf_check())) == [
        "spf=pass smtp.mailfrom=joe@example.org",
        "dkim=pass header.d=example.org header.i=@example.org header.s=e1 header.a=ed25519-sha256",
        "dkim=pass header.d=example.org header.i=@example.org header.s=r1 header.a=rsa-sha256",
        "dmarc=pass header.from=example.org",
        "arc=pass",
    ]


def test_a_message_that_proves_nothing() -> None:
    results = check(OURS, spf=spf_check("192.0.2.9"))
    assert lines(results) == [
        "spf=fail smtp.mailfrom=joe@example.org",
        "dkim=none",
        "dmarc=fail header.from=example.org",
    ]
    assert results.dmarc.asked is Policy.REJECT
    assert results.dmarc.evaluation is not None


def test_without_a_client_spf_is_not_told() -> None:
    results = check(signed(OURS))
    assert results.spf is None
    assert [line.partition(" ")[0] for line in lines(results)] == ["dkim=pass", "dmarc=pass"]


def test_a_null_reverse_path_is_told_by_the_name_that_was_greeted_with() -> None:
    helo = check_host(Identity("helo", "postmaster", "example.org"), ip=ip_address("192.0.2.1"), helo="example.org")
    assert lines(check(OURS, spf=helo))[0] == "spf=pass smtp.helo=example.org"


@pytest.mark.parametrize(
    ("author", "asked"),
    [
        (Author((), Problem.NO_FROM), Policy.NONE),
        (Author(("example.org",), Problem.SEVERAL_FROM), Policy.NONE),  # proven, and still no pass
        (Author(("example.org", "bank.example"), Problem.SEVERAL_DOMAINS), Policy.QUARANTINE),
        (Author(("bank.example", "example.org"), Problem.SEVERAL_DOMAINS), Policy.QUARANTINE),
    ],
)
def test_a_from_that_names_no_one_domain_passes_never(author: Author, asked: Policy) -> None:
    results = check(signed(OURS), author=author)
    assert (results.dmarc.result, results.dmarc.asked, results.dmarc.evaluation) == (Result.PERMERROR, asked, None)
    assert lines(results)[-1] == f'dmarc=permerror reason="{author.problem}"'


def test_a_from_on_top_of_a_signed_one_proves_nothing() -> None:
    chosen = "v=1; a=ed25519-sha256; d=example.org; s=e1; c=relaxed/relaxed; h=from"
    message = b"From: ceo@bank.example\r\n" + handmade(chosen, OURS)
    results = check(message, author=author_of([[b"bank.example"], [b"example.org"]]))
    assert results.dkim[0].result == "pass"
    assert identifiers(None, results.dkim) == ()
    assert results.dmarc.asked is Policy.REJECT


def test_a_broken_chain_asks_nothing_and_is_told() -> None:
    message = b"ARC-Seal: i=1; cv=none\r\n" + OURS
    assert lines(check(message))[-1].startswith('arc=fail reason="')


def test_signatures_that_can_be_none_have_their_result() -> None:
    assert lines(check(b"DKIM-Signature: nonsense\r\n" + OURS))[0] == 'dkim=neutral reason="syntax"'


def test_parts_that_are_driven_in_any_order_give_the_same() -> None:
    message = seal(signed(signed(OURS, rsa_key())))
    scan = rescan(message)
    found = read_signed(scan.fields)
    hasher = BodyHasher(found.body_specs)
    hasher.feed(message[len(scan.raw) :])
    bodies = hasher.finish()
    chain = run_with(chain_check(found, bodies, NOW_S), ZONE)
    last_first = [run_with(each, ZONE) for each in reversed(signature_checks(found, bodies, NOW_S))]
    signatures = tuple(reversed(last_first))
    spf = run_with(spf_check(), ZONE)
    dmarc = run_with(dmarc_of(AUTHOR, spf, signatures), ZONE)
    assert MessageResults(spf=spf, dkim=signatures, arc=chain, dmarc=dmarc) == check(message, spf=spf_check())


def test_spf_that_did_not_pass_proves_nothing() -> None:
    proven = [identifiers(run_with(spf_check(ip), ZONE), ()) for ip in ("192.0.2.1", "192.0.2.2")]
    assert [[each.domain for each in one] for one in proven] == [["example.org"], []]


def test_dns_that_does_not_answer_is_a_temporary_error() -> None:
    zone: dict[Query, Answer | None] = {**ZONE, Query("_dmarc.example.org", "TXT"): None}
    assert run_with(dmarc_of(AUTHOR, None, ()), zone).result is Result.TEMPERROR
