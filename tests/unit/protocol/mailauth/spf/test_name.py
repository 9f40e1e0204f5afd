import pytest

from skrytka.protocol.mailauth.spf.name import is_at_or_below, policy_domain, query_name

LABEL = "a" * 63
LONG = ".".join([LABEL, LABEL, LABEL, "b" * 61])


@pytest.mark.parametrize(
    ("expanded", "name"),
    [
        ("Mail.Example.ORG.", "mail.example.org"),
        ("_spf.example.org", "_spf.example.org"),
        ("foo:bar/baz.example.org", "foo:bar/baz.example.org"),
        ("macro%percent  space.example.org", "macro%percent  space.example.org"),
        ("1.2.0.192.in-addr._spf.example.org", "1.2.0.192.in-addr._spf.example.org"),
        (LONG, LONG),
        (f"x.y.{LONG}", LONG),
        (f"x.{LONG[:-1]}", LONG[:-1]),
        (f"{'x' * 200}.{LONG}", LONG),
        (f"{'x.' * 5000}{LONG}.", LONG),
        ("x" * 300, None),
        (f"{LABEL}a.example.org", None),
        ("a..example.org", None),
        (".example.org", None),
        ("example.org..", None),
        ("unknown", None),
        ("", None),
        (".", None),
        ("ż.example.org", None),
        ("a\\.example.org", None),
        ("a\n.example.org", None),
        ("a.example.org\n", None),
        ("a\0.example.org", None),
    ],
)
def test_only_what_dns_can_hold_is_asked_for(expanded: str, name: str | None) -> None:
    assert query_name(expanded) == name


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("Example.ORG.", "example.org"),
        ("a.example.xn--zckzah", "a.example.xn--zckzah"),
        ("_spf.example.org", "_spf.example.org"),
        ("example.c0m", "example.c0m"),
        (LONG, LONG),
        (f"x.{LONG}", None),
        ("localhost", None),
        ("[192.0.2.1]", None),
        ("192.0.2.1", None),
        ("[IPv6:2001:db8::1]", None),
        ("example.-org", None),
        ("example.org-", None),
        ("a..example.org", None),
        (f"{LABEL}a.example.org", None),
        (f"example.{LABEL}a", None),
        ("żółw.example", None),
        ("", None),
    ],
)
def test_a_policy_belongs_to_a_domain_of_two_labels(text: str, domain: str | None) -> None:
    assert policy_domain(text) == domain


@pytest.mark.parametrize(
    ("name", "is_below"),
    [("example.org", True), ("a.example.org", True), ("aexample.org", False), ("org", False), ("example.org.a", False)],
)
def test_a_name_is_below_a_domain_by_whole_labels(name: str, is_below: bool) -> None:
    assert is_at_or_below(name, "example.org") is is_below
