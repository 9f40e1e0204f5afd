"""What a connection to one server must fulfil before mail goes over it."""

from enum import StrEnum

import msgspec

from skrytka.model.dns import Tlsa


class Level(StrEnum):
    """From the least to the most."""

    OPPORTUNISTIC = "opportunistic"  # TLS where it is offered, in clear otherwise (RFC 7435)
    ENCRYPTED = "encrypted"  # TLS with whatever certificate, or nothing goes
    PROVEN = "proven"  # TLS with a certificate that the policy vouches for, or nothing goes
    FORBIDDEN = "forbidden"  # nothing goes there


class PolicyType(StrEnum):
    """RFC 8460 4.4, policy-type."""

    TLSA = "tlsa"
    STS = "sts"
    NONE = "no-policy-found"


class Demand(StrEnum):
    """What ``outbound.tls_demands`` may ask for, from the least to the most."""

    MAY = "may"  # nothing: what its owner publishes is not looked at
    ENCRYPT = "encrypt"  # TLS with whatever certificate, or what the owner asks beyond that
    PROVEN = "proven"  # by DANE or MTA-STS, in whatever mode
    DANE = "dane"


class HostPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Of one server of one destination."""

    level: Level = Level.OPPORTUNISTIC
    kind: PolicyType = PolicyType.NONE
    domain: str = ""  # whose policy it is: the TLSA base domain, or the recipients' domain (RFC 8460 3)
    strings: tuple[str, ...] = ()  # the policy as it was published, for reports
    names: tuple[str, ...] = ()  # the certificate has one of these; the first is asked for by SNI
    records: tuple[Tlsa, ...] = ()  # usable ones, of DANE
    is_testing: bool = False  # what fails is told, and the mail goes all the same (RFC 8461 5)
    fault: str = ""  # what is wrong before there is a connection
    is_demanded: bool = False  # by whoever runs this server: no sender does without


NO_POLICY = HostPolicy()


def required(policy: HostPolicy, host: str, *, is_name_sure: bool) -> HostPolicy:
    """For a message that has to go under TLS to a proven server (RFC 8689 4.2.1).

    By DANE, by MTA-STS in whatever mode, or by any authority where the server's name is sure: from a signed MX, or
    written down by an administrator.
    """
    if policy.fault:
        return msgspec.structs.replace(policy, level=Level.FORBIDDEN)
    if policy.level is Level.PROVEN:
        return msgspec.structs.replace(policy, is_testing=False)
    if is_name_sure:
        return HostPolicy(level=Level.PROVEN, names=(host,))
    return HostPolicy(level=Level.FORBIDDEN, fault=f"REQUIRETLS: nobody vouches for {host} as a server of the domain")


def demanded(policy: HostPolicy, level: Demand, host: str, *, is_proven: bool = False) -> HostPolicy:
    """What a setting asks for, beside what the owner of the domain does.

    ``is_proven``: a static route, whose own setting sees to it that the server is the one that was meant.
    """
    replace = msgspec.structs.replace
    if policy.level is Level.PROVEN and (policy.kind is PolicyType.TLSA or level is Demand.PROVEN):
        return replace(policy, is_demanded=True, is_testing=False)
    if level is Demand.DANE:
        fault = f"DANE is demanded by tls_demands, and {host} has no secure TLSA records that could be used"
    elif level is Demand.PROVEN and not is_proven:
        fault = policy.fault or f"a proven server is demanded by tls_demands, and nothing vouches for {host}"
    elif policy.level in {Level.PROVEN, Level.FORBIDDEN} and not policy.is_testing:
        return replace(policy, is_demanded=True)
    else:
        return replace(policy, level=Level.ENCRYPTED, is_demanded=True, is_testing=False)
    return replace(policy, level=Level.FORBIDDEN, fault=fault, is_demanded=True, is_testing=False)


def optional(policy: HostPolicy) -> HostPolicy:
    """For a message whose sender does without TLS (RFC 8689 4.2.2): what fails is told, and it goes all the same."""
    if policy.is_demanded:
        return policy
    level = Level.OPPORTUNISTIC if policy.level is Level.FORBIDDEN else policy.level
    return msgspec.structs.replace(policy, level=level, is_testing=True)
