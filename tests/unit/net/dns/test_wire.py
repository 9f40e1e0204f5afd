import contextlib
import itertools

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.dns import Caa, Mx, Record, Srv, Status, Tlsa
from skrytka.net.dns import wire

NAME = "mail.example.net."


class Bytes:
    """Random bytes that a test knows."""

    def __init__(self, start: int = 0xA5) -> None:
        self._values = itertools.cycle([start ^ value for value in (0, 0x3C, 0xF1, 0x07)])

    def token(self, length: int) -> bytes:
        return bytes(itertools.islice(self._values, length))


def ask(rdtype: str = "A") -> wire.Query:
    return wire.make_query(wire.parse_name(NAME), dns.rdatatype.from_text(rdtype), Bytes())


def respond(query: wire.Query, *rrsets: str, rcode: int = 0, soa: bool = False) -> dns.message.Message:
    response = dns.message.make_response(dns.message.from_wire(query.data))
    response.set_rcode(rcode)  # type: ignore[arg-type]
    for text in rrsets:
        response.answer.append(dns.rrset.from_text(*text.split(" ", 4)))  # type: ignore[arg-type]
    if soa:
        response.authority.append(
            dns.rrset.from_text("example.net.", 600, "IN", "SOA", "ns.example.net. h.example.net. 1 2 3 4 120")
        )
    return response


def test_a_query_asks_for_validation_over_edns_and_mixes_case() -> None:
    query = ask()
    message = dns.message.from_wire(query.data)
    assert message.flags & dns.flags.AD
    assert message.flags & dns.flags.RD
    assert message.ednsflags & dns.flags.DO
    assert message.payload == wire.UDP_PAYLOAD_BYTES
    sent = message.question[0].name.to_text()
    assert sent.lower() == NAME
    assert sent not in (NAME, NAME.upper())


def test_two_queries_share_neither_id_nor_case() -> None:
    first = wire.make_query(wire.parse_name(NAME), dns.rdatatype.A, Bytes(0x11))
    second = wire.make_query(wire.parse_name(NAME), dns.rdatatype.A, Bytes(0x6E))
    assert first.txid != second.txid
    assert first.name.labels != second.name.labels


@pytest.mark.parametrize(
    ("rdtype", "text", "record"),
    [
        ("A", "192.0.2.1", "192.0.2.1"),
        ("AAAA", "2001:db8::1", "2001:db8::1"),
        ("MX", "10 MX.Example.net.", Mx(10, "mx.example.net")),
        ("MX", "0 .", Mx(0, "")),
        ("TXT", '"v=spf1 " "-all"', b"v=spf1 -all"),
        ("PTR", "Host.example.net.", "host.example.net"),
        ("TLSA", "3 1 1 " + "ab" * 32, Tlsa(3, 1, 1, b"\xab" * 32)),
        ("SRV", "0 1 465 Mail.example.net.", Srv(0, 1, 465, "mail.example.net")),
        ("SRV", "0 0 0 .", Srv(0, 0, 0, "")),
        ("CAA", '128 Issue "ca.example.net; policy=ev"', Caa(128, "issue", "ca.example.net; policy=ev")),
    ],
)
def test_records_become_values(rdtype: str, text: str, record: Record) -> None:
    query = ask(rdtype)
    response = respond(query, f"{query.name.to_text()} 300 IN {rdtype} {text}")
    answer = wire.read_response(query, response.to_wire(), is_udp=True, is_trusted=False)
    assert (answer.status, answer.records, answer.ttl_s) == (Status.NOERROR, (record,), 300)


def test_a_cname_is_followed_and_the_least_ttl_counts() -> None:
    query = ask()
    response = respond(
        query, f"{query.name.to_text()} 300 IN CNAME other.example.net.", "other.example.net. 60 IN A 192.0.2.9"
    )
    answer = wire.read_response(query, response.to_wire(), is_udp=True, is_trusted=False)
    assert (answer.records, answer.ttl_s) == (("192.0.2.9",), 60)
    assert answer.canonical == "other.example.net"


GOOD, SHORT = "030101" + "ab" * 32, "030101abcd"


