"""What a DMARC record says, and what is left of one that is broken (RFC 9989 4.7, 4.8)."""

import pytest

from skrytka.protocol.mailauth.dmarc.record import URIS_MAX, Policy, Record, is_record, parse

REJECT = Record(policy=Policy.REJECT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=DMARC1; p=reject", REJECT),
        ("v=DMARC1;p=reject", REJECT),
        ("V = DMARC1 ; P = Reject ;", REJECT),
        ("v=DMARC1; p=reject; pct=50; ri=3600; rf=afrf; x-new=1", REJECT),  # RFC 7489 and later tags: ignored
        ("v=DMARC1; p=reject; p=none", REJECT),
        ("v=DMARC1; p=reject; nonsense; =; sp", REJECT),
        ("v=DMARC1; p=none; sp=quarantine; np=reject", Record(subdomains=Policy.QUARANTINE, nonexistent=Policy.REJECT)),
        ("v=DMARC1; p=none; adkim=s; aspf=s; t=y", Record(is_dkim_strict=True, is_spf_strict=True, is_testing=True)),
        ("v=DMARC1; p=none; adkim=x; aspf=; t=1", Record()),
        ("v=DMARC1; p=none; psd=y", Record(psd="y")),
        ("v=DMARC1; p=none; psd=N", Record(psd="n")),
        ("v=DMARC1; p=none; psd=maybe", Record()),
        ("v=DMARC1; p=none; fo=1:d:s", Record(failure_options=frozenset("1ds"))),
        ("v=DMARC1; p=none; fo=0:1", Record()),
        ("v=DMARC1; p=none; fo=q", Record()),
        (
            "v=DMARC1; p=none; rua=mailto:a@example.org!10m , https://x.example/r,mailto:b%2Bc@example.org?subject=x",
            Record(aggregate_to=("a@example.org", "b+c@example.org")),
        ),
        ("v=DMARC1; p=none; ruf=MAILTO:f@example.org", Record(failure_to=("f@example.org",))),
        # RFC 9989 4.10.1: without a valid policy it is p=none if somebody wants reports, else nothing at all
        ("v=DMARC1", Record(is_applicable=False)),
        ("v=DMARC1; p=whatever", Record(is_applicable=False)),
        ("v=DMARC1; p=reject; sp=whatever", Record(is_applicable=False)),
        ("v=DMARC1; rua=mailto:a@example.org", Record(aggregate_to=("a@example.org",))),
        ("v=DMARC1; p=reject; np=no; rua=https://x.example/r", Record()),
        ("v=DMARC1; p=reject; np=no; rua=nothing", Record(is_applicable=False)),
    ],
)
def test_a_record_is_read_with_its_defaults(text: str, expected: Record) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v=DMARC",
        "v=dmarc1; p=none",
        "v=DMARC1x; p=none",
        "p=none; v=DMARC1",
        " v=DMARC1; p=none",
        "v=DMARC2; p=none",
    ],
)
def test_what_does_not_begin_as_a_record_is_none(text: str) -> None:
    assert not is_record(text)
    assert parse(text) is None


def test_reports_go_to_no_more_than_ten_addresses() -> None:
    record = parse("v=DMARC1; p=none; rua=" + ",".join(f"mailto:a{number}@example.org" for number in range(50)))
    assert record is not None
    assert len(record.aggregate_to) == URIS_MAX


@pytest.mark.parametrize(
    ("record", "existing", "missing"),
    [
        (Record(policy=Policy.REJECT), Policy.REJECT, Policy.REJECT),
        (Record(policy=Policy.REJECT, subdomains=Policy.NONE), Policy.NONE, Policy.NONE),
        (Record(nonexistent=Policy.REJECT), Policy.NONE, Policy.REJECT),
        (Record(subdomains=Policy.QUARANTINE, nonexistent=Policy.REJECT), Policy.QUARANTINE, Policy.REJECT),
    ],
)
def test_subdomains_have_a_policy_by_whether_they_exist(record: Record, existing: Policy, missing: Policy) -> None:
    assert (record.for_subdomain(exists=True), record.for_subdomain(exists=False)) == (existing, missing)


def test_testing_makes_a_policy_one_level_weaker() -> None:
    assert [policy.weaker for policy in Policy] == [Policy.NONE, Policy.NONE, Policy.QUARANTINE]
