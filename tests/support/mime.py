"""A message taken apart as an inspector does, and written as a front does."""

from skrytka.protocol.mime.envelope_reader import read_envelope
from skrytka.protocol.mime.imap_text import write_envelope
from skrytka.protocol.mime.part import Part
from skrytka.protocol.mime.scan import scan


def read(data: bytes) -> Part:
    """The tree with the envelope of every message in it."""
    root = scan(data)
    _read_envelopes(root, is_message=True)
    return root


def _read_envelopes(part: Part, *, is_message: bool) -> None:
    if is_message:
        part.envelope = read_envelope(part.values)
    for child in part.children:
        _read_envelopes(child, is_message=part.is_message)


def envelope_of(data: bytes) -> bytes:
    """ENVELOPE of a message (RFC 9051 7.5.2)."""
    return write_envelope(read_envelope(scan(data).values))
