import pytest

from skrytka.protocol.mailauth.spf.macro import (
    MacroString,
    SpfSyntaxError,
    parse_domain_spec,
    parse_explanation,
    parse_macro_string,
)

# The example of RFC 7208 7.4, and values that it has no example of.
VALUES = {
    "s": "strong-bad@email.example.com",
    "l": "strong-bad",
    "o": "email.example.com",
    "d": "email.example.com",
    "i": "192.0.2.3",
    "p": "mx.example.org",
    "v": "in-addr",
    "h": "a b/c.example",
    "c": "192.0.2.3",
    "r": "mx.example.net",
    "t": "1700000000",
}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d3}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{D2R}", "example.email"),
        ("%{l}", "strong-bad"),
        ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
        ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
        ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
        ("%{d127}", "email.example.com"),
        ("%{d000000002}", "example.com"),
        ("%{sr-.}", "com.example.bad@email.strong"),
        ("%{s1.-.-}", "com"),
        ("%{S}", "strong-bad%40email.example.com"),
        ("%{H}", "a%20b%2Fc.example"),
        ("%{H/}", "a%20b.c.example"),
        ("%%%_%-.example.org", "% %20.example.org"),
        ("foo:bar/{baz}.example.org.", "foo:bar/{baz}.example.org."),
    ],
)
def test_a_domain_spec_expands_as_rfc_7208_shows(text: str, expanded: str) -> None:
    assert parse_domain_spec(text).expand(VALUES) == expanded


WRONG = """
    com com. example.-com example.com- 192.0.2.1 a.123 example.. a} } %{d}com ż.example a.example\u017f
    %{d0} %{d00} %{x}.a %{d %d % a% %(d) %{} %{dd} %{d!} %{2d} %{d2r@} %{d1234567890} %{c} %{R}.a %{t}.a
"""


@pytest.mark.parametrize(
    "text", [*WRONG.split(), "", "a b.example", "a\t.example", "a.example\n", "%{d}" * 129, "a" * 509 + ".com"]
)
def test_what_is_no_domain_spec_is_an_error(text: str) -> None:
    with pytest.raises(SpfSyntaxError):
        parse_domain_spec(text)


def test_the_length_of_a_domain_spec_has_a_limit() -> None:
    assert parse_domain_spec("%{d}" * 128).letters == {"d"}
    assert parse_domain_spec("a" * 508 + ".com").letters == frozenset()


@pytest.mark.parametrize(
    ("text", "is_right"), [("", True), ("man:dog/cat", True), ("%{c}-", True), ("%abc", False), ("a b", False)]
)
def test_the_value_of_an_unknown_modifier_is_a_macro_string(text: str, is_right: bool) -> None:
    if is_right:
        assert isinstance(parse_macro_string(text), MacroString)
    else:
        with pytest.raises(SpfSyntaxError):
            parse_macro_string(text)


@pytest.mark.parametrize(
    ("raw", "expanded"),
    [
        (b"", ""),
        (
            b"See http://%{d}/?s=%{S}&i=%{I}.",
            "See http://email.example.com/?s=strong-bad%40email.example.com&i=192.0.2.3.",
        ),
        (b" %{c} is none of %{d}'s. ", " 192.0.2.3 is none of email.example.com's. "),
        (b"%{r} at %{t}: 100%%", "mx.example.net at 1700000000: 100%"),
        (b"a" * 1024, "a" * 1024),
        (b"a" * 1025, None),
        (b"100%", None),
        (b"%{x}", None),
        (b"caf\xc3\xa9", None),
        (b"two\r\nlines", None),
        (b"tab\t", None),
    ],
)
def test_an_explanation_is_ascii_and_expands_all_macros(raw: bytes, expanded: str | None) -> None:
    if expanded is None:
        with pytest.raises(SpfSyntaxError):
            parse_explanation(raw)
    else:
        assert parse_explanation(raw).expand(VALUES) == expanded


def test_letters_tell_which_values_are_needed() -> None:
    assert parse_domain_spec("%{L}.%%.%{p2r}.%{ir}.example.org").letters == {"l", "p", "i"}
