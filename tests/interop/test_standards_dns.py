"""Sections 1.2 and 1.3 of the audit's standards against a whole installation on a DNS of its own, with a signed root.

What the mail test of Internet.nl and BSI TR-03182 look at: by DNS, at port 25 and at port 443, and by mail from
one installation to another. docs/standards.md has the rows.
"""

import email
import json
import smtplib
import socket
import ssl
from collections.abc import Iterator
from email.message import Message
from typing import Any, NamedTuple

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from tests.support.sites import PASSWORD, Site, two_sites
from tests.support.sites import World as Sites

pytestmark = [pytest.mark.needs("knot", "unbound", "root"), pytest.mark.timeout(300)]

KINDS = {
    "DNS-01": {"mx", "address"},
    "DNS-04": {"dnssec"},
    "DNS-05": {"tlsa"},  # right only where the host's zone is signed
    "DNS-06": {"denial"},
    "DNS-07": {"signatures"},
    "DNS-08": {"servers"},
    "DNS-10": {"ptr"},
    "DNS-12": {"spf"},
    "DNS-13": {"spf"},
    "DNS-14": {"spf"},
    "DNS-15": {"spf"},
    "DNS-17": {"dkim"},
    "DNS-18": {"dkim"},
    "DNS-23": {"dmarc"},
    "DNS-24": {"dmarc"},
    "DNS-25": {"dmarc"},
    "DNS-26": {"dmarc"},
    "DNS-30": {"caa"},
    "DNS-32": {"srv"},
    "CHN-01": {"tlsa"},
    "CHN-02": {"tlsa"},
    "CHN-03": {"tlsa-scheme"},
    "CHN-07": {"mta-sts"},
    "CHN-08": {"mta-sts-policy", "host"},
    "CHN-09": {"mta-sts-policy"},
    "CHN-10": {"mta-sts-policy"},
    "CHN-13": {"tls-rpt"},
}


class World(NamedTuple):
    sites: Sites
    rows: list[dict[str, Any]]  # of ``skrytka dns b.test``
    letter: Message  # from eva@b.test, as it came to a.test


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with two_sites(tmp_path_factory.mktemp("standards"), _more) as sites:
        found = sites.b.run("dns", "b.test", "--json")
        sites.b.do("dkim", "check", "b.test")
        trace = sites.b.submit("eva@a.test", subject="standards")
        assert sites.b.became(trace)["kind"] == "message_relayed"
        yield World(sites, json.loads(found.stdout)["records"], letter(sites.a))


def _more(a: Site, b: Site, _base: str) -> tuple[str, str]:
    """The key of the authority, for a roll-over (2 1 1), CAA, which follows from ACME, and a list that has a."""
    for site in (a, b):
        site.change({"dns": {"block_lists": ["bl.test"], "is_block_list_tested": True}})
    listed = "".join(f"{place}.bl.test. A 127.0.0.2\n" for place in ("2.0.0.127", _reversed(a)))
    return listed + f'_25._tcp.{b.hostname}. TLSA {b.authority_tlsa()}\n{b.hostname}. CAA 0 issue "ca.test"\n', ""


def _reversed(site: Site) -> str:
    return ".".join(reversed(site.address.split(".")))


def letter(site: Site) -> Message:
    with site.client(f"eva@{site.domain}", PASSWORD) as client:
        site.wait_until(lambda: client.select("INBOX")[1] != [b"0"])
        ((_, raw), *_) = (part for part in client.fetch("1", "(BODY.PEEK[])")[1] if isinstance(part, tuple))
    return email.message_from_bytes(raw)


@pytest.mark.parametrize("row", KINDS)
def test_what_is_published_is_right(world: World, row: str) -> None:
    """By ``skrytka dns``, which an administrator sees; that each can fail is shown by its unit tests."""
    if row == "DNS-30":  # nothing is wanted of CAA where no authority is in the settings
        assert ask(world, "mail.b.test", dns.rdatatype.CAA).answer
        return
    rows = [each for each in world.rows if each["kind"] in KINDS[row]]
    assert {each["kind"] for each in rows} == KINDS[row]
    assert [each for each in rows if each["state"] != "right"] == []


def ask(world: World, name: str, rdtype: dns.rdatatype.RdataType) -> dns.message.Message:
    """The resolver that validates."""
    query = dns.message.make_query(name, rdtype, want_dnssec=True)
    return dns.query.udp(query, "127.0.0.1", port=world.sites.dns.validating, timeout=10)


