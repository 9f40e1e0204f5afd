"""Single failures added up and told in both languages."""

import string

import msgspec

from skrytka.protocol.reports.failure_digest import (
    ENGLISH,
    LANGUAGES,
    POLISH,
    SHOWN,
    FailureSeen,
    failure_digest,
    failure_text,
)

SEEN = FailureSeen(
    domain="example.org",
    sender="other.example",
    is_proven=True,
    failure="dmarc",
    alignment="dkim,spf",
    source_ip="192.0.2.7",
    mail_from="spam.example",
    dkim_domain="example.org",
    dkim_selector="s1",
)


def test_what_is_alike_is_one_line_and_what_anybody_may_have_said_is_none() -> None:
    other = msgspec.structs.replace(SEEN, source_ip="192.0.2.8", count=5)
    forged = msgspec.structs.replace(SEEN, is_proven=False)
    below = msgspec.structs.replace(SEEN, domain="a.example.org", sender="third.example")
    first, second = failure_digest([below, SEEN, SEEN, other, forged])
    assert (second.domain, second.count, second.unproven, second.tellers) == ("example.org", 7, 1, ("other.example",))
    assert [(each.source_ip, each.count) for each in second.sources] == [("192.0.2.8", 5), ("192.0.2.7", 2)]
    assert first.domain == "a.example.org"
    lines = list(failure_text(second, ENGLISH))
    assert lines[0] == "example.org: 7 single messages that were not proven, told by other.example"
    assert lines[1].startswith("1 more are not counted")
    assert lines[3] == (
        "  2 times from 192.0.2.7: dmarc, not proven by dkim,spf; reverse path of spam.example;"
        " look at the key s1._domainkey.example.org"
    )
    assert next(failure_text(second, POLISH)).startswith("example.org: pojedyncze wiadomości niedowiedzione: 7")


def test_many_kinds_are_cut() -> None:
    (found,) = failure_digest(msgspec.structs.replace(SEEN, source_ip=f"192.0.2.{n}") for n in range(SHOWN + 5))
    for words in LANGUAGES.values():
        lines = list(failure_text(found, words))
        assert len(lines) == SHOWN + 2
        assert "5" in lines[-1]


def test_both_languages_say_the_same() -> None:
    for name in ENGLISH.__struct_fields__:
        english, polish = getattr(ENGLISH, name), getattr(POLISH, name)
        fields = [{field for _, field, _, _ in string.Formatter().parse(text)} for text in (english, polish)]
        assert fields[0] == fields[1]


def test_what_is_not_told_has_a_sign() -> None:
    empty = FailureSeen(domain="example.org", sender="", is_proven=True, failure="spf")
    (found,) = failure_digest([empty])
    assert (
        list(failure_text(found, ENGLISH))[1]
        == "  1 times from ?: spf, not proven by nothing aligned; reverse path of <>"
    )
