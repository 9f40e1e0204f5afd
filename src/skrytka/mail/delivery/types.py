"""What a receiving session and local delivery tell each other."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.model.address import Address, Domain, ReversePath
from skrytka.model.envelope import BodyType, DeliverBy, Recipient, Ret, TlsWish
from skrytka.model.errors import TransientError
from skrytka.model.ids import AccountId, TraceId, UnitId
from skrytka.model.verdict import Finding, Verdict
from skrytka.store.seal.blob import SealedBlob


class Target(msgspec.Struct, frozen=True):
    """One account that gets a copy, and the address of it that Delivered-To names."""

    account: AccountId
    address: Address


class Resolution(msgspec.Struct, frozen=True):
    """What became of one RCPT TO: ``targets`` is empty unless ``verdict`` accepts."""

    recipient: Address
    verdict: Verdict
    targets: tuple[Target, ...] = ()
    asked: Recipient | None = None  # the RCPT as it was said, with what the sender wants to hear
    outside: tuple[Address, ...] = ()  # of other servers, that an alias leads to
    is_return: bool = False  # a rewritten address of ours: reports alone are for it

    @property
    def is_group(self) -> bool:
        """Several get what is for one address (RFC 3461 5.2.7)."""
        return len(self.targets) + len(self.outside) > 1

    @property
    def is_accepted(self) -> bool:
        return self.verdict.reply.is_positive


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a message beside its bytes; goes into Received, Return-Path and events.

    ``results`` and ``is_junk`` are what was found and decided about its sender: they belong to every copy, also to one
    that is delivered later.
    """

    trace: TraceId
    received_at_ms: int  # when its last octet came; INTERNALDATE
    reverse_path: ReversePath
    remote: str  # IP address of the peer in canonical form (``ConnFacts.remote``)
    helo: Domain  # as the peer said it: a name or a literal, proven by nothing
    protocol: str = "ESMTP"  # RFC 3848 and RFC 6531 4.3: SMTP, ESMTP, ESMTPS, UTF8SMTP, UTF8SMTPS
    tls: str = ""  # "TLSv1.3 TLS_AES_256_GCM_SHA384"; "" in clear
    is_smtputf8: bool = False
    body_type: BodyType = BodyType.SEVEN_BIT  # as declared
    service: str = "mx"
    is_submission: bool = False  # its Received field does not say where the sender was
    is_author_checked: bool = False  # the addresses in From are the account's
    is_sender_checked: bool = False  # SPF, DKIM and DMARC are to be asked
    is_proven: bool = False  # the reverse path is the sender's: he may be told what became of the message
    ret: Ret | None = None
    envid: str = ""
    account: AccountId | None = None  # who submits it
    deliver_by: DeliverBy | None = None
    priority: int | None = None  # as granted (RFC 6710 4.1); None: nobody has said one
    priority_max: int = 0  # that may be granted
    tls_wish: TlsWish = TlsWish.USUAL  # for all the way on
    hold: str = ""  # as its sender said it (model.envelope.Hold); "" where it is to go at once
    release_at_ms: int = 0
    results: str = ""  # the Authentication-Results field, with CRLF
    chain: str = ""  # what became of its chain of ARC (RFC 8617 4.4); "": nobody has looked
    is_junk: bool = False


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What local policy makes of it: ``findings`` for the decision, and why they are not what the author's domain asks.

    ``override`` is a type of RFC 9990, "" for none.
    """

    findings: tuple[Finding, ...] = ()
    override: str = ""
    comment: str = ""


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a submission that leaves: its recipients elsewhere, and what MAIL said for them."""

    account: AccountId | None  # None: nobody here has written it, as with a forward
    recipients: tuple[Recipient, ...]
    body_type: BodyType = BodyType.SEVEN_BIT  # as declared


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """A RCPT whose sender is to hear what becomes of one copy."""

    recipient: Recipient
    is_group: bool = False  # "expanded", not "delivered"


Check = Callable[[HeaderScan], Awaitable[Verdict | None]]  # what a service says of a whole header; None: nothing
Decide = Callable[[HeaderScan, Sequence[Finding]], Verdict]  # mail.policy.decide, handed in: it stands above delivery


class Fallback(Protocol):
    """Where accepted mail waits when its mailbox cannot be written now; ``skrytka.mail.queue`` is one."""

    async def enqueue(
        self,
        facts: Transaction,
        recipients: Sequence[tuple[Address, Target]],
        blob: SealedBlob,
        unit: UnitId,
        cause: TransientError,
        asked: Mapping[AccountId, tuple[Asked, ...]],
    ) -> None:
        """Return when it is on disk. ``unit`` is that of the Deliver which failed: it may have happened after all.

        ``asked`` names the RCPTs about which the sender may have to be told when an account's copy has its end.
        """
        ...
