import msgspec
import pytest

from skrytka.protocol.published.finding import Problem, State
from skrytka.protocol.published.judge import judge
from skrytka.protocol.published.wanted import KeyText, Kind, wanted
from tests.support.published import ED25519, FACTS, OTHER_ED25519, Changes, look, run, unlike, zone_of

DOMAIN, HOST = ("example.org", "TXT"), ("mail.example.org", "TXT")
DMARC = ("_dmarc.example.org", "TXT")
KEY = ("s1._domainkey.example.org", "TXT")
STS = ("_mta-sts.example.org", "TXT")
REPORTS = ("_smtp._tls.example.org", "TXT")
RUA = "rua=mailto:postmaster@example.org"
REPORT_HOST = ("example.org._report._dmarc.other.example", "TXT")


def only(changes: Changes, key: tuple[str, str], *, problem: object, state: State = State.WRONG) -> None:
    told = [each for each in unlike(look(changes)) if each[:2] == key]
    assert told == ([] if problem is None else [(*key, state, problem)])


@pytest.mark.parametrize(
    ("records", "problem"),
    [
        (["v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all"], None),
        (["v=spf1 a:mail.example.org -all"], None),
        (["v=spf1 include:spf.example.org -all"], None),
        (["v=spf1 redirect=spf.example.org"], None),
        (["some other text", "v=spf1 mx -all"], None),
        (["v=spf1 mx -all", "v=spf1 mx ~all"], Problem.SEVERAL),
        (["v=spf1 ip4:192.0.2.25 -all"], Problem.SPF_NOT_US),  # the IPv6 address is left out
        (["v=spf1 -all"], Problem.SPF_NOT_US),
        (["v=spf1 mx +all"], Problem.SPF_OPEN),
        (["v=spf1 mx ip4:0.0.0.0/0 -all"], Problem.SPF_OPEN),
        (["v=spf1 mx ?all"], Problem.SPF_WEAK),
        (["v=spf1 mx"], Problem.SPF_WEAK),
        (["v=spf1 mxx -all"], Problem.SPF_BROKEN),
        (["v=spf1 mx " + " ".join(f"a:a{n}.example.org" for n in range(12)) + " -all"], Problem.SPF_BROKEN),
    ],
)
def test_a_policy_that_allows_us_and_no_stranger_is_right(records: list[object], problem: Problem | None) -> None:
    changes: Changes = {DOMAIN: records, ("spf.example.org", "TXT"): ["v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 -all"]}
    only(changes, DOMAIN, problem=problem)


def test_the_name_in_ehlo_has_a_policy_of_its_own() -> None:
    only({HOST: []}, HOST, problem=Problem.ABSENT, state=State.MISSING)
    only({HOST: ["v=spf1 -all"]}, HOST, problem=Problem.SPF_NOT_US)


def test_who_sends_from_elsewhere_is_named() -> None:
    facts = msgspec.structs.replace(FACTS, senders=("192.0.2.25", "192.0.2.77"))
    [domain] = [each for each in look(None, facts) if (each.wanted.name, each.wanted.rdtype) == DOMAIN]
    assert (domain.seen.problem, domain.seen.detail) == (Problem.SPF_NOT_US, "192.0.2.77")
    assert domain.wanted.record == b"v=spf1 mx ip4:192.0.2.77 -all"


@pytest.mark.parametrize(
    ("records", "problem", "state"),
    [
        (["k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=; n=a note"], None, State.RIGHT),
        ([OTHER_ED25519], Problem.KEY_OTHER, State.WRONG),
        (["v=DKIM1; k=ed25519; p="], Problem.KEY_REVOKED, State.WRONG),
        (["v=DKIM1; k=ed25519; p=xyz"], Problem.KEY_UNREADABLE, State.WRONG),
        ([ED25519.decode() + "; t=y"], Problem.KEY_TESTING, State.WARNING),
        ([ED25519.decode(), OTHER_ED25519], Problem.SEVERAL, State.WRONG),
    ],
)
def test_the_key_is_compared_and_not_its_text(records: list[object], problem: Problem | None, state: State) -> None:
    only({KEY: records}, KEY, problem=problem, state=state)


