"""The record that asks for TLS reports (RFC 8460 3)."""

import pytest

from skrytka.model.dns import Answer, Status
from skrytka.protocol.mailauth.query import Query, run_with
from skrytka.protocol.reports.tls_wanted import TlsWanted, tls_wanted

MANY = "v=TLSRPTv1; rua=" + ",".join(f"mailto:{n}@example.org" for n in range(9))
QUERY = Query("_smtp._tls.example.org", "TXT")


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ([], []),
        (["v=TLSRPTv1; rua=mailto:tls@example.org"], ["tls@example.org"]),
        (["v=TLSRPTv1;rua=mailto:tls@example.org,MAILTO:b@example.com?x=y;"], ["tls@example.org", "b@example.com"]),
        (["v=TLSRPTv1; rua=https://example.org/v1/tlsrpt"], []),
        (["v=TLSRPTv1; rua=https://example.org/a,mailto:tls%2Bx@example.org"], ["tls+x@example.org"]),
        (["v=spf1 -all", "v=TLSRPTv1; rua=mailto:tls@example.org"], ["tls@example.org"]),
        (["v=TLSRPTv1; rua=mailto:a@example.org", "v=TLSRPTv1; rua=mailto:b@example.org"], []),
        (["v=TLSRPTv2; rua=mailto:a@example.org"], []),
        (["v=TLSRPTv1"], []),
        (["v=TLSRPTv1; rua=mailto:nobody,mailto:a@[192.0.2.1]"], []),
        (
            ["v=TLSRPTv1; rua=" + ",".join(f"mailto:{n}@example.org" for n in range(9))],
            [f"{n}@example.org" for n in range(5)],
        ),
    ],
)
def test_addresses_are_those_of_the_one_record(records: list[str], found: list[str]) -> None:
    answer = Answer(Status.NOERROR if records else Status.NODATA, tuple(each.encode() for each in records))
    wanted = run_with(tls_wanted("example.org"), {QUERY: answer})
    assert [str(each) for each in wanted.addresses] == found


def test_when_nobody_answers_nobody_is_told() -> None:
    assert run_with(tls_wanted("example.org"), {QUERY: None}) == TlsWanted()


@pytest.mark.parametrize(
    ("rua", "found"),
    [
        ("https://example.org/v1/tlsrpt", ("https://example.org/v1/tlsrpt",)),
        (
            "HTTPS://example.org/a%2Cb, mailto:x@example.org ,https://b.test/",
            ("https://example.org/a%2Cb", "https://b.test/"),
        ),
        ("https://a.test/,https://a.test/", ("https://a.test/",)),
        ("http://a.test/", ()),
        ("mailto:x@example.org", ()),
        (",".join(f"https://a.test/{number}" for number in range(9)), tuple(f"https://a.test/{n}" for n in range(5))),
    ],
)
def test_urls_are_told_apart_from_addresses(rua: str, found: tuple[str, ...]) -> None:
    answer = Answer(Status.NOERROR, (f"v=TLSRPTv1; rua={rua}".encode(),))
    assert run_with(tls_wanted("example.org"), {QUERY: answer}).urls == found
