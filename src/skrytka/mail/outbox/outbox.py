"""A message that leaves, as the part of a store command that puts it into the queue.

The caller puts it into the one command that also writes the local copies, or that ends what the message is about: a
crash leaves both or neither (design section 5).
"""

from collections.abc import Callable, Sequence
from typing import Final

from skrytka.mail.outbox.sealed import OutboundEnvelope, QueueKeys, seal_envelope, seal_recipient
from skrytka.model.clock import Clock, Random
from skrytka.model.envelope import Recipient
from skrytka.model.ids import BlobId, QueueId, new_id
from skrytka.model.secret import Secret
from skrytka.store.commands.queue import QueuedRecipient, QueueIn
from skrytka.store.seal.source import KeySource

PRIORITY_NORMAL: Final = 0
PRIORITY_BULK: Final = -10
PRIORITY_URGENT: Final = 10
MIXER_NON_URGENT: Final = -4
BULK_RECIPIENTS: Final = 50  # a message for more is bulk, whatever it says
_BULK: Final = frozenset({b"bulk", b"list", b"junk"})


def level_of(priority: int) -> int:
    """The queue's of an MT-PRIORITY, by the policy MIXER: up to -4, up to 0, above (RFC 6710 5 and appendix B)."""
    if priority > 0:
        return PRIORITY_URGENT
    return PRIORITY_BULK if priority <= MIXER_NON_URGENT else PRIORITY_NORMAL


def said_as(level: int) -> int:
    """The MT-PRIORITY that a level of the queue stands for."""
    return {PRIORITY_URGENT: 4, PRIORITY_BULK: MIXER_NON_URGENT}.get(level, 0)


def priority_of(first: Callable[[bytes], bytes | None], recipients: int) -> int:
    """What the header says of the message (Priority: RFC 2156 5.3.6; Precedence), or how many are to have it.

    ``first`` gives the value of the first field of a name.
    """
    said = {name: (first(name) or b"").strip().lower() for name in (b"priority", b"precedence")}
    is_bulk = said[b"precedence"] in _BULK or said[b"priority"] == b"non-urgent"
    if is_bulk or recipients > BULK_RECIPIENTS:
        return PRIORITY_BULK
    return PRIORITY_URGENT if said[b"priority"] == b"urgent" else PRIORITY_NORMAL


class Outbox:
    """Seals for the queue of this node."""

    def __init__(self, keys: KeySource, clock: Clock, random: Random) -> None:
        self._keys = QueueKeys(keys, random)
        self._clock = clock
        self._random = random

    async def queue(
        self,
        envelope: OutboundEnvelope,
        recipients: Sequence[Recipient],
        blob_id: BlobId,
        blob_key: Secret,
        *,
        priority: int = PRIORITY_NORMAL,
        release_at_ms: int = 0,
    ) -> QueueIn:
        """Due at once, or when its sender wants. TransientError(KEY_UNAVAILABLE) when the key agent does not answer."""
        keys = await self._keys.get()
        queue_id = QueueId(new_id(self._clock, self._random))
        due_at_ms = max(self._clock.now_ms(), release_at_ms)
        return QueueIn(
            queue_id=queue_id,
            wrapped_key=keys.wrap_blob_key(blob_id, queue_id, blob_key),
            envelope=seal_envelope(keys, queue_id, envelope),
            recipients=tuple(
                QueuedRecipient(seal_recipient(keys, queue_id, number, recipient), due_at_ms)
                for number, recipient in enumerate(recipients)
            ),
            priority=priority,
            release_at_ms=release_at_ms,
        )
