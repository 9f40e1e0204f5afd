"""What an SMTP session is given: recipients, delivery, events, clock; implemented by ``mail.delivery``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from skrytka.mail.delivery.message import IncomingMessage
from skrytka.mail.delivery.types import Check, Outgoing, Resolution, Transaction
from skrytka.model.address import Address
from skrytka.model.clock import Clock, Random
from skrytka.model.events import Emitter
from skrytka.model.limits import SmtpLimits
from skrytka.model.verdict import Verdict
from skrytka.protocol.smtp.extensions import DEFAULT_LENIENCY, Leniency


class Recipients(Protocol):
    """Who gets mail for an address (``mail.delivery.resolve.Directory``)."""

    async def resolve(self, recipient: Address, *, size_bytes: int = 0) -> Resolution:
        """The accounts, or the refusal. TransientError when it cannot be said now."""
        ...


class Delivery(Protocol):
    """Where messages go (``mail.delivery.local.Delivery``)."""

    def begin(self, *, is_leaving: bool = False) -> IncomingMessage:
        """A place for one message; whoever begins it aborts it or hands it to ``deliver``.

        What is leaving can be signed.
        """
        ...

    def begin_checked(self, *, is_leaving: bool) -> IncomingMessage:
        """As :meth:`begin`, of a message whose sender is asked about."""
        ...

    def begin_submission(self, *, is_leaving: bool) -> IncomingMessage:
        """As :meth:`begin`, the header completed; what is leaving can be signed."""
        ...

    async def deliver(
        self,
        facts: Transaction,
        recipients: Sequence[Resolution],
        message: IncomingMessage,
        outgoing: Outgoing | None = None,
        check: Check | None = None,
    ) -> Verdict:
        """Positive only when the message is on disk. Emits the event of the outcome itself."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpDeps:
    """What every SMTP session needs; one object for all sessions of a process."""

    recipients: Recipients
    delivery: Delivery
    events: Emitter
    clock: Clock
    random: Random
    limits: SmtpLimits
    hostname: str
    leniency: Leniency = DEFAULT_LENIENCY


@dataclass(frozen=True, slots=True, kw_only=True)
class MxDeps(SmtpDeps):
    """Everything ``serve_mx`` needs."""

    is_exempt_checked: bool = False  # SPF, DKIM and DMARC of mail from our own relays too
