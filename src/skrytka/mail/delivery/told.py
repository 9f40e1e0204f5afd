"""Events of deliveries."""

from collections.abc import Sequence

from skrytka.mail.delivery.summary import Insides
from skrytka.mail.delivery.types import Outgoing, Resolution, Target, Transaction
from skrytka.model.errors import Reason
from skrytka.model.events import MessageDelivered, MessageQuarantined, MessageReceived, MessageRefused
from skrytka.model.ids import TraceId, id_text
from skrytka.model.verdict import Verdict
from skrytka.store.commands.deliver import Delivered


def delivered_event(
    trace: TraceId, target: Target, delivered: Delivered, insides: Insides | None = None, via: str = "direct"
) -> MessageDelivered | MessageQuarantined:
    """The event of one copy."""
    if insides is not None and insides.poison is not None:
        return MessageQuarantined(
            trace=trace,
            recipient=str(target.address),
            account=delivered.account,
            mailbox=delivered.mailbox,
            uid=delivered.uid,
            emailid=id_text(delivered.email_id),
            reason=insides.poison.reason.value,
            detail=insides.poison.detail,
        )
    return MessageDelivered(
        trace=trace,
        recipient=str(target.address),
        account=delivered.account,
        mailbox=delivered.mailbox,
        uid=delivered.uid,
        emailid=id_text(delivered.email_id),
        via=via,
    )


def names_of(recipients: Sequence[Resolution], outgoing: Outgoing | None) -> tuple[str, ...]:
    """The recipients as the sender named them."""
    here = tuple(str(resolution.recipient) for resolution in recipients)
    return here + tuple(str(each.address) for each in outgoing.recipients) if outgoing is not None else here


def outcome_event(
    facts: Transaction, names: tuple[str, ...], verdict: Verdict, size_bytes: int, duration_ms: int
) -> MessageReceived | MessageRefused:
    """The event of a transaction."""
    if verdict.reply.is_positive:
        return MessageReceived(
            trace=facts.trace,
            remote=facts.remote,
            helo=str(facts.helo),
            reverse_path=str(facts.reverse_path),
            recipients=names,
            size_bytes=size_bytes,
            tls=facts.tls,
            protocol=facts.protocol,
            duration_ms=duration_ms,
            priority=facts.priority or 0,
        )
    return MessageRefused(
        trace=facts.trace,
        remote=facts.remote,
        reverse_path=str(facts.reverse_path),
        recipients=names,
        reason=(verdict.reason or Reason.NOT_PERMITTED).value,
        code=verdict.reply.code,
        detail=verdict.detail,
    )
