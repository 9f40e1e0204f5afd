"""A digest in words: each thing that needs a hand is named with what to do, in both languages."""

import pytest

from skrytka.protocol.reports.digest import Source, TlsDigest, TlsFailure, Told, digest
from skrytka.protocol.reports.digest_words import (
    ENGLISH,
    LANGUAGES,
    POLISH,
    SENDERS_SHOWN,
    Words,
    dmarc_text,
    tls_text,
)

NOW_S = 1_800_000_000
RESULT_TYPES = [  # RFC 8460 4.3
    "starttls-not-supported",
    "certificate-host-mismatch",
    "certificate-expired",
    "certificate-not-trusted",
    "validation-failure",
    "tlsa-invalid",
    "dnssec-invalid",
    "dane-required",
    "sts-policy-fetch-error",
    "sts-policy-invalid",
    "sts-webpki-invalid",
]


def told(*sources: Source, policy: str = "none", is_proven: bool = True, left_off: int = 0) -> Told:
    return Told(
        domain="example.org",
        organization="Big Mail",
        report_id="1",
        begin_s=NOW_S,
        end_s=NOW_S + 86_399,
        policy=policy,
        sources=sources,
        is_proven=is_proven,
        left_off=left_off,
    )


def source(number: int, count: int, *, is_ours: bool, proven: tuple[str, ...] = ()) -> Source:
    return Source(
        address=f"192.0.2.{number}", count=count, is_dkim_aligned=is_ours, is_spf_aligned=False, proven=proven
    )


def lines(report: Told, words: Words = ENGLISH) -> list[str]:
    (found,) = digest([report], NOW_S)
    return list(dmarc_text(found, words))


def test_what_is_told_of_a_domain() -> None:
    found = lines(
        told(
            source(1, 90, is_ours=True),
            source(2, 9, is_ours=False, proven=("dkim:list.example",)),
            source(3, 4, is_ours=False),
            left_off=7,
        )
    )
    assert found[0] == "example.org, 2027-01-15 to 2027-01-16: 1 reports from Big Mail"
    assert found[1].startswith("103 messages in this domain's name; 90 were proven to be yours")
    assert found[2].startswith("7 further messages")
    assert found[3] == "  192.0.2.1: 90 proven, 0 not. It sends for you, and all of it is proven. Nothing to do."
    assert "by another name (dkim:list.example)" in found[4]
    assert "forged" in found[5]
    assert found[6].startswith("Your policy is none. Before you make it stricter")


@pytest.mark.parametrize(
    ("policy", "count", "failed", "said"),
    [
        ("none", 1000, 1, "you can publish p=quarantine."),
        ("quarantine", 1000, 1, "you can publish p=reject."),
        ("reject", 1000, 900, "Your policy is reject"),
        ("none", 1000, 100, "Before you make it stricter"),
        ("none", 5, 0, "Before you make it stricter"),
    ],
)
def test_a_stricter_policy_is_advised_when_it_hurts_nobody(policy: str, count: int, failed: int, said: str) -> None:
    sources = [source(1, count, is_ours=True), *([source(2, failed, is_ours=False)] if failed else [])]
    assert said in lines(told(*sources, policy=policy))[-1]


def test_reports_that_nothing_proves_give_no_advice() -> None:
    found = lines(told(source(1, 9, is_ours=True), is_proven=False))
    assert found[-1] == "1 reports are not counted: nothing proves that they are from whom they say."


def test_a_long_list_is_cut() -> None:
    found = lines(told(*(source(number, 1, is_ours=True) for number in range(SENDERS_SHOWN + 5))))
    assert found[-2] == "  ... and 5 further addresses."


@pytest.mark.parametrize("words", LANGUAGES.values())
@pytest.mark.parametrize("kind", [*RESULT_TYPES, "something-new"])
def test_each_failure_of_tls_has_advice_in_both_languages(words: Words, kind: str) -> None:
    failure = TlsFailure(kind=kind, count=3, mx_host="mx.example.org", reason="E7")
    found = TlsDigest(
        domain="example.org",
        begin_s=1,
        end_s=2,
        reports=1,
        unproven=1,
        organizations=("Big Mail",),
        successes=1,
        failures=3,
        kinds=(failure,),
        is_without_policy=True,
    )
    text = list(tls_text(found, words))
    assert "3" in text[3]
    assert "mx.example.org" in text[3]
    assert text[-1] == words.without_policy
    assert (kind in words.advice) == (kind in RESULT_TYPES)


def test_all_is_well_when_nothing_failed() -> None:
    found = TlsDigest(
        domain="example.org",
        begin_s=1,
        end_s=2**60,
        reports=1,
        unproven=0,
        organizations=("Big Mail",),
        successes=1,
        failures=0,
        kinds=(),
        is_without_policy=False,
    )
    assert list(tls_text(found, POLISH))[-1] == "Nic do zrobienia."


def test_both_languages_say_the_same_things() -> None:
    assert set(ENGLISH.kinds) == set(POLISH.kinds) == {"ours", "partly", "unaligned", "unknown"}
    assert set(ENGLISH.advice) == set(POLISH.advice) == set(RESULT_TYPES)
    for name in ("headline", "summary", "sender", "more", "raise_policy", "tls_failure", "unproven", "left_off"):
        english, polish = getattr(ENGLISH, name), getattr(POLISH, name)
        assert {part.partition("}")[0] for part in english.split("{")[1:]} == {
            part.partition("}")[0] for part in polish.split("{")[1:]
        }
