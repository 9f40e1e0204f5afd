"""What a message that leaves is put into the queue with."""

from collections.abc import Iterable

from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.mail.delivery.message import Sealed
from skrytka.mail.delivery.prefix import relayed_field
from skrytka.mail.delivery.types import Outgoing, Transaction
from skrytka.mail.outbox.sealed import OutboundEnvelope
from skrytka.mail.outbox.signing import NOT_SIGNED, Signed
from skrytka.model.envelope import BodyType
from skrytka.protocol.mailauth.dkim.body import BodySpec
from skrytka.protocol.mailauth.dkim.sign import SIGNED_BODY


def to_sign(_header: HeaderScan) -> Iterable[BodySpec]:
    """The hash of the body that signatures of ours are made with."""
    return (SIGNED_BODY,)


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
    )
