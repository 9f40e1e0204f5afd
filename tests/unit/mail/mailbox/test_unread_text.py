"""mail/mailbox/unread_text.py."""

import pytest

from skrytka.inspect.memory import MessageMemory
from skrytka.inspect.wire import INLINE_MAX_BYTES
from skrytka.mail.mailbox import unread_text
from skrytka.mail.mailbox.unread_text import PIECE_BYTES, read_text
from skrytka.model.errors import PermanentError, Reason, TransientError
from tests.support.local_inspector import LocalInspector

MESSAGE = b"Subject: =?utf-8?q?=C5=BB=C3=B3=C5=82w?=\r\n\r\nHello \r\n"


class Whole:
    """A message at hand; octets from ``broken_at`` on cannot be read."""

    def __init__(self, raw: bytes, broken_at: int | None = None) -> None:
        self.raw = raw
        self.size_bytes = len(raw)
        self._broken_at = broken_at

    async def read(self, offset: int, length: int) -> bytes:
        assert length <= max(PIECE_BYTES, INLINE_MAX_BYTES)
        if self._broken_at is not None and offset + length > self._broken_at:
            raise PermanentError(Reason.CORRUPT)
        return self.raw[offset : offset + length]

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("size", [0, INLINE_MAX_BYTES, 3 * PIECE_BYTES + 7])
async def test_an_inspector_reads_it_whatever_its_size(size: int) -> None:
    inspector = LocalInspector()
    found = await read_text(Whole(MESSAGE.ljust(size, b"x") + b" End"), inspector)
    assert found.header == b"subject: zolw"
    assert (found.body.startswith(b"hello"), found.body.endswith(b"end")) == (True, True)
    assert inspector.sizes == [(max(size, len(MESSAGE)) + 4, size >= INLINE_MAX_BYTES)]


async def test_poison_and_damage_have_their_reasons() -> None:
    inspector = LocalInspector()
    inspector.poison = b"Hello"
    with pytest.raises(PermanentError) as caught:
        await read_text(Whole(MESSAGE), inspector)
    assert caught.value.reason is Reason.POISONED
    large = Whole(MESSAGE.ljust(2 * PIECE_BYTES), broken_at=PIECE_BYTES + 1)
    with pytest.raises(PermanentError) as caught:
        await read_text(large, inspector)
    assert caught.value.reason is Reason.CORRUPT


@pytest.mark.parametrize(("where", "name"), [(MessageMemory, "write"), (unread_text, "MessageMemory")])
async def test_without_memory_it_is_tried_later(where: object, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(where, name, refuse)
    with pytest.raises(TransientError):
        await read_text(Whole(MESSAGE.ljust(2 * PIECE_BYTES)), LocalInspector())
