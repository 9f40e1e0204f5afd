"""What the suite of RFC 7208 (tests/vectors/test_spf.py) leaves open, what it does not count, and what we decided."""

from ipaddress import ip_address

import pytest

from skrytka.model.dns import Answer, Status
from skrytka.protocol.mailauth.query import Query
from skrytka.protocol.mailauth.spf.check import check_host
from skrytka.protocol.mailauth.spf.result import Cause, Identity, Result, SpfResult
from tests.support.spf import TIMEOUT, Zone, drive, run, table

D = "example.org"
IP = "192.0.2.1"
PTR = "1.2.0.192.in-addr.arpa"
HOSTS: Zone = {
    "here.example.org": [("A", IP)],
    "near.example.org": [("A", "192.0.2.77"), ("AAAA", "2001:db8::1"), ("TXT", b"v=spf1 a:%{d}/24")],
    "far.example.org": [("A", "198.51.100.1"), ("AAAA", "2001:db8:1::1")],
    "six.example.org": [("AAAA", "2001:db8::1")],
    "lost.example.org": [TIMEOUT],
    "text.example.org": [("TXT", b"no policy")],
    "pass.example.org": [("TXT", b"v=spf1 a:here.example.org -all")],
    "soft.example.org": [("TXT", b"v=spf1 ~all")],
    "neutral.example.org": [("TXT", b"v=spf1 ?all")],
    "fail.example.org": [("TXT", b"v=spf1 -all exp=why.example.org")],
    "why.example.org": [("TXT", b"%{i} is not for %{o}")],
    "two.example.org": [("TXT", b"v=spf1 all"), ("TXT", b"v=spf1 -all")],
}
OK = None


def check(record: str, ip: str = IP, sender: str = f"a@{D}", more: Zone | None = None) -> SpfResult:
    """The policy ``record`` of example.org, beside HOSTS and ``more``."""
    return run({**HOSTS, D: [("TXT", record.encode())], **(more or {})}, ip, sender)


@pytest.mark.parametrize(
    ("record", "result", "mechanism"),
    [
        ("v=spf1", Result.NEUTRAL, ""),
        ("v=spf1 ?all", Result.NEUTRAL, "?all"),
        ("v=spf1 ip4:192.0.2.0/24 -all", Result.PASS, "ip4:192.0.2.0/24"),
        ("v=spf1 +A:Here.Example.ORG. -all", Result.PASS, "+A:Here.Example.ORG."),
        ("v=spf1 a:near.example.org -all", Result.FAIL, "-all"),
        ("v=spf1 ~a:near.example.org/24 -all", Result.SOFTFAIL, "~a:near.example.org/24"),
        ("v=spf1 include:pass.example.org -all", Result.PASS, "include:pass.example.org"),
        ("v=spf1 -include:pass.example.org all", Result.FAIL, "-include:pass.example.org"),
        ("v=spf1 include:fail.example.org ~all", Result.SOFTFAIL, "~all"),
        ("v=spf1 include:soft.example.org -all", Result.FAIL, "-all"),
        ("v=spf1 include:neutral.example.org -all", Result.FAIL, "-all"),
        ("v=spf1 redirect=near.example.org", Result.PASS, "a:%{d}/24"),
        ("v=spf1 redirect=pass.example.org", Result.PASS, "a:here.example.org"),
        ("v=spf1 redirect=pass.example.org ~all", Result.SOFTFAIL, "~all"),
        ("v=spf1 exists:six.example.org -all", Result.FAIL, "-all"),
        ("v=spf1 exists:far.example.org -all", Result.PASS, "exists:far.example.org"),
        ("v=spf1 exists:%{l}.%{h3} -all", Result.FAIL, "-all"),
    ],
)
def test_the_first_mechanism_that_matches_decides(record: str, result: Result, mechanism: str) -> None:
    found = check(record)
    assert (found.result, found.mechanism, found.cause, found.detail) == (result, mechanism, OK, "")
    assert found.identity == Identity("mfrom", "a", D)


