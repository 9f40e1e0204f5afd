"""What a message that leaves is put into the queue with."""

from collections.abc import Iterable

from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.mail.delivery.message import Sealed
from skrytka.mail.delivery.prefix import relayed_field
from skrytka.mail.delivery.types import Outgoing, Transaction
from skrytka.mail.outbox.outbox import Outbox, level_of, priority_of
from skrytka.mail.outbox.sealed import OutboundEnvelope
from skrytka.mail.outbox.signing import NOT_SIGNED, Signed, Signing
from skrytka.model.envelope import BodyType
from skrytka.protocol.mailauth.dkim.body import BodySpec
from skrytka.protocol.mailauth.dkim.sign import SIGNED_BODY
from skrytka.store.commands.queue import QueueIn


def to_sign(_header: HeaderScan) -> Iterable[BodySpec]:
    """The hash of the body that signatures of ours are made with."""
    return (SIGNED_BODY,)


class Departures:
    """Signs and seals what leaves."""

    def __init__(self, outbox: Outbox, signing: Signing | None, hostname: str) -> None:
        self._outbox = outbox
        self._signing = signing
        self._hostname = hostname

    async def ready(self, facts: Transaction, sealed: Sealed, outgoing: Outgoing) -> tuple[QueueIn, Signed]:
        """For the command that puts it into the queue. TransientError when what that takes is away."""
        signed = await self._signed(facts, sealed)
        queue = await self._outbox.queue(
            outbound_envelope(facts, sealed, outgoing, self._hostname, signed),
            outgoing.recipients,
            sealed.blob.blob_id,
            sealed.blob.key,
            priority=_lane_priority(facts, sealed.scan, len(outgoing.recipients)),
            release_at_ms=facts.release_at_ms,
        )
        return queue, signed

    async def _signed(self, facts: Transaction, sealed: Sealed) -> Signed:
        body, sender = sealed.hash_of(SIGNED_BODY), facts.reverse_path.address
        if self._signing is None or body is None:
            return NOT_SIGNED
        domain = None if sender is None else sender.domain
        return await self._signing.of_author(sealed.scan.fields, domain, body, facts.trace)


def outbound_envelope(
    facts: Transaction, sealed: Sealed, outgoing: Outgoing, hostname: str, signed: Signed = NOT_SIGNED
) -> OutboundEnvelope:
    """What the queue keeps; the octets are called what they are, not what they were declared."""
    body_type = BodyType.BINARY
    if outgoing.body_type is not BodyType.BINARY:
        body_type = BodyType.EIGHT_BIT if sealed.is_8bit else BodyType.SEVEN_BIT
    return OutboundEnvelope(
        trace=facts.trace,
        reverse_path=facts.reverse_path,
        arrived_at_ms=facts.received_at_ms,
        account=outgoing.account,
        body_type=body_type,
        needs_smtputf8=facts.is_smtputf8 and not sealed.scan.raw.isascii(),
        ret=facts.ret,
        envid=facts.envid,
        trace_fields=relayed_field(facts, hostname=hostname),
        signatures=signed.fields,
        signed_for=signed.domain,
        hold=facts.hold,
        deliver_by=facts.deliver_by,
        priority=facts.priority,
    )


def _lane_priority(facts: Transaction, header: HeaderScan, recipients: int) -> int:
    """What was said by SMTP; else what the header says, which makes urgent only what might have been said so."""
    if facts.priority is not None:
        return level_of(facts.priority)
    return min(priority_of(header.first, recipients), level_of(facts.priority_max))
