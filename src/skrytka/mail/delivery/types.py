"""What a receiving session and local delivery tell each other."""

from collections.abc import Callable

import msgspec

from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.model.address import Address, ReversePath
from skrytka.model.ids import AccountId, TraceId
from skrytka.model.verdict import Verdict


class Target(msgspec.Struct, frozen=True):
    """One account that gets a copy, and the address of it that Delivered-To names."""

    account: AccountId
    address: Address


class Resolution(msgspec.Struct, frozen=True):
    """What became of one RCPT TO: ``targets`` is empty unless ``verdict`` accepts."""

    recipient: Address
    verdict: Verdict
    targets: tuple[Target, ...] = ()

    @property
    def is_accepted(self) -> bool:
        return self.verdict.reply.is_positive


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """What the session knows of a message beside its bytes; goes into Received, Return-Path and events."""

    trace: TraceId
    reverse_path: ReversePath
    remote: str  # IP address of the peer
    helo: str  # as the peer said it, already limited to what the engine lets through
    protocol: str = "ESMTP"  # RFC 3848 and RFC 6531 4.3: SMTP, ESMTP, ESMTPS, UTF8SMTP, UTF8SMTPS
    tls: str = ""  # "TLSv1.3 TLS_AES_256_GCM_SHA384"; "" in clear
    is_smtputf8: bool = False
    service: str = "mx"


Decide = Callable[[HeaderScan], Verdict]  # skrytka.mail.policy.decide.decide, handed in: policy stands above delivery
