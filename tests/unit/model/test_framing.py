"""model/framing.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import RemoteProtocolError
from skrytka.model.framing import FrameReader, frame


@given(st.lists(st.binary(max_size=50), max_size=10), st.lists(st.integers(1, 20), max_size=50))
def test_frames_come_out_however_the_bytes_were_cut(payloads: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(frame(payload) for payload in payloads)
    reader, found = FrameReader(), []
    for cut in [*cuts, len(stream)]:
        found += list(reader.feed(stream[:cut]))
        stream = stream[cut:]
    assert found == payloads


def test_a_frame_over_the_bound_is_an_error() -> None:
    with pytest.raises(RemoteProtocolError, match="frame of"):
        list(FrameReader(max_bytes=10).feed(frame(bytes(11))))
