"""RFC 8461 3.1, 3.2, 4.1 and 5 as tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.tlspolicy.policy import NO_POLICY, Level, PolicyType
from skrytka.protocol.tlspolicy.published import MAX_AGE_MAX_S, PublishedPolicy
from skrytka.protocol.tlspolicy.sts import POLICY_MAX_BYTES, StsPolicy, host_policy, parse_policy, record_id

EXAMPLE = b"version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n"
POLICY = StsPolicy("enforce", ("mail.example.com", "*.example.net"), 604_800)


@pytest.mark.parametrize(
    ("strings", "expected"),
    [
        ([b"v=STSv1; id=20160831085700Z;"], "20160831085700Z"),
        ([b"v=STSv1;id=1"], "1"),
        ([b"v=STSv1 \t;\tid=1 ;"], "1"),
        ([b"v=STSv1; x-y.z=1:2/3; id=a"], "a"),  # extensions are passed over
        ([b"v=STSv1; id=a; id=b"], "a"),  # 3.2: the first counts
        ([b"v=spf1 -all", b"v=STSv1; id=a"], "a"),
        ([], None),
        ([b"v=STSv1; id=a", b"v=STSv1; id=b"], None),  # not one
        ([b"v=STSv1; id=a", b"v=STSv1; id=a"], None),
        ([b"v=STSv1"], None),
        ([b"v=STSv1;"], None),
        ([b"v=STSv1; id="], None),
        ([b"v=STSv1; id=a-b"], None),
        ([b"v=STSv1; id=" + b"a" * 33], None),
        ([b"v=STSv1; id=" + b"a" * 32], "a" * 32),
        ([b"v=stsv1; id=a"], None),  # %s: case counts
        ([b"V=STSv1; id=a"], None),
        ([b"v=STSv1; ID=a"], None),
        ([b"v=STSv2; id=a"], None),
        ([b" v=STSv1; id=a"], None),
        ([b"id=a; v=STSv1"], None),
        ([b"v=STSv1;; id=a"], None),
        ([b"v=STSv1; id=a; x"], None),
        ([b"v=STSv1; id=a; x="], None),
        ([b"v=STSv1; id=a; x=b=c"], None),
        ([b"v=STSv1; id=a; x=b c"], None),
        ([b"v=STSv1; id=a; -x=b"], None),
        ([b"v=STSv1; id=\xc5\xbc"], None),
        ([b"v=STSv1; id=a; x=" + b"b" * 2000], None),
    ],
)
def test_the_record_in_dns(strings: list[bytes], expected: str | None) -> None:
    assert record_id(strings) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (EXAMPLE, POLICY),
        (EXAMPLE.replace(b"\r\n", b"\n"), POLICY),
        (EXAMPLE.removesuffix(b"\r\n"), POLICY),
        (EXAMPLE + b"\r\n\n", POLICY),
        (EXAMPLE.replace(b"\r\n", b" \t\r\n"), POLICY),
        (EXAMPLE.replace(b": ", b":"), POLICY),
        (EXAMPLE + b"mode: none\r\nmax_age: 1\r\nversion: STSv2\r\n", POLICY),  # the first counts
        (EXAMPLE + "x-note: zażółć gęślą\r\n".encode(), POLICY),
        (EXAMPLE.replace(b"mail.example.com", b"MAIL.Example.Com"), POLICY),
        (b"max_age: 0\nmode: none\nversion: STSv1", StsPolicy("none", (), 0)),
        (EXAMPLE.replace(b"604800", b"9999999999"), StsPolicy("enforce", POLICY.mx, MAX_AGE_MAX_S)),
        (EXAMPLE.replace(b"enforce", b"testing"), StsPolicy("testing", POLICY.mx, 604_800)),
    ],
)
def test_policies(body: bytes, expected: StsPolicy) -> None:
    assert parse_policy(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>nothing</html>",
        EXAMPLE.replace(b"version: STSv1\r\n", b""),
        EXAMPLE.replace(b"STSv1", b"STSv2"),
        EXAMPLE.replace(b"STSv1", b"stsv1"),
        EXAMPLE.replace(b"mode: enforce\r\n", b""),
        EXAMPLE.replace(b"enforce", b"Enforce"),
        EXAMPLE.replace(b"enforce", b"report"),
        EXAMPLE.replace(b"mode:", b"Mode:"),
        EXAMPLE.replace(b"max_age: 604800\r\n", b""),
        EXAMPLE.replace(b"604800", b"-1"),
        EXAMPLE.replace(b"604800", b"1d"),
        EXAMPLE.replace(b"604800", b"12345678901"),
        b"version: STSv1\r\nmode: enforce\r\nmax_age: 1\r\n",  # no mx
        EXAMPLE.replace(b"*.example.net", b"*"),
        EXAMPLE.replace(b"*.example.net", b"mx*.example.net"),
        EXAMPLE.replace(b"*.example.net", b".example.net"),
        EXAMPLE.replace(b"*.example.net", b"a..example.net"),
        EXAMPLE.replace(b"*.example.net", b"a.example.net."),
        EXAMPLE.replace(b"*.example.net", b"-a.example.net"),
        EXAMPLE.replace(b"*.example.net", b"a.example.net b.example.net"),
        EXAMPLE.replace(b"*.example.net", "żółw.example.net".encode()),
        EXAMPLE.replace(b"mx: *.example.net", b"mx:"),
        EXAMPLE + b"no colon\r\n",
        EXAMPLE + b" folded: x\r\n",
        EXAMPLE + b"x: a\x00b\r\n",
        EXAMPLE + b"x: a\rb\r\n",
        EXAMPLE + b"x: \xff\r\n",
        EXAMPLE + b"x: " + b"y" * POLICY_MAX_BYTES,
        b"version: STSv1\nmode: enforce\nmax_age: 1\n" + b"".join(b"mx: a%d.example\n" % n for n in range(1001)),
    ],
)
def test_what_is_no_policy(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_policy(body)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
def test_any_octets_are_a_policy_or_an_error(body: bytes) -> None:
    for each in (body, EXAMPLE + body):
        try:
            policy = parse_policy(each)
        except RemoteProtocolError:
            continue
        assert policy.mode in {"enforce", "testing", "none"}
    record_id([body, b"v=STSv1;" + body])


def test_what_we_publish_is_read_as_it_is_meant() -> None:
    ours = PublishedPolicy(mode="enforce", mx=("mx.example.org",), max_age_s=86_400)
    assert parse_policy(ours.text()) == StsPolicy("enforce", ("mx.example.org",), 86_400)
    assert record_id([ours.record().encode()]) == ours.id


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("mail.example.com", True),
        ("MAIL.example.com", True),
        ("a.example.net", True),
        ("example.net", False),
        ("a.b.example.net", False),
        ("example.com", False),
        ("mail.example.com.evil.example", False),
    ],
)
def test_which_servers_it_names(host: str, expected: bool) -> None:
    assert POLICY.covers(host) is expected


@pytest.mark.parametrize(
    ("mode", "host", "level", "has_fault"),
    [
        ("enforce", "mail.example.com", Level.PROVEN, False),
        ("enforce", "other.example", Level.FORBIDDEN, True),
        ("testing", "mail.example.com", Level.PROVEN, False),
        ("testing", "other.example", Level.OPPORTUNISTIC, True),
    ],
)
def test_what_a_mode_asks_of_a_server(mode: str, host: str, level: Level, has_fault: bool) -> None:
    found = host_policy(StsPolicy(mode, POLICY.mx, 1), "example.com", host)
    assert (found.level, bool(found.fault), found.is_testing) == (level, has_fault, mode == "testing")
    assert (found.kind, found.domain, found.names) == (PolicyType.STS, "example.com", (host,))
    assert found.strings == (
        "version: STSv1",
        f"mode: {mode}",
        "mx: mail.example.com",
        "mx: *.example.net",
        "max_age: 1",
    )


def test_no_policy_and_none_ask_for_nothing() -> None:
    assert host_policy(None, "example.com", "mx") == NO_POLICY
    assert host_policy(StsPolicy("none", (), 1), "example.com", "mx") == NO_POLICY