@pytest.mark.parametrize(
    ("record", "ip", "is_pass"),
    [
        ("v=spf1 ip4:192.0.2.1", "::ffff:192.0.2.1", True),
        ("v=spf1 a:here.example.org", "::ffff:192.0.2.1", True),
        ("v=spf1 ip6:::ffff:192.0.2.1", "::ffff:192.0.2.1", False),
        ("v=spf1 ip6:::/0", "::ffff:192.0.2.1", False),
        ("v=spf1 ip4:0.0.0.0/0", "2001:db8::1", False),
        ("v=spf1 a:near.example.org", "2001:db8::1", True),
        ("v=spf1 a:near.example.org//64", "2001:db8::2", True),
        ("v=spf1 a:near.example.org/0", "2001:db8::2", False),
        ("v=spf1 a:near.example.org//0", "192.0.2.1", False),
        ("v=spf1 a:near.example.org/25", "192.0.2.128", False),
        ("v=spf1 a:near.example.org/25", "192.0.2.127", True),
        ("v=spf1 exists:%{ir}.%{v}.a.example.org", "2001:db8::1", True),
    ],
)
def test_addresses_are_compared_within_their_family(record: str, ip: str, is_pass: bool) -> None:
    nibbles = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.a.example.org"
    found = check(record, ip, more={nibbles: [("A", "127.0.0.2")]})
    assert found.result is (Result.PASS if is_pass else Result.NEUTRAL)


@pytest.mark.parametrize(
    ("record", "result", "cause", "detail"),
    [
        ("v=spf1 moo", Result.PERMERROR, Cause.SYNTAX, "example.org: an unknown mechanism"),
        ("v=spf1 include:two.example.org", Result.PERMERROR, Cause.SEVERAL_RECORDS, "two.example.org"),
        ("v=spf1 include:text.example.org all", Result.PERMERROR, Cause.NO_RECORD, "text.example.org"),
        ("v=spf1 redirect=gone.example.org", Result.PERMERROR, Cause.NO_RECORD, "gone.example.org"),
        ("v=spf1 include:a..example.org all", Result.PERMERROR, Cause.BAD_DOMAIN, ""),
        ("v=spf1 redirect=%{l}", Result.PERMERROR, Cause.BAD_DOMAIN, ""),
        ("v=spf1 include:%{i} all", Result.PERMERROR, Cause.BAD_DOMAIN, ""),
        ("v=spf1 a:lost.example.org all", Result.TEMPERROR, Cause.DNS, "lost.example.org"),
        ("v=spf1 mx:lost.example.org all", Result.TEMPERROR, Cause.DNS, "lost.example.org"),
        ("v=spf1 mx:mx.example.org all", Result.TEMPERROR, Cause.DNS, "lost.example.org"),
        ("v=spf1 exists:lost.example.org all", Result.TEMPERROR, Cause.DNS, "lost.example.org"),
        ("v=spf1 include:lost.example.org all", Result.TEMPERROR, Cause.DNS, "lost.example.org"),
        ("v=spf1 redirect=lost.example.org", Result.TEMPERROR, Cause.DNS, "lost.example.org"),
        ("v=spf1 a:a..example.org ~all", Result.SOFTFAIL, OK, ""),
        ("v=spf1 a:%{l} exists:%{l} mx:%{p} ptr:%{l} ~all", Result.SOFTFAIL, OK, ""),
        ("v=spf1 include:fail.example.org redirect=pass.example.org", Result.PASS, OK, ""),
        ("v=spf1 mx:none.example.org mx:here.example.org ~all", Result.SOFTFAIL, OK, ""),
    ],
)
def test_an_error_ends_the_check_and_says_where(record: str, result: Result, cause: Cause | None, detail: str) -> None:
    more: Zone = {"mx.example.org": [("MX", (0, "lost.example.org"))], "none.example.org": [("MX", (0, ""))]}
    found = check(record, more=more)
    assert (found.result, found.cause, found.detail) == (result, cause, detail)


