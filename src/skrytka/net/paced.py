"""The lower half of a connection: octets of a transport, no faster than either side reads them; no TLS, no session.

Above ``INPUT_HIGH_BYTES`` of what nobody has taken the transport is not read, and so its peer is held up.
"""

import asyncio
from typing import Final, cast

from skrytka.net.gate import Gate
from skrytka.net.sweeper import Sweeper

INPUT_HIGH_BYTES: Final = 128 * 1024


class Paced(asyncio.BufferedProtocol):
    """What :class:`Connection` stands on; only it is made."""

    # fmt: off
    __slots__ = (
        "_arrived", "_drained", "_input", "_is_closing", "_is_eof", "_is_read_paused", "_is_write_paused", "_lost",
        "_sweeper", "_transport",
    )
    # fmt: on

    def __init__(self, sweeper: Sweeper) -> None:
        self._sweeper = sweeper
        self._transport = cast("asyncio.Transport", None)  # until connection_made, before anybody has the object
        self._input = bytearray()
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._arrived = Gate()  # input, or the end of waiting for it
        self._drained = Gate()
        self._is_eof = False
        self._is_closing = False
        self._is_read_paused = False
        self._is_write_paused = False

    @property
    def is_lost(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._lost.done() or self._is_closing

    @property
    def is_eof(self) -> bool:
        """Whether the peer has ended its half."""
        return self._is_eof

    def take_input(self) -> bytes:
        """All that has come; ``b""`` at the end of file."""
        data = bytes(self._input)
        self._input.clear()
        if not self._is_write_paused:
            self._resume_reading()
        return data

    def give_back(self, data: bytes) -> None:
        """What :meth:`take_input` gave, to be read again: whoever looked at it was not meant."""
        self._input[:0] = data

    # -- for the transport ----------------------------------------------------------------------------------------

    def get_buffer(self, sizehint: int) -> memoryview:
        """The loop's one read buffer: see :class:`Sweeper`."""
        return self._sweeper.read_buffer

    def pause_writing(self) -> None:
        self._is_write_paused = True

    def resume_writing(self) -> None:
        self._is_write_paused = False
        self._drained.open()
        if len(self._input) <= INPUT_HIGH_BYTES:
            self._resume_reading()

    # -- for Connection -------------------------------------------------------------------------------------------

    def _take(self, data: bytes | memoryview) -> None:
        self._input += data
        if len(self._input) > INPUT_HIGH_BYTES:
            self._pause_reading()
        self._arrived.open()

    def _pause_reading(self) -> None:
        if not self._is_read_paused and not self._transport.is_closing():  # uvloop raises on a closing one
            self._is_read_paused = True
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._is_read_paused and not self._transport.is_closing():
            self._is_read_paused = False
            self._transport.resume_reading()

    def _write(self, data: bytes | memoryview) -> None:
        if data and not self.is_lost and not self._transport.is_closing():
            self._transport.write(data)
