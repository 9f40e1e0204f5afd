"""By when a message is to be delivered (RFC 2852 4.1): what is over, who hears of it, what the next server is told.

The time is as far from the queueing as it was from the message's arrival, for a row's times are mended after the clock
was wrong. It is the wall clock's: a message that is of no use after five o'clock is not sent at six.
"""

from typing import Final

import msgspec

from skrytka.mail.delivery.reports import wants
from skrytka.mail.queue.outcome import Fate, Outcome
from skrytka.mail.queue.parcel import Parcel
from skrytka.model.envelope import By, DeliverBy, Notify, Recipient
from skrytka.protocol.smtp.capabilities import Capabilities
from skrytka.protocol.smtp.received import date_text
from skrytka.store.sql.outbound import TOLD_LATE, OutboundRow

STATUS_FAILED: Final = "5.4.7"  # RFC 2852 4.1.3
STATUS_DELAYED: Final = "4.4.7"
_ADDED: Final = frozenset({Notify.FAILURE, Notify.DELAY})


def deadline_ms(by: DeliverBy, arrived_at_ms: int, created_at_ms: int) -> int:
    """Of a message that arrived and was queued then."""
    return created_at_ms + by.at_ms - arrived_at_ms


def deadline_of(parcel: Parcel) -> int | None:
    """None: whenever."""
    by = parcel.envelope.deliver_by
    return None if by is None else deadline_ms(by, parcel.envelope.arrived_at_ms, parcel.rows[0].created_at_ms)


def is_over(parcel: Parcel, now_ms: int) -> bool:
    """Whether it may not be sent any more (mode R)."""
    by, deadline = parcel.envelope.deliver_by, deadline_of(parcel)
    return by is not None and by.is_return and deadline is not None and now_ms >= deadline


def overdue(fate: Fate, parcel: Parcel) -> Outcome:
    """Of recipients whose time has passed."""
    status = STATUS_FAILED if fate is Fate.FAILED else STATUS_DELAYED
    return Outcome(fate=fate, status=status, text=words(deadline_of(parcel) or 0), is_late=True)


def words(deadline: int) -> str:
    """The diagnostic."""
    return f"it was to be delivered by {date_text(deadline)}"


def wakes_at_ms(parcel: Parcel, row: OutboundRow) -> int | None:
    """When something has to be done for a recipient that is not sent until then; None: nothing (any more)."""
    by = parcel.envelope.deliver_by
    if by is None or not (by.is_return or _wants_word(parcel, row)):
        return None
    return deadline_of(parcel)


def to_be_told(parcel: Parcel, now_ms: int) -> tuple[int, ...]:
    """Recipients of mode N about which the sender has to hear now that their time has passed."""
    by, deadline = parcel.envelope.deliver_by, deadline_of(parcel)
    if by is None or by.is_return or deadline is None or now_ms < deadline:
        return ()
    return tuple(
        row.recipient for row in parcel.rows if row.recipient in parcel.recipients and _wants_word(parcel, row)
    )


def _wants_word(parcel: Parcel, row: OutboundRow) -> bool:
    is_told = row.is_told == TOLD_LATE or parcel.envelope.told.is_null
    recipient = parcel.recipients.get(row.recipient)
    return not is_told and recipient is not None and wants(recipient, Notify.DELAY)


def timed(parcel: Parcel, offered: Capabilities, now_ms: int) -> Parcel:
    """As a server that offers this is to hear of it, at this moment (RFC 2852 4.1.4)."""
    by, deadline = parcel.envelope.deliver_by, deadline_of(parcel)
    if by is None or deadline is None:
        return parcel
    said = By((deadline - now_ms) // 1000, by.is_return, by.is_traced)
    recipients = parcel.recipients
    if not by.is_return and not offered.is_deliver_by and now_ms < deadline:
        recipients = {number: _asking(recipient) for number, recipient in recipients.items()}
    return msgspec.structs.replace(parcel, by=said, recipients=recipients)


def _asking(recipient: Recipient) -> Recipient:
    """RFC 2852 4.1.4.2: a server that cannot say itself that it was late is asked to tell of delays."""
    if Notify.NEVER in recipient.notify:
        return recipient
    notify = recipient.notify | {Notify.DELAY} if recipient.notify else _ADDED
    return msgspec.structs.replace(recipient, notify=frozenset(notify))


def is_traced(parcel: Parcel, number: int, outcome: Outcome, now_ms: int) -> bool:
    """Whether the sender hears that another server has it, though he did not ask for that (RFC 2852 4.1.4)."""
    by, deadline = parcel.envelope.deliver_by, deadline_of(parcel)
    if by is None or deadline is None or Notify.NEVER in parcel.recipients[number].notify:
        return False
    return by.is_traced or (not by.is_return and not outcome.is_deliver_by and now_ms < deadline)