@pytest.mark.parametrize(
    ("mail_from", "helo", "cause"),
    [
        ("a@gone.example.org", "mail.example.org", Cause.NO_RECORD),
        ("a@text.example.org", "mail.example.org", Cause.NO_RECORD),
        ("a@[192.0.2.1]", "mail.example.org", Cause.BAD_DOMAIN),
        ("a@localhost", "mail.example.org", Cause.BAD_DOMAIN),
        ("", "192.0.2.1", Cause.BAD_DOMAIN),
        ("", "[IPv6:2001:db8::1]", Cause.BAD_DOMAIN),
    ],
)
def test_without_a_policy_there_is_no_result(mail_from: str, helo: str, cause: Cause) -> None:
    found = run(HOSTS, IP, mail_from, helo)
    assert (found.result, found.cause) == (Result.NONE, cause)


# -- limits -----------------------------------------------------------------------------------------------------------

TEN = "a:far.example.org mx:mx.example.org exists:%{l}.example.org ptr:example.net include:fail.example.org " + (
    "a:far.example.org " * 5
)


@pytest.mark.parametrize(
    ("record", "result", "lookups"),
    [
        (f"v=spf1 {TEN} ip4:192.0.2.1 exp=why.example.org", Result.PASS, 10),
        (f"v=spf1 {TEN} a:here.example.org", Result.PERMERROR, 11),
        (f"v=spf1 {TEN} redirect=pass.example.org", Result.PERMERROR, 11),
        (f"v=spf1 {TEN} redirect=fail.example.org ip4:192.0.2.1", Result.PASS, 10),
        ("v=spf1 " + "a:far.example.org " * 8 + "include:pass.example.org", Result.PASS, 10),
        ("v=spf1 " + "a:far.example.org " * 9 + "include:pass.example.org", Result.PERMERROR, 11),
        ("v=spf1 include:example.org", Result.PERMERROR, 11),
        ("v=spf1 redirect=example.org", Result.PERMERROR, 11),
        ("v=spf1 a:a..example.org include:fail.example.org -all", Result.FAIL, 2),
    ],
)
def test_ten_terms_may_cause_look_ups(record: str, result: Result, lookups: int) -> None:
    found = check(record, more={"mx.example.org": [("MX", (0, "far.example.org"))]})
    assert (found.result, found.lookups) == (result, lookups)
    assert found.cause is (Cause.TOO_MANY_LOOKUPS if result is Result.PERMERROR else OK)


@pytest.mark.parametrize(
    ("record", "result", "voids"),
    [
        ("v=spf1 a:x.example.org a:y.example.org ~all", Result.SOFTFAIL, 2),
        ("v=spf1 a:x.example.org a:y.example.org a:z.example.org ~all", Result.PERMERROR, 3),
        ("v=spf1 a:x.example.org a:x.example.org a:X.example.org/24 ~all", Result.SOFTFAIL, 1),
        ("v=spf1 a:x.example.org mx:x.example.org exists:text.example.org ~all", Result.PERMERROR, 3),
        ("v=spf1 mx:mx.example.org ~all", Result.PERMERROR, 3),
        ("v=spf1 a:x.example.org a:y.example.org include:fail.example.org ~all", Result.SOFTFAIL, 2),
        ("v=spf1 a:x.example.org a:y.example.org -all exp=z.example.org", Result.FAIL, 2),
        ("v=spf1 ptr ptr a:x.example.org ~all", Result.SOFTFAIL, 2),
        ("v=spf1 ptr a:x.example.org a:y.example.org ~all", Result.PERMERROR, 3),
        ("v=spf1 a:x.example.org a:%{p} a:y.example.org ~all", Result.SOFTFAIL, 2),
    ],
)
def test_two_look_ups_may_find_nothing(record: str, result: Result, voids: int) -> None:
    found = check(record, more={"mx.example.org": [("MX", (n, f"x{n}.example.org")) for n in range(3)]})
    assert (found.result, found.void_lookups) == (result, voids)
    assert found.cause is (Cause.TOO_MANY_VOID_LOOKUPS if result is Result.PERMERROR else OK)


@pytest.mark.parametrize(
    ("count", "place", "result"),
    [
        (10, 9, Result.PASS),
        (11, 9, Result.PASS),
        (11, 10, Result.PERMERROR),
        (10, 99, Result.FAIL),
        (3000, 99, Result.PERMERROR),
    ],
)
def test_ten_exchanges_are_looked_at_in_their_order(count: int, place: int, result: Result) -> None:
    exchanges = [("MX", (n, "here.example.org" if n == place else "far.example.org")) for n in range(count)]
    found = check("v=spf1 mx:mx.example.org -all", more={"mx.example.org": exchanges[::-1]})
    assert (found.result, found.lookups) == (result, 1)
    assert found.cause is (Cause.TOO_MANY_EXCHANGES if result is Result.PERMERROR else OK)


