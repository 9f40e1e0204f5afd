import base64

import pytest

from skrytka.protocol.mailauth.dkim.body import BodySpec
from skrytka.protocol.mailauth.dkim.canonical import Method
from skrytka.protocol.mailauth.dkim.header import Header
from skrytka.protocol.mailauth.dkim.key import Algorithm
from skrytka.protocol.mailauth.dkim.results import RESULTS, DkimError, DkimReason, Result, SignatureResult
from skrytka.protocol.mailauth.dkim.signature import (
    FIELD_MAX,
    NAMES_MAX,
    SIGNATURES_MAX,
    Claim,
    Signature,
    body_specs,
    read_claim,
    read_claims,
    read_signature,
    refusal,
    signature_of,
)

HASH = base64.b64encode(bytes(range(32))).decode()
GOOD = {
    "v": "1",
    "a": "rsa-sha256",
    "d": "example.org",
    "s": "sel",
    "h": "From",
    "bh": HASH,
    "b": "AAAA",
}


def field(**changes: str | None) -> bytes:
    """A good signature but for these; None leaves a tag out."""
    tags = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return b"DKIM-Signature: " + "; ".join(f"{name}={value}" for name, value in tags.items()).encode() + b"\r\n"


def read(raw: bytes) -> Signature:
    claim = read_claim(raw)
    if isinstance(claim, SignatureResult):
        raise DkimError(claim.reason)
    return read_signature(claim)


def test_defaults() -> None:
    raw = field()
    assert read(raw) == Signature(
        raw,
        BodySpec(Method.SIMPLE),
        Method.SIMPLE,
        Algorithm.RSA_SHA256,
        "example.org",
        "sel",
        (b"from",),
        bytes(range(32)),
        b"\0\0\0",
        None,
        None,
        "@example.org",
        True,
    )
    assert read(raw).key_name == "sel._domainkey.example.org"


def test_everything_said_and_folded() -> None:
    raw = field(
        a="Ed25519-SHA256",
        c="Relaxed/relaxed",
        d="Example.ORG",
        s="a_b.C",
        h="From :\r\n\tto:X-a=b\r\n ",
        i="=4Aoe\r\n =3B+x@\r\n Sub.example.org",
        l="012",
        q="x/y : DNS/txt",
        t="1",
        x="2",
        z="From:a|b",
        unknown="",
    )
    found = read(raw)
    assert (found.body, found.method) == (BodySpec(Method.RELAXED, 12), Method.RELAXED)
    assert found.algorithm is Algorithm.ED25519_SHA256
    assert found.key_name == "a_b.c._domainkey.example.org"
    assert found.names == (b"from", b"to", b"x-a=b")
    assert (found.identity, found.is_domain_itself) == ("Joe;+x@sub.example.org", False)
    assert (found.signed_at_s, found.expires_at_s) == (1, 2)


@pytest.mark.parametrize(
    ("value", "method", "body"),
    [
        ("relaxed", Method.RELAXED, Method.SIMPLE),
        ("simple/relaxed", Method.SIMPLE, Method.RELAXED),
        ("RELAXED/simple", Method.RELAXED, Method.SIMPLE),
    ],
)
def test_canonicalizations(value: str, method: Method, body: Method) -> None:
    found = read(field(c=value))
    assert (found.method, found.body.method) == (method, body)


@pytest.mark.parametrize(
    ("identity", "expected", "is_itself"),
    [
        ("@example.org", "@example.org", True),
        ("joe@EXAMPLE.org", "joe@example.org", True),
        ("@a.b.example.org", "@a.b.example.org", False),
        ('"a b"@example.org'.replace(" ", "=20"), '"a b"@example.org', True),
        ("a@b@example.org", "a@b@example.org", True),
        ("joe=40example.org", "joe@example.org", True),
        ("żółw@example.org", "żółw@example.org", True),  # RFC 8616 5
    ],
)
def test_identities_of_the_domain(identity: str, expected: str, is_itself: bool) -> None:
    found = read(field(i=identity))
    assert (found.identity, found.is_domain_itself) == (expected, is_itself)


