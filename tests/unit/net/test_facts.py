import ipaddress

import pytest

from skrytka.net.facts import Networks, describe, host_of, network_of, normalise


@pytest.mark.parametrize(
    ("raw", "canonical", "network"),
    [
        ("192.0.2.77", "192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.77", "192.0.2.0/24"),
        ("2001:DB8:1:2:0:0:0:9", "2001:db8:1:2::9", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::1", "fe80::/48"),
        ("::1", "::1", "::/48"),
    ],
)
def test_one_peer_has_one_name_and_one_network(raw: str, canonical: str, network: str) -> None:
    address = normalise(raw)
    assert str(address) == canonical
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("remote", "host"),
    [
        ("192.0.2.77", "192.0.2.77"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
    ],
)
def test_a_machine_that_takes_many_addresses_of_its_network_is_still_one(remote: str, host: str) -> None:
    assert host_of(remote) == host


@pytest.mark.parametrize(
    ("address", "is_inside"),
    [("127.0.0.1", True), ("127.0.0.2", False), ("2001:db8::1", True), ("2001:db9::1", False), ("192.0.2.1", False)],
)
def test_a_set_of_networks_knows_its_members(address: str, is_inside: bool) -> None:
    networks = Networks(("127.0.0.1", "2001:db8::/32"))
    assert (ipaddress.ip_address(address) in networks) is is_inside


def test_facts_are_normalised_and_say_who_is_exempt() -> None:
    facts = describe("smtp", ("::ffff:127.0.0.1", 40000), ("::ffff:127.0.0.1", 25), Networks(("127.0.0.1/32",)))
    assert (facts.remote, facts.remote_port, facts.local, facts.local_port) == ("127.0.0.1", 40000, "127.0.0.1", 25)
    assert facts.network == "127.0.0.0/24"
    assert facts.is_exempt