@pytest.mark.parametrize(("place", "result"), [(255, Result.PASS), (256, Result.FAIL)])
def test_so_many_addresses_of_a_name_are_compared(place: int, result: Result) -> None:
    many = [("A", IP if n == place else f"198.51.100.{n % 256}") for n in range(1000)]
    assert check("v=spf1 a:many.example.org -all", more={"many.example.org": many}).result is result


# -- the client's names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "names", "result"),
    [
        ("v=spf1 ptr -all", ["here.example.org"], Result.PASS),
        ("v=spf1 ptr:here.example.org -all", ["here.example.org"], Result.PASS),
        ("v=spf1 ptr:ere.example.org -all", ["here.example.org"], Result.FAIL),
        ("v=spf1 ptr -all", ["far.example.org"], Result.FAIL),
        (
            "v=spf1 ptr -all",
            ["lost.example.org", "x.example.org", "y.example.org", "z.example.org", "here.example.org"],
            Result.PASS,
        ),
        ("v=spf1 ptr -all", [*["far.example.org"] * 9, "here.example.org"], Result.PASS),
        ("v=spf1 ptr -all", [*["far.example.org"] * 10, "here.example.org"], Result.FAIL),
        ("v=spf1 ptr:example.com -all", ["here.example.org"], Result.FAIL),
        ("v=spf1 ptr -all", ["a..example.org", "\\.example.org"], Result.FAIL),
    ],
)
def test_a_name_of_the_client_counts_if_it_leads_back(record: str, names: list[str], result: Result) -> None:
    zone = {**HOSTS, D: [("TXT", record.encode())], PTR: [("PTR", name) for name in names]}
    found = run(zone, IP, f"a@{D}")
    assert (found.result, found.void_lookups) == (result, 0)


def test_a_client_without_an_answer_about_its_names_does_not_match() -> None:
    found = run({**HOSTS, D: [("TXT", b"v=spf1 ptr ~all")], PTR: [TIMEOUT]}, IP, f"a@{D}")
    assert (found.result, found.void_lookups) == (Result.SOFTFAIL, 0)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], "unknown"),
        (["far.example.org"], "unknown"),
        (["z.example.net", "x.example.org", D], D),
        (["z.example.net", "x.example.org"], "x.example.org"),
        (["z.example.net", "far.example.org"], "z.example.net"),
    ],
)
def test_the_best_validated_name_is_the_p_macro(names: list[str], expected: str) -> None:
    more: Zone = {
        PTR: [("PTR", name) for name in names],
        D: [("A", IP), ("TXT", b"v=spf1 -all exp=p.example.org")],
        "p.example.org": [("TXT", b"%{p}")],
        "x.example.org": [("A", IP)],
        "z.example.net": [("A", IP)],
    }
    assert check("", more=more).explanation == expected


# -- explanations -----------------------------------------------------------------------------------------------------


def ask(zone: Zone, *, helo: str = "mail.example.net", is_explained: bool = True) -> tuple[SpfResult, list[Query]]:
    who = Identity("mfrom", "a", D)
    found = check_host(who, ip=ip_address(IP), helo=helo, receiver="mx.example.net", now_s=7, is_explained=is_explained)
    return drive(found, lambda query: table(zone).get(query, Answer(Status.NXDOMAIN)))


@pytest.mark.parametrize(
    ("texts", "explanation"),
    [
        ([b"%{i} is not for %{o}"], "192.0.2.1 is not for example.org"),
        (
            [b"%{c} %{r} %{t} %{h} %{v} %{d} %{s}"],
            "192.0.2.1 mx.example.net 7 mail.example.net in-addr example.org a@example.org",
        ),
        ([b"x" * 600], "x" * 512),
        ([b"x" * 1100], ""),
        ([b"one", b"two"], ""),
        ([], ""),
        ([b"%{x}"], ""),
        ([b"\xc5\xbc"], ""),
        ([b"a\r\n250 ok"], ""),
    ],
)
def test_a_fail_is_explained_in_printable_ascii(texts: list[bytes], explanation: str) -> None:
    zone: Zone = {D: [("TXT", b"v=spf1 -all exp=why.%{d}")], "why.example.org": [("TXT", text) for text in texts]}
    found, _ = ask(zone)
    assert (found.result, found.explanation) == (Result.FAIL, explanation)
    assert (found.lookups, found.void_lookups) == (0, 0)


