"""What sender and policy together ask for (RFC 8689 4.2)."""

import pytest

from skrytka.protocol.tlspolicy.policy import (
    NO_POLICY,
    Demand,
    HostPolicy,
    Level,
    PolicyType,
    demanded,
    optional,
    required,
)

DANE = HostPolicy(level=Level.PROVEN, kind=PolicyType.TLSA, names=("mx.example", "example"))
UNUSABLE = HostPolicy(level=Level.ENCRYPTED, kind=PolicyType.TLSA, names=("mx.example",))
ENFORCED = HostPolicy(level=Level.PROVEN, kind=PolicyType.STS, names=("mx.example",))
TESTING = HostPolicy(level=Level.PROVEN, kind=PolicyType.STS, names=("mx.example",), is_testing=True)
NOT_NAMED = HostPolicy(level=Level.FORBIDDEN, kind=PolicyType.STS, fault="it does not name it")
NOT_NAMED_TESTING = HostPolicy(level=Level.OPPORTUNISTIC, kind=PolicyType.STS, fault="no", is_testing=True)
BY_AUTHORITY = HostPolicy(level=Level.PROVEN, names=("mx.example",))


@pytest.mark.parametrize(
    ("policy", "is_name_sure", "expected"),
    [
        (DANE, True, DANE),
        (ENFORCED, False, ENFORCED),
        (TESTING, False, ENFORCED),
        (UNUSABLE, True, BY_AUTHORITY),
        (NO_POLICY, True, BY_AUTHORITY),
    ],
)
def test_what_has_to_go_under_tls_goes_to_a_proven_server(
    policy: HostPolicy, is_name_sure: bool, expected: HostPolicy
) -> None:
    assert required(policy, "mx.example", is_name_sure=is_name_sure) == expected


@pytest.mark.parametrize("policy", [NO_POLICY, NOT_NAMED, NOT_NAMED_TESTING])
def test_a_name_that_nobody_vouches_for_is_none(policy: HostPolicy) -> None:
    found = required(policy, "mx.example", is_name_sure=False)
    assert found.level is Level.FORBIDDEN
    assert found.fault


@pytest.mark.parametrize(
    ("policy", "level"),
    [
        (NO_POLICY, Level.OPPORTUNISTIC),
        (DANE, Level.PROVEN),
        (UNUSABLE, Level.ENCRYPTED),
        (ENFORCED, Level.PROVEN),
        (NOT_NAMED, Level.OPPORTUNISTIC),
    ],
)
def test_what_does_without_tls_tries_first_what_the_policy_says(policy: HostPolicy, level: Level) -> None:
    found = optional(policy)
    assert (found.level, found.is_testing) == (level, True)


@pytest.mark.parametrize(
    ("policy", "encrypt", "proven", "dane"),
    [
        (NO_POLICY, Level.ENCRYPTED, Level.FORBIDDEN, Level.FORBIDDEN),
        (DANE, Level.PROVEN, Level.PROVEN, Level.PROVEN),
        (UNUSABLE, Level.ENCRYPTED, Level.FORBIDDEN, Level.FORBIDDEN),
        (ENFORCED, Level.PROVEN, Level.PROVEN, Level.FORBIDDEN),
        (TESTING, Level.ENCRYPTED, Level.PROVEN, Level.FORBIDDEN),
        (NOT_NAMED, Level.FORBIDDEN, Level.FORBIDDEN, Level.FORBIDDEN),
        (NOT_NAMED_TESTING, Level.ENCRYPTED, Level.FORBIDDEN, Level.FORBIDDEN),
    ],
)
def test_what_a_setting_demands_beside_the_policy(
    policy: HostPolicy, encrypt: Level, proven: Level, dane: Level
) -> None:
    for demand, level in ((Demand.ENCRYPT, encrypt), (Demand.PROVEN, proven), (Demand.DANE, dane)):
        found = demanded(policy, demand, "mx.example")
        assert (found.level, found.is_testing, found.is_demanded) == (level, False, True)
        assert optional(found) == found
        assert found.fault or level is not Level.FORBIDDEN


def test_a_route_that_proves_its_server_is_enough_unless_dane_is_demanded() -> None:
    assert demanded(NO_POLICY, Demand.PROVEN, "mx.example", is_proven=True).level is Level.ENCRYPTED
    assert demanded(NO_POLICY, Demand.DANE, "mx.example", is_proven=True).level is Level.FORBIDDEN
    assert demanded(NOT_NAMED, Demand.PROVEN, "mx.example", is_proven=True).level is Level.FORBIDDEN
