"""What the queue keeps of a message for mailboxes here, sealed as ``outbox.sealed`` says. A format: docs/formats.md."""

from typing import Final

import msgspec

from skrytka.mail.delivery.types import Asked, Target, Transaction
from skrytka.mail.outbox.sealed import SealedRecords, place_of
from skrytka.model.address import Address
from skrytka.model.ids import QueueId, UnitId
from skrytka.store.seal.keys import AccountKeys


class QueuedEnvelope(msgspec.Struct, frozen=True, array_like=True):
    """What is the same for all recipients of a queued message."""

    facts: Transaction
    unit: UnitId  # of the Deliver that failed: sent again it happens at most once
    recipients: int  # how many there were at first


class QueuedTarget(msgspec.Struct, frozen=True, array_like=True):
    """One copy that waits."""

    recipient: Address
    target: Target
    asked: tuple[Asked, ...] = ()  # about which the sender may have to be told


_ENVELOPES: Final = SealedRecords(QueuedEnvelope, "envelope")
_TARGETS: Final = SealedRecords(QueuedTarget, "target")


def seal_envelope(keys: AccountKeys, queue_id: QueueId, envelope: QueuedEnvelope) -> bytes:
    """Bound to the queued message."""
    return _ENVELOPES.seal(keys, queue_id, envelope)


def open_envelope(keys: AccountKeys, queue_id: QueueId, sealed: bytes) -> QueuedEnvelope:
    """PermanentError(CORRUPT)."""
    return _ENVELOPES.open(keys, queue_id, sealed)


def seal_target(keys: AccountKeys, queue_id: QueueId, number: int, target: QueuedTarget) -> bytes:
    """Bound to its place in the queued message."""
    return _TARGETS.seal(keys, place_of(queue_id, number), target)


def open_target(keys: AccountKeys, queue_id: QueueId, number: int, sealed: bytes) -> QueuedTarget:
    """PermanentError(CORRUPT)."""
    return _TARGETS.open(keys, place_of(queue_id, number), sealed)
