"""RFC 4648 3.2: strict."""

import pytest

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.sasl import base64


def test_a_message_survives_the_way_out_and_in() -> None:
    assert base64.decode(base64.encode(b"\0a\0b")).reveal() == b"\0a\0b"
    assert base64.decode(b"").reveal() == b""


@pytest.mark.parametrize("line", [b"YQ", b"YQ=", b"Y Q==", b"YQ==\r\n", b"=", b"YQ==YQ==", b"\xff"])
def test_what_is_not_canonical_is_refused(line: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        base64.decode(line)
