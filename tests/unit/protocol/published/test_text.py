import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.zone
import msgspec
import pytest

from skrytka.model.dns import Caa, Mx, Record, Srv, Tlsa
from skrytka.net.dns.wire import record_of
from skrytka.protocol.published.text import record_text, zone_file
from skrytka.protocol.published.wanted import wanted
from tests.support.published import FACTS

RECORDS: list[tuple[str, Record]] = [
    ("A", "192.0.2.1"),
    ("AAAA", "2001:db8::1"),
    ("CNAME", "mail.example.org"),
    ("PTR", "mail.example.org"),
    ("MX", Mx(10, "mail.example.org")),
    ("MX", Mx(0, "")),
    ("SRV", Srv(0, 1, 993, "mail.example.org")),
    ("SRV", Srv(0, 0, 0, "")),
    ("CAA", Caa(128, "issue", 'ca.example; x="y"')),
    ("TLSA", Tlsa(3, 1, 1, b"\xab" * 32)),
    ("TXT", b"v=spf1 mx -all"),
    ("TXT", b""),
    ("TXT", b'a "quote", a \\, \x00, \xff and more than one string: ' + b"x" * 600),
]


@pytest.mark.parametrize(("rdtype", "record"), RECORDS)
def test_another_reader_reads_the_same(rdtype: str, record: Record) -> None:
    text = record_text(rdtype, record)
    read = record_of(dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(rdtype), text))
    assert read == record


def test_the_whole_can_be_pasted_into_the_zone() -> None:
    text = zone_file(FACTS, wanted(FACTS))
    zone = dns.zone.from_text(text, origin="example.org.", check_origin=False, relativize=False)
    found = {
        (name.to_text(omit_final_dot=True), dns.rdatatype.to_text(kind.rdtype))
        for name, kind in zone.iterate_rdatasets()
    }
    expected = {(each.name, each.rdtype) for each in wanted(FACTS) if each.rdtype not in {"SOA", "PTR"}}
    assert found == expected
    assert "; 25.2.0.192.in-addr.arpa. 3600 IN PTR mail.example.org." in text.splitlines()


def test_records_of_a_server_elsewhere_are_comments() -> None:
    facts = msgspec.structs.replace(FACTS, domain="customer.example")
    lines = zone_file(facts, wanted(facts)).splitlines()
    assert "customer.example. 3600 IN MX 10 mail.example.org." in lines
    assert "; mail.example.org. 3600 IN A 192.0.2.25" in lines
    assert not [line for line in lines if line.startswith("mail.example.org.")]


def test_an_address_that_nobody_knows_is_asked_for() -> None:
    facts = msgspec.structs.replace(FACTS, addresses=(), senders=())
    assert "; mail.example.org. 3600 IN A <address of mail.example.org>" in zone_file(facts, wanted(facts))
