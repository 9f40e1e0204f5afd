import asyncio
from pathlib import Path

import pytest

from skrytka.model.address import Domain
from skrytka.model.dns import Answer, Caa, Mx, Record, Srv, Status, Tlsa
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.net.dns.zone import StaticZone

ZONE = """
example.net:
  - MX: [10, mail.Example.net]
  - MX: 20 backup.example.net.
  - TXT: v=spf1 ip4:127.0.0.1 -all
  - TXT: [first, " and second"]
  - A: 127.0.0.1
mail.example.net.:
  - A: 127.0.0.1
  - AAAA: ::1
www.example.net:
  - CNAME: Mail.example.net.
nowhere.example.net:
  - MX: 0 .
loop.example.net:
  - CNAME: loop.example.net
1.0.0.127.in-addr.arpa:
  - PTR: mail.example.net.
_25._tcp.mail.example.net:
  - TLSA: 3 1 1 abababababababababababababababababababababababababababababababab
_imaps._tcp.example.net:
  - SRV: 0 1 993 Mail.example.net.
_imap._tcp.example.net:
  - SRV: 0 0 0 .
ca.example.net:
  - CAA: 0 issue "ca.example.org"
  - CAA: 0 issuewild ";"
"""


def ask(name: str | Domain, rdtype: str, zone: str = ZONE) -> Answer:
    return asyncio.run(StaticZone.parse(zone).query(name, rdtype))


@pytest.mark.parametrize(
    ("name", "rdtype", "records"),
    [
        ("example.net", "A", ("127.0.0.1",)),
        ("EXAMPLE.net.", "a", ("127.0.0.1",)),
        ("example.net", "MX", (Mx(10, "mail.example.net"), Mx(20, "backup.example.net"))),
        ("example.net", "TXT", (b"v=spf1 ip4:127.0.0.1 -all", b"first and second")),
        ("mail.example.net", "AAAA", ("::1",)),
        ("www.example.net", "A", ("127.0.0.1",)),
        ("www.example.net", "CNAME", ("mail.example.net",)),
        ("nowhere.example.net", "MX", (Mx(0, ""),)),
        ("1.0.0.127.in-addr.arpa", "PTR", ("mail.example.net",)),
        ("_25._tcp.mail.example.net", "TLSA", (Tlsa(3, 1, 1, b"\xab" * 32),)),
        ("_imaps._tcp.example.net", "SRV", (Srv(0, 1, 993, "mail.example.net"),)),
        ("_imap._tcp.example.net", "SRV", (Srv(0, 0, 0, ""),)),
        ("ca.example.net", "CAA", (Caa(0, "issue", "ca.example.org"), Caa(0, "issuewild", ";"))),
    ],
)
def test_records_of_the_zone_are_found(name: str, rdtype: str, records: tuple[Record, ...]) -> None:
    answer = ask(name, rdtype)
    assert (answer.status, answer.records) == (Status.NOERROR, records)
    assert not answer.is_authentic


@pytest.mark.parametrize(
    ("name", "rdtype", "status"),
    [
        ("example.net", "AAAA", Status.NODATA),
        ("www.example.net", "MX", Status.NODATA),
        ("net", "A", Status.NODATA),  # RFC 8020 2: it has names below it, so it exists
        ("0.0.127.in-addr.arpa", "PTR", Status.NODATA),
        ("example.org", "A", Status.NXDOMAIN),
        ("a.example.net", "A", Status.NXDOMAIN),
    ],
)
def test_what_the_zone_does_not_name_does_not_exist(name: str, rdtype: str, status: Status) -> None:
    assert ask(name, rdtype).status is status


def test_a_domain_may_be_asked_for_as_such() -> None:
    assert ask(Domain.parse("example.net"), "A").records == ("127.0.0.1",)