def test_names_may_be_u_labels() -> None:
    """RFC 8616 5: looked up as A-labels, hashed as they stand."""
    found = read(field(d="Żółw.example", s="ż", i="ł@a.żółw.example"))
    assert found.key_name == "xn--hha._domainkey.xn--w-uga1v8h.example"
    assert found.identity == "ł@a.xn--w-uga1v8h.example"
    assert "Żółw".encode() in found.field


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        *[({name: None}, DkimReason.MISSING_TAG) for name in GOOD],
        *[({name: ""}, DkimReason.SYNTAX) for name in ("d", "s", "h", "bh", "b")],
        ({"v": "2"}, DkimReason.VERSION),
        ({"v": "1.0"}, DkimReason.VERSION),
        ({"v": ""}, DkimReason.VERSION),
        ({"a": "rsa-sha1"}, DkimReason.SHA1),
        ({"a": "RSA-SHA1"}, DkimReason.SHA1),
        ({"a": "rsa-sha512"}, DkimReason.ALGORITHM),
        ({"a": "ed25519-sha1"}, DkimReason.ALGORITHM),
        ({"a": ""}, DkimReason.ALGORITHM),
        ({"c": "nofws"}, DkimReason.CANONICALIZATION),
        ({"c": "simple/nowsp"}, DkimReason.CANONICALIZATION),
        ({"c": "relaxed/relaxed/relaxed"}, DkimReason.CANONICALIZATION),
        ({"c": ""}, DkimReason.CANONICALIZATION),
        ({"q": "dns"}, DkimReason.QUERY_METHOD),
        ({"q": "http/x"}, DkimReason.QUERY_METHOD),
        ({"d": "org"}, DkimReason.SYNTAX),
        ({"d": "example.org."}, DkimReason.SYNTAX),
        ({"d": "example..org"}, DkimReason.SYNTAX),
        ({"d": "exa mple.org"}, DkimReason.SYNTAX),
        ({"d": "-x.org"}, DkimReason.SYNTAX),
        ({"d": "[192.0.2.1]"}, DkimReason.SYNTAX),
        ({"d": "*.org"}, DkimReason.SYNTAX),
        ({"d": ".".join(["a" * 60] * 4) + ".org"}, DkimReason.SYNTAX),  # with its selector it is too long for DNS
        ({"d": "ż" * 50 + "." + "ł" * 50 + ".org"}, DkimReason.SYNTAX),
        ({"d": "\u202e.org"}, DkimReason.SYNTAX),
        ({"s": "a..b"}, DkimReason.SYNTAX),
        ({"s": "a/b"}, DkimReason.SYNTAX),
        ({"s": "[192.0.2.1]"}, DkimReason.SYNTAX),
        ({"h": "From:"}, DkimReason.SYNTAX),
        ({"h": "From::To"}, DkimReason.SYNTAX),
        ({"h": "From To"}, DkimReason.SYNTAX),
        ({"h": "From:ż"}, DkimReason.SYNTAX),
        ({"h": "To:Subject"}, DkimReason.FROM_NOT_SIGNED),
        ({"h": ":".join(["From"] * (NAMES_MAX + 1))}, DkimReason.TOO_LONG),
        ({"bh": HASH[:-4]}, DkimReason.SYNTAX),
        ({"bh": "AAAA"}, DkimReason.SYNTAX),
        ({"b": "AAA"}, DkimReason.SYNTAX),
        ({"b": "A*AA"}, DkimReason.SYNTAX),
        ({"i": "@example.com"}, DkimReason.DOMAIN_MISMATCH),
        ({"i": "@org"}, DkimReason.SYNTAX),
        ({"i": "@badexample.org"}, DkimReason.DOMAIN_MISMATCH),
        ({"i": "example.org"}, DkimReason.SYNTAX),
        ({"i": ""}, DkimReason.SYNTAX),
        ({"i": "a=0D=0Ab@example.org"}, DkimReason.SYNTAX),
        ({"i": "a=E2=80=AE@example.org"}, DkimReason.SYNTAX),
        ({"i": "a=FF@example.org"}, DkimReason.SYNTAX),
        ({"i": "a@example.com=00.example.org"}, DkimReason.SYNTAX),
        ({"i": "a" * 255 + "@example.org"}, DkimReason.TOO_LONG),
        ({"l": ""}, DkimReason.SYNTAX),
        ({"l": "-1"}, DkimReason.SYNTAX),
        ({"l": "1_0"}, DkimReason.SYNTAX),
        ({"l": "1" * 77}, DkimReason.SYNTAX),
        ({"l": "\u0661"}, DkimReason.SYNTAX),
        ({"t": "x"}, DkimReason.SYNTAX),
        ({"t": "1" * 13}, DkimReason.SYNTAX),
        ({"x": "1 2"}, DkimReason.SYNTAX),
        ({"t": "5", "x": "5"}, DkimReason.SYNTAX),
        ({"x": "0"}, DkimReason.SYNTAX),
        ({"1": "x"}, DkimReason.SYNTAX),
        ({"z": "\x01"}, DkimReason.SYNTAX),
        ({"z": "x" * FIELD_MAX}, DkimReason.TOO_LONG),
    ],
)
def test_what_breaks_a_rule_says_which(changes: dict[str, str | None], reason: DkimReason) -> None:
    with pytest.raises(DkimError) as raised:
        read(field(**changes))
    assert raised.value.reason is reason