@pytest.mark.parametrize(
    ("published", "records"),
    [
        ([GOOD], (Tlsa(3, 1, 1, b"\xab" * 32),)),
        ([GOOD, SHORT], (Tlsa(3, 1, 1, b"\xab" * 32), wire.UNUSABLE_TLSA)),
        ([SHORT], (wire.UNUSABLE_TLSA,)),  # RFC 7672 2.2: none is usable, and there is one
        (["0301"], (wire.UNUSABLE_TLSA,)),
    ],
)
def test_a_malformed_tlsa_record_is_unusable_and_hides_no_other(
    published: list[str], records: tuple[Tlsa, ...]
) -> None:
    query = ask("TLSA")
    response = respond(query)
    response.use_edns(edns=False)
    data = response.to_wire()
    for text in published:
        rdata = bytes.fromhex(text)
        data += b"\xc0\x0c" + b"\x00\x34\x00\x01\x00\x00\x01\x2c" + len(rdata).to_bytes(2, "big") + rdata
    data = data[:6] + len(published).to_bytes(2, "big") + data[8:]
    answer = wire.read_response(query, data, is_udp=True, is_trusted=False)
    assert (answer.status, answer.records) == (Status.NOERROR, records)


@pytest.mark.parametrize(
    ("rcode", "soa", "status", "ttl_s"),
    [
        (0, True, Status.NODATA, 120),  # RFC 2308 5: the lesser of the SOA's TTL and its MINIMUM
        (3, True, Status.NXDOMAIN, 120),
        (0, False, Status.NODATA, 0),
        (3, False, Status.NXDOMAIN, 0),
    ],
)
def test_the_two_kinds_of_no_are_told_apart(rcode: int, soa: bool, status: Status, ttl_s: int) -> None:
    query = ask()
    answer = wire.read_response(query, respond(query, rcode=rcode, soa=soa).to_wire(), is_udp=True, is_trusted=False)
    assert (answer.status, answer.ttl_s) == (status, ttl_s)


@pytest.mark.parametrize(("has_ad", "is_trusted", "expected"), [(1, 1, True), (1, 0, False), (0, 1, False)])
def test_the_ad_bit_counts_from_a_trusted_resolver_only(has_ad: bool, is_trusted: bool, expected: bool) -> None:
    query = ask()
    response = respond(query, f"{query.name.to_text()} 300 IN A 192.0.2.1")
    response.flags = response.flags | dns.flags.AD if has_ad else response.flags & ~dns.flags.AD
    answer = wire.read_response(query, response.to_wire(), is_udp=True, is_trusted=bool(is_trusted))
    assert answer.is_authentic is expected


def test_another_id_question_or_direction_is_no_response_of_ours() -> None:
    query = ask()
    good = respond(query, f"{query.name.to_text()} 300 IN A 192.0.2.1")
    wrong_id = bytes([query.data[0] ^ 1]) + good.to_wire()[1:]
    other = wire.make_query(wire.parse_name("other.example.net"), dns.rdatatype.A, Bytes())
    other_type = ask("MX")
    for data in (
        wrong_id,
        respond(other).to_wire(),
        respond(other_type).to_wire(),
        query.data,
        b"",
        good.to_wire()[:20],
    ):
        with pytest.raises(wire.BadResponseError):
            wire.read_response(query, data, is_udp=True, is_trusted=True)


def test_wrong_case_is_suspicious_over_udp_and_harmless_over_tcp() -> None:
    query = ask()
    response = respond(query, f"{NAME} 300 IN A 192.0.2.1")
    response.question = [dns.rrset.from_text(NAME, 0, "IN", "A")]
    data = response.to_wire()
    with pytest.raises(wire.DoubtfulResponseError):
        wire.read_response(query, data, is_udp=True, is_trusted=False)
    assert wire.read_response(query, data, is_udp=False, is_trusted=False).records == ("192.0.2.1",)


@pytest.mark.parametrize("rcode", [1, 2, 4, 5])
def test_a_server_that_cannot_say_is_no_answer(rcode: int) -> None:
    query = ask()
    with pytest.raises(wire.ServerFailureError):
        wire.read_response(query, respond(query, rcode=rcode).to_wire(), is_udp=True, is_trusted=True)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_one_of_two_errors(tail: bytes) -> None:
    query = ask()
    for data in (tail, query.data[:2] + tail, query.data[:2] + b"\x84\x00" + query.data[4:] + tail):
        with contextlib.suppress(wire.BadResponseError, wire.ServerFailureError):
            wire.read_response(query, data, is_udp=True, is_trusted=True)
