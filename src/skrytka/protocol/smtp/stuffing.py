"""A message on its way out by DATA: dots stuffed, lines ended by <CRLF> and by nothing else."""

from skrytka.model.errors import LocalProtocolError

_END = b".\r\n"


class DotWriter:
    """Message octets in, DATA octets out (RFC 5321 4.5.2); the inverse of ``body.DotReader``.

    A CR or LF outside <CRLF> is LocalProtocolError: such a message never leaves by DATA, since the next server might
    see another end in it (RFC 5321 2.3.8). The connection is then to be cut, for its message has no end.
    """

    __slots__ = ("_tail",)

    def __init__(self) -> None:
        self._tail = b"\r\n"  # the last octets that count: at first the DATA line's own end

    def feed(self, data: bytes) -> bytes:
        """Octets for the wire; a CR at the end of a piece is held until its LF comes."""
        if not data:
            return b""
        window = self._tail + data
        is_held = window.endswith(b"\r")
        body = window[:-1] if is_held else window
        pairs = body.count(b"\r\n")
        if body.count(b"\n") != pairs or body.count(b"\r") != pairs:
            raise LocalProtocolError("a message with a bare CR or LF cannot go by DATA")
        skip = len(self._tail.removesuffix(b"\r"))
        stuffed = body.replace(b"\r\n.", b"\r\n..")
        self._tail = (b"\r\n" if body.endswith(b"\r\n") else b"") + (b"\r" if is_held else b"")
        return stuffed[skip:]

    def finish(self) -> bytes:
        """<CRLF>.<CRLF>; the first <CRLF> is the message's own when it has one (RFC 5321 4.1.1.4)."""
        if self._tail.endswith(b"\r"):
            raise LocalProtocolError("a message with a bare CR or LF cannot go by DATA")
        return _END if self._tail == b"\r\n" else b"\r\n" + _END