def test_lengths_at_their_bounds_are_read() -> None:
    assert read(field(i="a" * 254 + "@example.org")).identity == "a" * 254 + "@example.org"
    assert read(field(l="9" * 76)).body.length == 10**76 - 1
    assert read(field(t="9" * 12)).signed_at_s == 10**12 - 1
    assert len(read(field(h=":".join(["From"] * NAMES_MAX))).names) == NAMES_MAX


def test_ten_signatures_are_looked_at_and_the_rest_is_said_to_be_there() -> None:
    fields = [(b"dkim-signature", field(s=f"s{number}")) for number in range(SIGNATURES_MAX + 5)]
    claims = read_claims(Header(fields))
    assert [claim.tags["s"] for claim in claims if isinstance(claim, Claim)] == [f"s{number}" for number in range(10)]
    assert claims[SIGNATURES_MAX:] == (SignatureResult(Result.POLICY, DkimReason.TOO_MANY),)
    assert len(read_claims(Header(fields[:SIGNATURES_MAX]))) == SIGNATURES_MAX
    assert read_claims(Header([])) == ()


def test_the_body_hashes_that_are_wanted() -> None:
    claims = [
        read_claim(field(c=c, l=length))
        for c, length in [(None, None), ("simple", None), ("relaxed/relaxed", "0"), ("x", None)]
    ]
    assert body_specs(claims) == {BodySpec(Method.SIMPLE), BodySpec(Method.RELAXED, 0)}


def test_a_refusal_tells_what_is_plain() -> None:
    found = refusal(DkimReason.SHA1, {"d": "Example.org", "s": "a.b", "a": "rsa-sha1"})
    assert found == SignatureResult(
        RESULTS[DkimReason.SHA1], DkimReason.SHA1, domain="example.org", selector="a.b", algorithm="rsa-sha1"
    )
    assert refusal(DkimReason.SYNTAX, {"d": "a b", "s": "ż", "a": "x" * 33}) == refusal(DkimReason.SYNTAX)
    assert refusal(DkimReason.SYNTAX, {"d": ".".join(["a" * 63] * 5)}).domain == ""


def test_what_arc_has_in_common_needs_no_version_and_no_from() -> None:
    """RFC 8617 4.1.2: i= is a number there."""
    claim = read_claim(field(v=None, i="1", h="To"))
    assert isinstance(claim, Claim)
    assert signature_of(claim).names == (b"to",)
