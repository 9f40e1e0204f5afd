import msgspec
import pytest

from skrytka.protocol.published.finding import Problem, State
from tests.support.published import FACTS, REVERSE6, Changes, look, unlike

MX = ("example.org", "MX")
HOST_A = ("mail.example.org", "A")
PTR = ("25.2.0.192.in-addr.arpa", "PTR")
IMAPS = ("_imaps._tcp.example.org", "SRV")


@pytest.mark.parametrize(
    ("changes", "state", "problem"),
    [
        ({MX: [[10, "mx.elsewhere.example"]]}, State.WRONG, Problem.MX_ELSEWHERE),
        ({MX: [[10, "mail.example.org"], [20, "backup.example"]]}, State.WARNING, Problem.MX_OTHERS),
        ({MX: ["0 ."]}, State.WRONG, Problem.NULL_MX),
        ({MX: ["0 .", [10, "mail.example.org"]]}, State.WRONG, Problem.NULL_MX),
        ({MX: [[5, "MAIL.example.org"]]}, State.RIGHT, None),  # another preference is the owner's choice
        ({IMAPS: ["5 0 993 mail.example.org."]}, State.RIGHT, None),
        ({IMAPS: ["0 1 993 other.example."]}, State.WRONG, Problem.SERVICE_ELSEWHERE),
        ({IMAPS: ["0 1 994 mail.example.org."]}, State.WRONG, Problem.SERVICE_ELSEWHERE),
        ({IMAPS: ["0 0 0 ."]}, State.WRONG, Problem.SERVICE_ELSEWHERE),
        ({("_imap._tcp.example.org", "SRV"): ["0 1 143 mail.example.org."]}, State.RIGHT, None),
        ({PTR: ["mail.example.org", "www.example.org"]}, State.WARNING, Problem.REVERSE_SEVERAL),
        ({PTR: ["host-25.provider.example"]}, State.WRONG, Problem.REVERSE_ELSEWHERE),
        (
            {PTR: ["host-25.provider.example"], ("host-25.provider.example", "A"): ["192.0.2.25"]},
            State.WARNING,
            Problem.REVERSE_OTHER_NAME,
        ),
        ({("mta-sts.example.org", "CNAME"): ["www.example.org"]}, State.MISSING, Problem.ABSENT),
        (
            {("mta-sts.example.org", "CNAME"): [], ("mta-sts.example.org", "A"): ["192.0.2.80"]},
            State.WRONG,
            Problem.HOST_ELSEWHERE,
        ),
        ({("mta-sts.example.org", "CNAME"): [], ("mta-sts.example.org", "A"): ["192.0.2.25"]}, State.RIGHT, None),
    ],
)
def test_what_leads_to_a_host(changes: Changes, state: State, problem: Problem | None) -> None:
    name = next(iter(changes))[0]
    seen = [
        each.seen
        for each in look(changes)
        if each.wanted.name == name and each.wanted.rdtype in {"MX", "SRV", "PTR", "CNAME"}
    ]
    assert [(one.state, one.problem) for one in seen] == [(state, problem)]


def test_an_exchange_is_no_alias() -> None:
    changes: Changes = {("mail.example.org", "CNAME"): ["host.example.org"], ("host.example.org", "A"): ["192.0.2.25"]}
    [mx] = [each for each in look(changes) if each.wanted.rdtype == "MX"]
    assert (mx.seen.problem, mx.seen.detail) == (Problem.ALIAS, "host.example.org")


def test_another_address_and_none() -> None:
    addresses = [each for each in unlike(look({HOST_A: ["192.0.2.99"]})) if each[1] in {"A", "AAAA"}]
    assert addresses == [("mail.example.org", "A", State.WRONG, Problem.ADDRESS_ELSEWHERE)]
    addresses = [each for each in unlike(look({HOST_A: []})) if each[1] in {"A", "AAAA"}]
    assert addresses == [("mail.example.org", "A", State.MISSING, Problem.ABSENT)]


def test_where_nobody_knows_the_addresses_one_has_to_be_there() -> None:
    facts = msgspec.structs.replace(FACTS, addresses=(), senders=())
    assert unlike(look(None, facts)) == []
    changes: Changes = {HOST_A: [], ("mail.example.org", "AAAA"): []}
    assert ("mail.example.org", "A", State.MISSING, Problem.NO_ADDRESS) in unlike(look(changes, facts))


def test_an_address_is_compared_in_any_spelling() -> None:
    assert unlike(look({("mail.example.org", "AAAA"): ["2001:0DB8:0::25"]})) == []


def test_a_zone_that_is_not_signed_is_told_and_nothing_is_wrong() -> None:
    told = unlike(look(is_authentic=False))
    assert told[0] == ("example.org", "SOA", State.WARNING, Problem.NOT_SIGNED)
    assert {problem for *_, problem in told} == {Problem.NOT_SIGNED, Problem.TLSA_NOT_SIGNED}


def test_a_domain_that_does_not_exist_is_told() -> None:
    facts = msgspec.structs.replace(FACTS, domain="nowhere.example")
    assert unlike(look(None, facts))[0] == ("nowhere.example", "SOA", State.MISSING, Problem.NO_DOMAIN)


def test_each_sender_wants_its_name() -> None:
    told = unlike(look({(REVERSE6, "PTR"): []}))
    assert told == [(REVERSE6, "PTR", State.MISSING, Problem.ABSENT)]