def test_a_chain_of_cnames_without_end_is_a_failure() -> None:
    with pytest.raises(TransientError) as caught:
        ask("loop.example.net", "A")
    assert caught.value.reason is Reason.DNS_FAILURE


@pytest.mark.parametrize("name", ["", ".", "a..b", "x" * 64 + ".example", "a." * 130 + "example"])
def test_what_is_no_name_is_told(name: str) -> None:
    with pytest.raises(PermanentError) as caught:
        ask(name, "A")
    assert caught.value.reason is Reason.BAD_SYNTAX


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a list", "a zone file is a table"),
        ("example.net: 127.0.0.1", "example.net: a list"),
        ("example.net: [A]", "example.net: each entry"),
        ("example.net: [{MX: mail}]", "example.net: MX is"),
        ("example.net: [{MX: [ten, mail]}]", "example.net: MX is"),
        ("example.net: [{TLSA: 3 1 1 xyz}]", "example.net: TLSA '3 1 1 xyz'"),
        ("example.net: [{SRV: 0 1 mail}]", "example.net: SRV"),
        ("a: [b", "not YAML"),
    ],
)
def test_a_broken_file_is_named_with_the_entry(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "zone.yml"
    path.write_text(text)
    with pytest.raises(PermanentError) as caught:
        StaticZone.load(path)
    assert str(path) in caught.value.detail
    assert said in caught.value.detail


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"zone\.yml"):
        StaticZone.load(tmp_path / "zone.yml")


SIGNED = """
example.org:
  - AD: true
  - MX: [10, mx.example.org]
mx.example.org:
  - CNAME: mx.example.net
alias.example.org:
  - CNAME: example.org
_25._tcp.mx.example.org:
  - TLSA: 3 1 0 00FF
plain.example.org:
  - AD: false
  - A: 127.0.0.1
mx.example.net:
  - A: 127.0.0.1
"""


@pytest.mark.parametrize(
    ("name", "rdtype", "is_authentic", "canonical"),
    [
        ("example.org", "MX", True, ""),
        ("alias.example.org", "MX", True, "example.org"),
        ("_25._tcp.mx.example.org", "TLSA", True, ""),
        ("gone.example.org", "A", True, ""),
        ("mx.example.org", "A", False, "mx.example.net"),  # it leads into a zone that is not signed
        ("mx.example.org", "CNAME", True, ""),
        ("plain.example.org", "A", False, ""),
        ("below.plain.example.org", "A", False, ""),
        ("mx.example.net", "A", False, ""),
    ],
)
def test_signed_is_what_is_marked_and_what_lies_below(
    name: str, rdtype: str, is_authentic: bool, canonical: str
) -> None:
    answer = ask(name, rdtype, SIGNED)
    assert (answer.is_authentic, answer.canonical) == (is_authentic, canonical)


WILD = """
'*.a.example': [{TXT: wild}]
b.a.example: [{A: 192.0.2.1}]
d.c.a.example: [{A: 192.0.2.2}]
'*.x.example': [{CNAME: b.a.example}]
"""


@pytest.mark.parametrize(
    ("name", "rdtype", "status"),
    [
        ("q.a.example", "TXT", Status.NOERROR),
        ("r.q.a.example", "TXT", Status.NOERROR),
        ("q.a.example", "A", Status.NODATA),
        ("b.a.example", "TXT", Status.NODATA),  # it is there itself
        ("e.b.a.example", "TXT", Status.NXDOMAIN),  # below one that is there
        ("c.a.example", "TXT", Status.NODATA),  # a name is below it, so it is there
        ("q.c.a.example", "TXT", Status.NXDOMAIN),
        ("a.example", "TXT", Status.NODATA),
        ("q.b.example", "TXT", Status.NXDOMAIN),
        ("q.x.example", "A", Status.NOERROR),
    ],
)
def test_a_wildcard_stands_for_what_is_not_there(name: str, rdtype: str, status: Status) -> None:
    assert ask(name, rdtype, WILD).status is status
