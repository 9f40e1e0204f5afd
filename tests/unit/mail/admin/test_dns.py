import dataclasses

import pytest

from skrytka.mail.admin.admin import Admin
from skrytka.mail.admin.dns_deps import DnsDeps
from skrytka.model.dns import Answer
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.net.client_tls import ClientTls
from skrytka.net.dialer import Dialer
from skrytka.net.dns.zone import StaticZone
from skrytka.net.https import Https
from skrytka.net.sweeper import Sweeper
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


async def test_what_others_see_is_beside_the_records(world: World) -> None:
    """Nobody is at that port, and the host of the policy has no address: unknown, and no fault."""
    zone = ZONE + "2.0.0.127.bl.test:\n  - A: 127.0.0.2\n25.2.0.192.bl.test:\n  - A: 127.0.0.2\n"
    zone = zone.replace("example.test:\n", "example.test:\n  - NS: ns.example.test\n", 1)
    dial = Dialer(Sweeper(world.clock), service="dns")
    deps = dataclasses.replace(
        deps_of(StaticZone.parse(zone)),
        port=1,
        https=lambda resolver: Https(dial, resolver, ClientTls()),
        policy_id=lambda _domain: "1",
        block_lists=("bl.test",),
        is_block_list_tested=True,
    )
    info = await admin_of(world, deps).dns.look("example.test")
    found = {each.kind: (each.state, each.problem) for each in info.records}
    assert found["servers"] == found["signatures"] == ("unknown", "no_answer")
    assert found["mta-sts-policy"] == ("unknown", "policy_unreachable")
    assert found["denial"] == ("warning", "not_signed")
    assert found["tlsa-scheme"] == ("warning", "tlsa_scheme")
    assert found["block-list"] == ("wrong", "listed")
    assert [each.kind for each in info.records if each.is_fault and each.kind == "block-list"]
    assert "bl.test" not in info.zone_file
