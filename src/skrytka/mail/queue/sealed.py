"""What the queue keeps of a message, sealed under the node's queue key. A format: docs/formats.md, "Queue"."""

from typing import Final

import msgspec

from skrytka.mail.delivery.types import Asked, Target, Transaction
from skrytka.model.address import Address
from skrytka.model.clock import Random
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId, QueueId, UnitId
from skrytka.store.seal.keys import AccountKeys, Kind
from skrytka.store.seal.source import KeySource

QUEUE_SUBJECT: Final = "node:queue"
NODE: Final = AccountId(0)  # accounts begin at 1: what is sealed for the node opens for none of them


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


_envelope_decoder = msgspec.msgpack.Decoder(QueuedEnvelope)
_target_decoder = msgspec.msgpack.Decoder(QueuedTarget)


async def queue_keys(keys: KeySource, random: Random) -> AccountKeys:
    """The working keys of this node's queue."""
    return AccountKeys(NODE, await keys.node(QUEUE_SUBJECT), random)


def seal_envelope(keys: AccountKeys, queue_id: QueueId, envelope: QueuedEnvelope) -> bytes:
    """Bound to the queued message."""
    return keys.seal(Kind.TEXT, queue_id, msgspec.msgpack.encode(envelope))


def open_envelope(keys: AccountKeys, queue_id: QueueId, sealed: bytes) -> QueuedEnvelope:
    """PermanentError(CORRUPT)."""
    try:
        return _envelope_decoder.decode(keys.open(Kind.TEXT, queue_id, sealed))
    except msgspec.DecodeError as exc:
        raise PermanentError(Reason.CORRUPT, "queued envelope of an unknown form") from exc


def seal_target(keys: AccountKeys, queue_id: QueueId, number: int, target: QueuedTarget) -> bytes:
    """Bound to its place in the queued message."""
    return keys.seal(Kind.TEXT, _place(queue_id, number), msgspec.msgpack.encode(target))


def open_target(keys: AccountKeys, queue_id: QueueId, number: int, sealed: bytes) -> QueuedTarget:
    """PermanentError(CORRUPT)."""
    try:
        return _target_decoder.decode(keys.open(Kind.TEXT, _place(queue_id, number), sealed))
    except msgspec.DecodeError as exc:
        raise PermanentError(Reason.CORRUPT, "queued recipient of an unknown form") from exc


def _place(queue_id: QueueId, number: int) -> bytes:
    return queue_id + number.to_bytes(4, "big")
