"""Mail for local mailboxes that could not be written at once: committed to this node's queue, then answered 250."""

from collections.abc import Mapping, Sequence

from skrytka.mail.delivery.copies import blob_in
from skrytka.mail.delivery.types import Asked, Target, Transaction
from skrytka.mail.outbox.sealed import queue_keys
from skrytka.mail.queue.sealed import QueuedEnvelope, QueuedTarget, seal_envelope, seal_target
from skrytka.model.address import Address
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import TransientError
from skrytka.model.ids import AccountId, QueueId, UnitId, new_id
from skrytka.store.api import Store
from skrytka.store.commands.queue import Enqueue, QueuedRecipient
from skrytka.store.seal.blob import SealedBlob
from skrytka.store.seal.source import KeySource


class LocalQueue:
    """``delivery.types.Fallback``."""

    def __init__(self, store: Store, keys: KeySource, clock: Clock, random: Random) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._random = random

    async def enqueue(
        self,
        facts: Transaction,
        recipients: Sequence[tuple[Address, Target]],
        blob: SealedBlob,
        unit: UnitId,
        cause: TransientError,
        asked: Mapping[AccountId, tuple[Asked, ...]],
    ) -> None:
        """As ``Fallback.enqueue``; due at once, for what was busy may be free again."""
        keys = await queue_keys(self._keys, self._random)
        queue_id = QueueId(new_id(self._clock, self._random))
        envelope = QueuedEnvelope(facts, unit, len(recipients))
        due_at_ms = self._clock.now_ms()
        await self._store.submit(
            Enqueue(
                unit=UnitId(new_id(self._clock, self._random)),
                queue_id=queue_id,
                blob=blob_in(blob),
                wrapped_key=keys.wrap_blob_key(blob.blob_id, queue_id, blob.key),
                envelope=seal_envelope(keys, queue_id, envelope),
                recipients=tuple(
                    QueuedRecipient(
                        seal_target(
                            keys, queue_id, number, QueuedTarget(recipient, target, asked.get(target.account, ()))
                        ),
                        due_at_ms,
                        cause.reason.value,
                    )
                    for number, (recipient, target) in enumerate(recipients)
                ),
            )
        )
