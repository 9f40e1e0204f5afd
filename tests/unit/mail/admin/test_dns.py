import dataclasses

import pytest

from skrytka.mail.admin.admin import Admin
from skrytka.mail.admin.dns_deps import DnsDeps
from skrytka.model.dns import Answer
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.net.dns.zone import StaticZone
from skrytka.protocol.mailauth.dkim.key import Algorithm
from skrytka.protocol.published.wanted import Served
from tests.support.published import LEAF, LEAF_TLSA, Kept
from tests.support.signing import give_keys
from tests.unit.mail.world import World

ZONE = f"""
example.test:
  - MX: 10 mail.example.test
  - TXT: v=spf1 mx -all
mail.example.test:
  - A: 192.0.2.25
25.2.0.192.in-addr.arpa:
  - PTR: mail.example.test
_25._tcp.mail.example.test:
  - TLSA: {LEAF_TLSA}
"""


class Silent:
    """Nobody answers."""

    async def query(self, name: object, rdtype: str) -> Answer:
        raise TransientError(Reason.DNS_TIMEOUT)


def admin_of(world: World, deps: DnsDeps) -> Admin:
    return Admin(dataclasses.replace(world.admin.dns._deps, dns=deps))


def deps_of(resolver: object = None) -> DnsDeps:
    return DnsDeps(
        resolver=lambda: resolver or StaticZone.parse(ZONE),  # type: ignore[arg-type, return-value]
        memory=Kept(),
        hostname="mail.example.test",
        ports={"smtp": 25, "imaps": 993},
        served=lambda: (Served(25, (LEAF,)),),
    )


async def test_every_record_is_beside_what_is_there(world: World) -> None:
    info = await admin_of(world, deps_of()).dns.look("Example.test.")
    states = {(each.name, each.type): each.state for each in info.records if not each.is_optional}
    assert states == {
        ("example.test", "SOA"): "warning",
        ("example.test", "MX"): "right",
        ("mail.example.test", "A"): "right",
        ("example.test", "TXT"): "right",
        ("mail.example.test", "TXT"): "missing",
        ("_dmarc.example.test", "TXT"): "missing",
        ("_25._tcp.mail.example.test", "TLSA"): "warning",  # right, but nobody signed it
        ("_smtp._tls.example.test", "TXT"): "missing",
        ("_imaps._tcp.example.test", "SRV"): "missing",
        ("25.2.0.192.in-addr.arpa", "PTR"): "right",
    }
    assert "example.test. 3600 IN MX 10 mail.example.test.\n" in info.zone_file
    faults = [each for each in info.records if each.is_fault]
    assert {each.problem for each in faults} == {"absent"}
    assert all(each.value for each in faults)


async def test_keys_and_policies_come_from_whoever_has_them(world: World) -> None:
    published = await give_keys(world, algorithms=(Algorithm.ED25519_SHA256,))
    deps = dataclasses.replace(deps_of(), policy_id=lambda domain: f"id{len(domain)}", issuers=lambda: ("ca.test",))
    text = (await admin_of(world, deps).dns.records("example.test")).zone_file
    for name, record in published.items():
        assert f'{name}. 3600 IN TXT "{record}"\n' in text
    assert '_mta-sts.example.test. 3600 IN TXT "v=STSv1; id=id12"\n' in text
    assert 'mail.example.test. 3600 IN CAA 0 issue "ca.test"\n' in text


async def test_without_dns_all_is_unknown_and_the_records_are_told_all_the_same(world: World) -> None:
    admin = admin_of(world, deps_of(Silent()))
    info = await admin.dns.look("example.test")
    assert {each.state for each in info.records} == {"unknown"}
    assert "MX 10 mail.example.test." in info.zone_file
    assert (await admin.dns.records("example.test")).zone_file == info.zone_file


async def test_a_domain_of_others_is_refused(world: World) -> None:
    with pytest.raises(PermanentError) as caught:
        await admin_of(world, deps_of()).dns.look("elsewhere.test")
    assert caught.value.reason is Reason.NO_SUCH_DOMAIN


async def test_a_process_without_a_resolver_says_so(world: World) -> None:
    with pytest.raises(PermanentError) as caught:
        await world.admin.dns.look("example.test")
    assert caught.value.reason is Reason.UNSUPPORTED
