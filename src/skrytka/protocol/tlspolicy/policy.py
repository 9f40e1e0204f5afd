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


NO_POLICY = HostPolicy()
