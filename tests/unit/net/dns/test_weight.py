"""What is cheap to read is read; what would hold a front up for a second is not."""

import contextlib
import struct

import dns.exception
import dns.message
import dns.name
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.net.dns.weight import HEAVY, LIGHT, MalformedError, weight

POINTER = b"\xc0\x0c"  # to the question's name
LONG = b"\x01a" * 126 + b"\0"
USUAL = {
    "A": ["192.0.2.1", "192.0.2.2"],
    "MX": [f"{n} mx{n}.example.net." for n in range(10)],
    "NS": [f"ns{n}.example.net." for n in range(13)],
    "TXT": [f'"v=spf1 include:{n}.example.net -all"' for n in range(20)],
    "TLSA": [f"3 1 1 {'ab' * 31}{n:02x}" for n in range(4)],
    "SOA": ["ns.example.net. hostmaster.example.net. 1 2 3 4 5"],
    "SRV": ["1 2 993 mail.example.net."],
    "PTR": ["mail.example.net."],
}


def answer(rdtype: str, texts: list[str], name: str = "mail.example.org") -> bytes:
    query = dns.message.make_query(name, rdtype, use_edns=0)
    response = dns.message.make_response(query)
    response.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", rdtype, *texts))
    return response.to_wire()


def hostile(records: int, record: bytes, before: bytes = b"") -> bytes:
    """An answer of so many records, which need not be there."""
    header = struct.pack(">HHHHHH", 1, 0x8180, 1, records, 0, 0)
    return header + b"\x07example\x03org\0\0\x02\0\x01" + before + record * records


def record(rdtype: int, rdata: bytes, owner: bytes = POINTER) -> bytes:
    return owner + struct.pack(">HHIH", rdtype, 1, 60, len(rdata)) + rdata


@pytest.mark.parametrize("rdtype", USUAL)
def test_usual_answers_are_light(rdtype: str) -> None:
    assert 0 < weight(answer(rdtype, USUAL[rdtype])) <= LIGHT


def test_the_longest_names_that_anybody_has_are_read() -> None:
    reverse = ".".join("f" * 32) + ".ip6.arpa"
    assert weight(answer("PTR", [f"{reverse}."], reverse)) <= 2 * LIGHT


@pytest.mark.parametrize(
    "data",
    [
        hostile(600, record(1, b"\x01\x02\x03\x04")),
        hostile(8, record(15, b"\0\x01" + LONG)),
        hostile(65535, b""),
    ],
    ids=["many", "long names", "a number"],
)
def test_what_takes_long_to_read_is_heavy(data: bytes) -> None:
    assert weight(data) > HEAVY


def test_a_name_that_is_repeated_by_pointers_counts_each_time() -> None:
    first = record(2, LONG)
    at = len(hostile(0, b"")) + len(POINTER) + 10
    again = record(2, struct.pack(">H", 0xC000 | at))
    assert weight(hostile(1, first)) > HEAVY
    data = bytearray(hostile(0, b"", first + again * 3))
    data[6:8] = (4).to_bytes(2, "big")
    assert weight(bytes(data)) > HEAVY


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(11),
        hostile(1, b""),
        hostile(1, record(1, b"1234")[:-1]),
        hostile(1, record(2, b"\xc0\xff")),
        hostile(1, record(2, b"\x40a\0")),
        hostile(1, record(1, b"1234", struct.pack(">H", 0xC000 | 29))),
    ],
)
def test_what_is_no_message_is_told_apart(data: bytes) -> None:
    with pytest.raises(MalformedError):
        weight(data)


@given(st.binary(max_size=300))
def test_whatever_comes_is_weighed_or_refused(data: bytes) -> None:
    with contextlib.suppress(MalformedError):
        assert weight(data) >= 0


@given(st.sampled_from(sorted(USUAL)), st.data())
def test_what_dnspython_reads_is_never_called_malformed(rdtype: str, draw: st.DataObject) -> None:
    data = bytearray(answer(rdtype, USUAL[rdtype]))
    data[draw.draw(st.integers(12, len(data) - 1))] = draw.draw(st.integers(0, 255))
    try:
        dns.message.from_wire(bytes(data))
    except (dns.exception.DNSException, ValueError):
        return
    weight(bytes(data))
