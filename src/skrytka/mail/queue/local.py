"""Mail for local mailboxes that could not be written at once: committed to this node's queue, then answered 250."""

from collections.abc import Mapping, Sequence

from skrytka.mail.delivery.copies import blob_in
from skrytka.mail.delivery.queued import WaitingCopies
from skrytka.mail.delivery.types import Asked, Target, Transaction
from skrytka.model.address import Address
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import TransientError
from skrytka.model.ids import AccountId, UnitId, new_unit
from skrytka.store.api import Store
from skrytka.store.commands.queue import Enqueue
from skrytka.store.seal.blob import SealedBlob
from skrytka.store.seal.source import KeySource


class LocalQueue:
    """``delivery.types.Fallback``."""

    def __init__(self, store: Store, keys: KeySource, clock: Clock, random: Random) -> None:
        self._store = store
        self._copies = WaitingCopies(keys, clock, random)
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
        queue = await self._copies.queue(facts, recipients, blob, unit, asked, reason=cause.reason.value)
        await self._store.submit(
            Enqueue(
                unit=new_unit(self._clock, self._random),
                queue_id=queue.queue_id,
                blob=blob_in(blob),
                wrapped_key=queue.wrapped_key,
                envelope=queue.envelope,
                recipients=queue.recipients,
            )
        )
