"""What the queue keeps of a message for mailboxes here, sealed as ``outbox.sealed`` says. A format: docs/formats.md."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from skrytka.mail.delivery.types import Asked, Target, Transaction
from skrytka.mail.outbox.sealed import QueueKeys, SealedRecords, place_of
from skrytka.model.address import Address
from skrytka.model.clock import Clock, Random
from skrytka.model.ids import AccountId, QueueId, UnitId, new_id
from skrytka.store.commands.queue import QueuedRecipient, QueueIn
from skrytka.store.seal.blob import SealedBlob
from skrytka.store.seal.keys import AccountKeys
from skrytka.store.seal.source import KeySource


class QueuedEnvelope(msgspec.Struct, frozen=True, array_like=True):
    """What is the same for all recipients of a queued message."""

    facts: Transaction
    unit: UnitId  # of the Deliver that failed, or of the first one: sent again it happens at most once
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


class WaitingCopies:
    """Seals for the queue of this node what mailboxes here are to get later."""

    def __init__(self, keys: KeySource, clock: Clock, random: Random) -> None:
        self._keys = QueueKeys(keys, random)
        self._clock = clock
        self._random = random

    async def queue(
        self,
        facts: Transaction,
        recipients: Sequence[tuple[Address, Target]],
        blob: SealedBlob,
        unit: UnitId,
        asked: Mapping[AccountId, tuple[Asked, ...]],
        *,
        reason: str,
    ) -> QueueIn:
        """Due at once, or when its sender wants. TransientError(KEY_UNAVAILABLE) when the key agent does not answer."""
        keys = await self._keys.get()
        queue_id = QueueId(new_id(self._clock, self._random))
        due_at_ms = max(self._clock.now_ms(), facts.release_at_ms)
        targets = [QueuedTarget(recipient, target, asked.get(target.account, ())) for recipient, target in recipients]
        return QueueIn(
            queue_id=queue_id,
            wrapped_key=keys.wrap_blob_key(blob.blob_id, queue_id, blob.key),
            envelope=seal_envelope(keys, queue_id, QueuedEnvelope(facts, unit, len(recipients))),
            recipients=tuple(
                QueuedRecipient(seal_target(keys, queue_id, number, target), due_at_ms, reason)
                for number, target in enumerate(targets)
            ),
            release_at_ms=facts.release_at_ms,
        )
