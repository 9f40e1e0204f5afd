"""What sender and policy together ask for (RFC 8689 4.2)."""

import pytest

from skrytka.protocol.tlspolicy.policy import NO_POLICY, HostPolicy, Level, PolicyType, optional, required

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