def test_an_explanation_shows_an_ipv6_address_as_the_rfc_writes_it() -> None:
    more: Zone = {"why.example.org": [("TXT", b"%{c} %{i} %{v}")]}
    nibbles = "2.0.0.1.0.D.B.8" + ".0" * 20 + ".0.0.F.1"
    assert check("v=spf1 -all exp=why.%{d}", "2001:DB8::f1", more=more).explanation == f"2001:db8::f1 {nibbles} ip6"


@pytest.mark.parametrize("helo", ["a\r\nb.example", "ż.example", "a\x1b.example"])
def test_what_a_macro_brings_cannot_make_an_explanation_unprintable(helo: str) -> None:
    zone: Zone = {D: [("TXT", b"v=spf1 -all exp=why.%{d}")], "why.example.org": [("TXT", b"from %{h}")]}
    found, _ = ask(zone, helo=helo)
    assert (found.result, found.explanation) == (Result.FAIL, "")


@pytest.mark.parametrize(
    ("record", "explanation"),
    [
        ("v=spf1 redirect=fail.example.org exp=text.example.org", "192.0.2.1 is not for example.org"),
        ("v=spf1 include:fail.example.org -all exp=text.example.org", "no policy"),
        ("v=spf1 include:fail.example.org -all", ""),
        ("v=spf1 ~all exp=text.example.org", ""),
        ("v=spf1 -all exp=lost.example.org", ""),
        ("v=spf1 -all exp=%{l}", ""),
    ],
)
def test_the_record_that_fails_explains(record: str, explanation: str) -> None:
    assert check(record).explanation == explanation


def test_an_explanation_nobody_wants_is_not_asked_for() -> None:
    zone: Zone = {D: [("TXT", b"v=spf1 -all exp=why.example.org")], "why.example.org": [("TXT", b"why")]}
    found, asked = ask(zone, is_explained=False)
    assert (found.result, asked) == (Result.FAIL, [Query(D, "TXT")])


# -- names that are not ASCII -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "result"),
    [
        ("v=spf1 exists:%{l}.example.org -all", Result.FAIL),
        ("v=spf1 exists:%{L}.example.org -all", Result.FAIL),
        ("v=spf1 include:%{S}.example.org -all", Result.FAIL),
        ("v=spf1 exists:here.%{o} -all", Result.PASS),
        ("v=spf1 redirect=%{l}.example.org", Result.PERMERROR),
    ],
)
def test_a_term_with_a_local_part_in_utf_8_matches_nothing(record: str, result: Result) -> None:
    found = check(record, sender="ż@example.org", more={"%c5%bc.example.org": [("A", IP)]})
    assert found.result is result  # RFC 8616 4


# -- what is asked ----------------------------------------------------------------------------------------------------


def test_the_worst_policy_asks_a_bounded_number_of_questions() -> None:
    """1 policy, 10 mx with 10 exchanges, the client's 10 names behind %{p}, 1 explanation."""
    names = {f"h{n}.example.org": [("A", "198.51.100.1")] for n in range(20)}
    mx = {f"m{n}.example.org": [("MX", (i, f"h{i}.example.org")) for i in range(10)] for n in range(10)}
    record = "v=spf1 " + " ".join(f"mx:m{n}.%{{d}}" for n in range(10)) + " -all exp=why.%{d}"
    zone: Zone = {
        **names,
        **mx,
        D: [("TXT", record.encode())],
        "why.example.org": [("TXT", b"%{p}")],
        PTR: [("PTR", f"h{n}.example.org") for n in range(20)],
    }
    found, asked = ask(zone)
    assert (found.result, found.explanation) == (Result.FAIL, "unknown")
    assert len(asked) == 1 + 10 * 11 + 1 + 11
