"""One message on its way in, by DATA or BDAT: what of its octets may be handed out, and when it ends."""

from typing import Final

from skrytka.model.envelope import BodyType
from skrytka.model.limits import SmtpLimits
from skrytka.model.reply import Reply
from skrytka.protocol.smtp.body import BodyCheck, DotReader
from skrytka.protocol.smtp.events import BodyChunk, BodyDropped
from skrytka.protocol.smtp.lines import Input

SWALLOW_BYTES: Final = 16 * 1024 * 1024  # of a refused message beyond the size limit; then the connection ends


class MessageReceiver:
    """Begin with ``begin_data`` once, or with ``begin_chunk`` for each BDAT; ``take`` until ``is_complete``."""

    __slots__ = ("_check", "_dots", "_left", "_most", "is_complete", "is_last")

    def __init__(self, limits: SmtpLimits, body_type: BodyType, *, is_8bit_accepted: bool) -> None:
        is_7bit = body_type is BodyType.SEVEN_BIT and not is_8bit_accepted
        self._check = BodyCheck(limits, is_binary=body_type is BodyType.BINARY, is_7bit=is_7bit)
        self._most = limits.message_bytes + SWALLOW_BYTES
        self._dots: DotReader | None = None
        self._left = 0  # octets of the chunk that are to come
        self.is_complete = False  # the message, or the chunk
        self.is_last = True  # what is complete is the message

    @property
    def total(self) -> int:
        """Octets of the message so far."""
        return self._check.total

    @property
    def refusal(self) -> Reply | None:
        """Why the message cannot be accepted, as far as seen; final when the last part is complete."""
        return self._check.refusal

    @property
    def is_endless(self) -> bool:
        """Whether more came than is swallowed."""
        return self._check.total > self._most

    def may_begin(self, octets: int) -> bool:
        """Whether a chunk of that size could be swallowed whole."""
        return self._check.total + octets <= self._most

    def begin_data(self) -> None:
        self._dots = DotReader()

    def begin_chunk(self, octets: int, *, is_last: bool) -> None:
        self._check.expect(octets)
        self._left = octets
        self.is_last = is_last
        self._end_if(is_complete=not octets)

    def take(self, source: Input) -> BodyChunk | BodyDropped | None:
        """Use what is there; None when that gave nothing to hand out."""
        octets = self._take_chunk(source) if self._dots is None else self._take_data(source, self._dots)
        if not octets:
            return None
        return BodyDropped(len(octets)) if self._check.refusal is not None else BodyChunk(octets)

    def _take_chunk(self, source: Input) -> bytes:
        octets = source.take(self._left)
        self._left -= len(octets)
        self._check.feed(octets)
        self._end_if(is_complete=not self._left)
        return octets

    def _take_data(self, source: Input, dots: DotReader) -> bytes:
        if not source:
            return b""
        octets, rest = dots.feed(source.take_all())
        self._check.feed(octets)
        if rest is not None:
            source.put_back(rest)
        self._end_if(is_complete=rest is not None)
        return octets

    def _end_if(self, *, is_complete: bool) -> None:
        self.is_complete = is_complete
        if is_complete and self.is_last:
            self._check.finish()
