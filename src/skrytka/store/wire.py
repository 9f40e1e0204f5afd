"""What travels between a front and the store process: frames of msgpack, one struct each.

The unit names a request and its answer. Both ends are of one version: the supervisor starts both.
"""

import msgspec

from skrytka.model.framing import frame
from skrytka.model.ids import UnitId
from skrytka.store.commands import AnyCommand
from skrytka.store.work import Done, Failure


class Ask(msgspec.Struct, frozen=True, array_like=True):
    """A command; ``is_retry`` when an earlier store process may have committed it."""

    is_retry: bool
    command: AnyCommand


class Answer(msgspec.Struct, frozen=True, array_like=True, tag="a"):
    """How a command ended; sent after COMMIT returned."""

    unit: UnitId
    outcome: Done | Failure


class Feed(msgspec.Struct, frozen=True, array_like=True, tag="f"):
    """Accounts that a COMMIT changed and their new states; sent after the answers."""

    changed: tuple[tuple[int, int], ...]


_encode = msgspec.msgpack.Encoder().encode
decode_ask = msgspec.msgpack.Decoder(Ask).decode
decode_told = msgspec.msgpack.Decoder(Answer | Feed).decode


def encode(message: Ask | Answer | Feed) -> bytes:
    """The whole frame."""
    return frame(_encode(message))