@pytest.mark.parametrize("name", ["b.test", "mail.b.test"])
def test_dns_04_05_answers_are_secure(world: World, name: str) -> None:
    assert ask(world, name, dns.rdatatype.SOA).flags & dns.flags.AD


def test_dns_06_what_is_missing_is_proven(world: World) -> None:
    for name, rdtype in (("_26._tcp.mail.b.test", dns.rdatatype.TLSA), ("_25._tcp.mail.b.test", dns.rdatatype.A)):
        answer = ask(world, name, rdtype)
        assert answer.rcode() in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}
        assert answer.flags & dns.flags.AD


def test_dns_09_the_resolver_validates_and_the_server_knows(world: World) -> None:
    assert ask(world, "tlsa.bogus", dns.rdatatype.SOA).rcode() == dns.rcode.SERVFAIL
    assert "validates on this machine" in world.sites.b.run("config", "check").stdout


def test_dns_11_the_name_in_ehlo_is_that_of_the_address(world: World) -> None:
    """The first Received of the other server says who came, by which name, from where."""
    received = str(world.letter["Received"])
    assert "from mail.b.test" in received
    assert world.sites.b.address in received
    (found,) = ask(world, f"{_reversed(world.sites.b)}.in-addr.arpa", dns.rdatatype.PTR).answer[0]
    assert found.to_text() == "mail.b.test."


def test_dns_16_the_node_of_keys_answers(world: World) -> None:
    assert ask(world, "_domainkey.b.test", dns.rdatatype.TXT).rcode() == dns.rcode.NOERROR


def test_dns_18_19_21_22_mail_has_both_signatures_over_what_a_reader_sees(world: World) -> None:
    signatures = [_tags(value) for value in world.letter.get_all("DKIM-Signature", [])]
    assert {each["a"] for each in signatures} == {"rsa-sha256", "ed25519-sha256"}
    for each in signatures:
        assert each["d"] == "b.test"
        assert "l" not in each
        signed = each["h"].lower().replace(" ", "").split(":")
        assert signed.count("from") == 2
        assert {"date", "to", "subject", "message-id"} <= set(signed)
    results = str(world.letter["Authentication-Results"])
    assert results.count("dkim=pass") == 2
    assert "spf=pass" in results
    assert "dmarc=pass" in results


def _tags(value: str) -> dict[str, str]:
    pairs = (tag.partition("=") for tag in "".join(value.split()).rstrip(";").split(";"))
    return {name: text for name, _, text in pairs}


def test_dns_33_lists_are_asked_for_where_the_settings_name_them(world: World) -> None:
    """a is on the list, b is not."""
    assert [row["state"] for row in world.rows if row["kind"] == "block-list"] == ["right"]
    found = world.sites.a.run("dns", "a.test", "--json")
    assert found.returncode == 8
    (row,) = [row for row in json.loads(found.stdout)["records"] if row["is_fault"]]
    assert (row["kind"], row["name"], row["problem"]) == ("block-list", f"{_reversed(world.sites.a)}.bl.test", "listed")


def test_chn_02_08_10_a_stranger_finds_certificate_and_policy(world: World) -> None:
    b = world.sites.b
    name = "mta-sts.b.test"
    with (
        socket.create_connection((b.address, 443), timeout=20) as sock,
        b.tls().wrap_socket(sock, server_hostname=name) as tls,
    ):
        tls.sendall(f"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        head, _, body = _all(tls).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"text/plain" in head
    assert body == b"version: STSv1\r\nmode: enforce\r\nmx: mail.b.test\r\nmax_age: 604800\r\n"
    with smtplib.SMTP(b.address, 25, timeout=20) as session:
        session._host = b.hostname  # type: ignore[attr-defined]  # for SNI, and the name of its certificate
        session.starttls(context=b.tls())


def _all(tls: ssl.SSLSocket) -> bytes:
    data = b""
    while piece := tls.recv(4096):
        data += piece
    return data


def test_chn_11_the_id_is_another_one_exactly_when_the_policy_is(world: World) -> None:
    (row,) = [each for each in world.rows if each["kind"] == "mta-sts"]
    before = row["value"]
    assert world.sites.b.policy_record(mode="enforce") == before
    assert world.sites.b.policy_record(mode="testing") != before
    assert world.sites.b.policy_record(mode="enforce") == before