@pytest.mark.parametrize(
    ("there", "problem"), [([b"v=DKIM1; k=ed25519; p="], None), ([], None), ([ED25519], Problem.KEY_NOT_REVOKED)]
)
def test_a_selector_that_was_given_up_says_so_or_is_gone(there: list[bytes], problem: Problem | None) -> None:
    facts = msgspec.structs.replace(FACTS, keys=(KeyText("s1", b"v=DKIM1; k=ed25519; p="),))
    [one] = [each for each in wanted(facts) if each.kind is Kind.DKIM]
    assert run(judge(one, facts), zone_of({KEY: [each.decode() for each in there]})).seen.problem is problem


@pytest.mark.parametrize(
    ("records", "problem", "state"),
    [
        ([f"v=DMARC1; p=reject; sp=reject; np=reject; adkim=s; {RUA}"], None, State.RIGHT),
        ([f"v=DMARC1; p=reject; t=y; {RUA}"], None, State.RIGHT),  # reject in test is quarantine
        ([f"v=DMARC1; p=quarantine; t=y; {RUA}"], Problem.DMARC_TESTING, State.WRONG),
        ([f"v=DMARC1; p=none; {RUA}"], Problem.DMARC_NONE, State.WRONG),
        ([f"v=DMARC1; p=reject; {RUA}", f"v=DMARC1; p=reject; {RUA}"], Problem.SEVERAL, State.WRONG),
        (["v=DMARC1; p=maybe"], Problem.DMARC_UNREADABLE, State.WRONG),
        (["v=DMARC2; p=reject"], Problem.ABSENT, State.MISSING),
        ([f"v=DMARC1; p=reject; sp=none; {RUA}"], Problem.DMARC_SUBDOMAINS, State.WARNING),
        ([f"v=DMARC1; p=reject; np=none; {RUA}"], Problem.DMARC_SUBDOMAINS, State.WARNING),
        (["v=DMARC1; p=reject"], Problem.DMARC_NO_REPORTS, State.WARNING),
        ([f"v=DMARC1; p=reject; pct=50; {RUA}"], Problem.DMARC_OLD_TAGS, State.WARNING),
        (["v=DMARC1; p=reject; rua=mailto:x@other.example"], Problem.DMARC_REPORTS_REFUSED, State.WARNING),
        (["v=DMARC1; p=reject; rua=mailto:x@sub.example.org"], None, State.RIGHT),
    ],
)
def test_a_stronger_policy_is_right(records: list[object], problem: Problem | None, state: State) -> None:
    only({DMARC: records}, DMARC, problem=problem, state=state)


def test_a_host_that_takes_reports_about_us_is_right() -> None:
    record = "v=DMARC1; p=reject; rua=mailto:x@other.example"
    assert unlike(look({DMARC: [record], REPORT_HOST: ["v=DMARC1;"]})) == []


@pytest.mark.parametrize(
    ("record", "problem"), [("v=DMARC1; p=reject", None), ("v=DMARC1; p=reject; sp=none", "absent")]
)
def test_the_policy_of_a_parent_counts(record: str, problem: str | None) -> None:
    facts = msgspec.structs.replace(FACTS, domain="sub.example.org")
    [one] = [each for each in wanted(facts) if each.kind is Kind.DMARC]
    assert run(judge(one, facts), zone_of({DMARC: [record]})).seen.problem == problem


@pytest.mark.parametrize(
    ("key", "records", "problem"),
    [
        (STS, ["v=STSv1;id=20261129;"], None),
        (STS, ["v=STSv1; id=1"], Problem.STS_OTHER_ID),
        (STS, ["v=STSv1; id=2026-11-29"], Problem.STS_UNREADABLE),
        (STS, ["v=STSv1; id=20261129", "v=STSv1; id=1"], Problem.SEVERAL),
        (REPORTS, ["v=TLSRPTv1; rua=https://reports.example/x"], None),
        (REPORTS, ["v=TLSRPTv1; rua="], Problem.REPORTS_UNREADABLE),
        (REPORTS, ["v=TLSRPTv1;rua=mailto:a@example.org", "v=TLSRPTv1;rua=mailto:b@example.org"], Problem.SEVERAL),
    ],
)
def test_policies_about_transport(key: tuple[str, str], records: list[object], problem: Problem | None) -> None:
    only({key: records}, key, problem=problem)
