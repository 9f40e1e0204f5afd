"""The tree of parts that a scan gives."""

import msgspec

from skrytka.protocol.mime.envelope import Envelope

DEPTH_MAX = 32  # nested entities
PARTS_MAX = 2_000


class Parameterized(msgspec.Struct, frozen=True, array_like=True):
    """A main value in lower case and its parameters, names in lower case, values as raw bytes (RFC 2231 joined)."""

    value: bytes
    parameters: dict[bytes, bytes]


NO_DISPOSITION = Parameterized(b"", {})


class Part(msgspec.Struct, kw_only=True, array_like=True):
    """One MIME entity; offsets are into the scanned bytes.

    ``header_start <= body_start <= body_end``. The header section is ``[header_start, body_start)`` with its blank
    line, the body ``[body_start, body_end)`` without the line end that belongs to the delimiter (RFC 2046 5.1.1).
    """

    header_start: int
    body_start: int
    body_end: int = 0
    type: bytes = b"text"  # lower case
    subtype: bytes = b"plain"
    parameters: dict[bytes, bytes] = msgspec.field(default_factory=dict)
    encoding: bytes = b"7bit"  # lower case
    values: dict[bytes, bytes] = msgspec.field(default_factory=dict)  # first field of each name, unfolded
    disposition: Parameterized = NO_DISPOSITION
    lines: int = 0  # of the body (RFC 9051 7.5.2)
    children: list["Part"] = msgspec.field(default_factory=list)
    is_message: bool = False  # message/rfc822 or message/global whose one child is the message inside
    envelope: Envelope | None = None  # read already, by an inspector; the scan leaves it to who needs it

    @property
    def is_multipart(self) -> bool:
        """Whether the body is a row of parts."""
        return self.type == b"multipart"

    @property
    def size(self) -> int:
        """Octets of the body in its transfer encoding."""
        return self.body_end - self.body_start
