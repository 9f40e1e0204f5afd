"""DMARC of whole messages (RFC 9989 5.3): a table of zones, From domains and what was proven."""

import pytest

from skrytka.model.dns import Answer, Status
from skrytka.protocol.mailauth.dmarc.evaluate import Evaluation, Identifier, Result, evaluate
from skrytka.protocol.mailauth.dmarc.record import Policy
from skrytka.protocol.mailauth.query import Query, run_with

REJECT = {"_dmarc.example.com": "v=DMARC1; p=reject"}
STRICT = {"_dmarc.example.com": "v=DMARC1; p=reject; adkim=s"}
LAYERED = {"_dmarc.example.com": "v=DMARC1; p=none; sp=quarantine; np=reject"}
BANK = {"_dmarc.bank": "v=DMARC1; p=none; np=reject; psd=y"}
TESTING = {"_dmarc.example.com": "v=DMARC1; p=reject; t=y"}


def check(zone: dict[str, str | None], author: str, *proven: str, existing: tuple[str, ...] = ()) -> Evaluation:
    records: dict[Query, Answer | None] = {
        Query(name, "TXT"): None if text is None else Answer(Status.NOERROR, (text.encode(),))
        for name, text in zone.items()
    }
    records |= {Query(name, "A"): Answer(Status.NODATA) for name in existing}
    identifiers = [Identifier("spf" if each.startswith("spf:") else "dkim", each.rpartition(":")[2]) for each in proven]
    return run_with(evaluate(author, identifiers), records)


@pytest.mark.parametrize(
    ("zone", "author", "proven", "result", "asked"),
    [
        ({}, "example.com", ["example.com"], Result.NONE, Policy.NONE),
        ({"_dmarc.example.com": "v=DMARC1"}, "example.com", [], Result.NONE, Policy.NONE),
        (REJECT, "example.com", ["example.com"], Result.PASS, Policy.NONE),
        (REJECT, "example.com", ["mail.example.com"], Result.PASS, Policy.NONE),
        (REJECT, "mail.example.com", ["example.com"], Result.PASS, Policy.NONE),
        (REJECT, "a.example.com", ["b.example.com"], Result.PASS, Policy.NONE),
        (REJECT, "example.com", ["spf:bounces.example.com"], Result.PASS, Policy.NONE),
        (REJECT, "example.com", [], Result.FAIL, Policy.REJECT),
        (REJECT, "example.com", ["example.net", "badexample.com", "com"], Result.FAIL, Policy.REJECT),
        (STRICT, "example.com", ["mail.example.com"], Result.FAIL, Policy.REJECT),
        (STRICT, "example.com", ["spf:mail.example.com"], Result.PASS, Policy.NONE),
        (STRICT, "mail.example.com", ["mail.example.com"], Result.PASS, Policy.NONE),
        (TESTING, "example.com", [], Result.FAIL, Policy.QUARANTINE),
        (LAYERED, "example.com", [], Result.FAIL, Policy.NONE),
        (LAYERED, "is.example.com", [], Result.FAIL, Policy.QUARANTINE),
        (LAYERED, "isnot.example.com", [], Result.FAIL, Policy.REJECT),
        (BANK, "isnot.bank", [], Result.FAIL, Policy.REJECT),
        (BANK, "is.bank", [], Result.FAIL, Policy.NONE),
        (BANK, "is.bank", ["other.bank"], Result.FAIL, Policy.NONE),  # two customers of one registry
        (BANK, "mail.is.bank", ["is.bank"], Result.PASS, Policy.NONE),
        ({"_dmarc.example.com": None}, "example.com", ["example.com"], Result.TEMPERROR, Policy.NONE),
        ({"_dmarc.example.com": None}, "mail.example.com", [], Result.TEMPERROR, Policy.NONE),
    ],
)
def test_a_message(zone: dict[str, str | None], author: str, proven: list[str], result: Result, asked: Policy) -> None:
    found = check(zone, author, *proven, existing=("is.example.com", "is.bank"))
    assert (found.result, found.asked) == (result, asked)


def test_a_record_of_its_own_decides_about_a_subdomain_whatever_stands_above() -> None:
    zone: dict[str, str | None] = {
        "_dmarc.example.com": "v=DMARC1; p=reject; sp=reject",
        "_dmarc.sub.example.com": "v=DMARC1; p=none",
    }
    found = check(zone, "sub.example.com", "example.com")
    assert found.record_domain == "sub.example.com"
    assert (found.result, found.is_aligned) == (Result.PASS, {"dkim": True, "spf": False})
    assert check(zone, "sub.example.com").asked is Policy.NONE


def test_a_zone_cut_keeps_the_parent_out() -> None:
    zone: dict[str, str | None] = {
        "_dmarc.example.com": "v=DMARC1; p=none",
        "_dmarc.unit.example.com": "v=DMARC1; p=reject; psd=n",
    }
    assert check(zone, "unit.example.com", "example.com").result is Result.FAIL
    assert check(zone, "mail.unit.example.com", "unit.example.com").result is Result.PASS
    assert check(zone, "mail.unit.example.com").asked is Policy.REJECT


def test_when_dns_does_not_say_whether_a_subdomain_exists_there_is_no_result() -> None:
    records: dict[Query, Answer | None] = {
        Query("_dmarc.example.com", "TXT"): Answer(Status.NOERROR, (b"v=DMARC1; p=none; np=reject",)),
        Query("x.example.com", "A"): None,
    }
    assert run_with(evaluate("x.example.com", []), records).result is Result.TEMPERROR


def test_a_message_with_many_signatures_asks_for_few_names() -> None:
    proven = [Identifier("dkim", f"a.b.c.d.e.s{number}.example.com") for number in range(11)]
    asked: list[Query] = []

    class Counted(dict[Query, Answer | None]):
        def get(self, query: Query, default: object = None) -> Answer | None:
            asked.append(query)
            is_record = query.name == "_dmarc.example.com"
            return Answer(Status.NOERROR, (b"v=DMARC1; p=reject",)) if is_record else Answer(Status.NXDOMAIN)

    assert run_with(evaluate("x.example.com", proven), Counted()).result is Result.PASS
    assert len(asked) == len(set(asked)) <= 3 + 11 * 6
