"""What travels between front and store process."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import Reason
from skrytka.model.framing import FrameReader
from skrytka.model.ids import UnitId
from skrytka.store.commands import SetQuota
from skrytka.store.wire import Answer, Ask, Feed, decode_ask, decode_told, encode
from skrytka.store.work import Done, Failure
from tests.support.store import Ids, deliver

UNIT = UnitId(b"u" * 16)


def payload(data: bytes) -> bytes:
    (raw,) = FrameReader().feed(data)
    return raw


def test_every_kind_of_message_comes_back_as_it_was() -> None:
    ask = Ask(is_retry=True, command=deliver(Ids(), 1, 2, thread_macs=(b"m",)))
    assert decode_ask(payload(encode(ask))) == ask
    for told in (
        Answer(UNIT, Done(b"answer")),
        Answer(UNIT, Failure(is_transient=True, reason=Reason.DISK_FULL, detail="x")),
        Answer(UNIT, Failure(is_transient=True, reason=None)),
        Feed(((1, 2), (3, 4))),
    ):
        assert decode_told(payload(encode(told))) == told


NUMBERS = st.integers(-(2**63), 2**64 - 1)  # what msgpack has


@given(st.binary(max_size=60) | st.lists(NUMBERS | st.text() | st.binary()).map(msgspec.msgpack.encode))
def test_what_is_no_command_is_a_decode_error_and_nothing_else(raw: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_ask(raw)


def test_a_command_with_a_field_of_the_wrong_type_is_refused() -> None:
    raw = msgspec.msgpack.encode([False, ["SetQuota", "one", 5, UNIT]])
    with pytest.raises(msgspec.DecodeError):
        decode_ask(raw)
    good = msgspec.msgpack.encode([False, ["SetQuota", 1, 5, UNIT]])
    assert decode_ask(good).command == SetQuota(unit=UNIT, account=1, quota_bytes=5)  # type: ignore[arg-type]
