"""The summary of one message: what IMAP FETCH, SORT and THREAD answer without opening the message.

Made once at delivery, sealed with the account's SUMMARY key, joined into responses as bytes. Format: docs/formats.md,
"Summary". Offsets count from the first byte of the message as the account sees it: its sealed prefix (Return-Path,
Delivered-To, ...) first, then the blob.
"""

from typing import Final

import msgspec

from skrytka.model.errors import UNREADABLE, PermanentError, Reason
from skrytka.protocol.mime.sections import Section

_VERSION: Final = b"\x01"


class Summary(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """Facts of one message; a new one is added at the end and with a default, so that old records still open."""

    header_bytes: int  # length of the header, empty line and prefix included
    envelope: bytes  # IMAP ENVELOPE, parentheses included (RFC 9051 7.5.2)
    body: bytes  # IMAP BODY without extension data
    bodystructure: bytes
    parts: tuple[Section, ...]  # offsets as above; the header of part 1 of a message that is no multipart starts at 0
    message_id: str  # without angle brackets, "" when there is none
    sha256: bytes  # of the blob: the message as it was received, without the prefix
    subject_base: str  # RFC 5256 2.1
    sent_at_ms: int | None  # from the Date field; None when absent or not a date
    # Lower-case name -> the whole field as it stands in the message: name, folding and line end; repeated ones joined.
    fields: dict[bytes, bytes]
    preview: str = ""
    has_attachment: bool = False


class SummaryHead(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The beginning of a :class:`Summary`, read without the rest: what most FETCH responses are joined from."""

    header_bytes: int
    envelope: bytes
    body: bytes
    bodystructure: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Summary)
_head_decoder = msgspec.msgpack.Decoder(SummaryHead)


def decode_head(raw: bytes) -> SummaryHead:
    """As :func:`decode_summary`, in a third of the time."""
    if raw[:1] != _VERSION:
        raise PermanentError(Reason.CORRUPT, "summary of an unknown version")
    try:
        return _head_decoder.decode(memoryview(raw)[1:])
    except UNREADABLE as exc:
        raise PermanentError(Reason.CORRUPT, f"summary: {exc}") from None


def encode_summary(summary: Summary) -> bytes:
    """The record's plain form, to be sealed."""
    return _VERSION + _encoder.encode(summary)


def decode_summary(raw: bytes) -> Summary:
    """The summary; PermanentError(CORRUPT) on anything that :func:`encode_summary` did not make."""
    if raw[:1] != _VERSION:
        raise PermanentError(Reason.CORRUPT, "summary of an unknown version")
    try:
        return _decoder.decode(memoryview(raw)[1:])
    except UNREADABLE as exc:
        raise PermanentError(Reason.CORRUPT, f"summary: {exc}") from None
