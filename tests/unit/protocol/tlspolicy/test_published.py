import re

from skrytka.protocol.tlspolicy.published import PublishedPolicy

POLICY = PublishedPolicy(mode="enforce", mx=("mail.example.test", "*.example.net"), max_age_s=604_800)


def test_the_file_has_the_lines_of_the_rfc_in_crlf() -> None:
    assert POLICY.text() == (
        b"version: STSv1\r\nmode: enforce\r\nmx: mail.example.test\r\nmx: *.example.net\r\nmax_age: 604800\r\n"
    )


def test_the_id_changes_exactly_when_the_policy_does() -> None:
    same = PublishedPolicy(mode="enforce", mx=("mail.example.test", "*.example.net"), max_age_s=604_800)
    others = [
        PublishedPolicy(mode="testing", mx=POLICY.mx, max_age_s=604_800),
        PublishedPolicy(mode="enforce", mx=("mail.example.test",), max_age_s=604_800),
        PublishedPolicy(mode="enforce", mx=POLICY.mx, max_age_s=604_801),
    ]
    assert same.id == POLICY.id
    assert len({POLICY.id, *(other.id for other in others)}) == 4


def test_the_record_is_that_of_rfc_8461_3_1() -> None:
    assert re.fullmatch(r"v=STSv1; id=[A-Za-z0-9]{1,32};", POLICY.record())
