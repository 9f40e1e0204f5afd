"""The tree walk of RFC 9989 4.10, from records in a table."""

import pytest

from skrytka.model.dns import Answer, Status
from skrytka.protocol.mailauth.dmarc.walk import LookupFailedError, TreeWalks, targets
from skrytka.protocol.mailauth.query import Query, run_with


def zone(**records: str | None) -> dict[Query, Answer | None]:
    """``example__com="p=none"``: a record at _dmarc.example.com; None: DNS does not say."""
    return {
        Query("_dmarc." + name.replace("__", "."), "TXT"): None
        if text is None
        else Answer(Status.NOERROR, tuple(each.encode() for each in text.split("|")))
        for name, text in records.items()
    }


def test_the_names_asked_are_those_of_the_rfc_and_no_more_than_eight() -> None:
    long = "a.b.c.d.e.f.g.h.i.j.mail.example.com"
    assert targets(long) == [
        long,
        "g.h.i.j.mail.example.com",
        "h.i.j.mail.example.com",
        "i.j.mail.example.com",
        "j.mail.example.com",
        "mail.example.com",
        "example.com",
        "com",
    ]
    assert targets("example.com") == ["example.com", "com"]
    assert targets("com") == ["com"]
    assert len(targets("a.b.c.d.e.f.g.h")) == 8


@pytest.mark.parametrize(
    ("records", "domain", "expected"),
    [
        ({}, "mail.example.com", "mail.example.com"),
        ({"example__com": "v=DMARC1; p=none"}, "mail.example.com", "example.com"),
        (
            {"example__com": "v=DMARC1; p=none", "mail__example__com": "v=DMARC1; p=none"},
            "a.mail.example.com",
            "example.com",
        ),
        (
            {"mail__example__com": "v=DMARC1; psd=n", "example__com": "v=DMARC1; p=none"},
            "a.mail.example.com",
            "mail.example.com",
        ),
        ({"example__com": "v=DMARC1; psd=y"}, "a.mail.example.com", "mail.example.com"),
        ({"example__com": "v=DMARC1; psd=y"}, "example.com", "example.com"),  # where the walk began
        ({"com": "v=DMARC1; psd=y"}, "mail.example.com", "example.com"),
        ({"example__com": "v=DMARC1; p=none|v=DMARC1; p=reject"}, "mail.example.com", "mail.example.com"),
        ({"example__com": "v=spf1 -all|v=DMARC1; p=reject|other"}, "mail.example.com", "example.com"),
    ],
)
def test_the_organizational_domain(records: dict[str, str | None], domain: str, expected: str) -> None:
    assert run_with(TreeWalks().organizational(domain), zone(**records)) == expected


def test_a_failed_look_up_is_told_and_no_name_is_asked_for_twice() -> None:
    with pytest.raises(LookupFailedError):
        run_with(TreeWalks().walk("mail.example.com"), zone(example__com=None))
    walks = TreeWalks()
    run_with(walks.walk("a.example.com"), {})
    asked = walks.walk("b.example.com")
    assert next(asked) == Query("_dmarc.b.example.com", "TXT")
    with pytest.raises(StopIteration):
        asked.send(Answer(Status.NXDOMAIN))
