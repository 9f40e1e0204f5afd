"""The summary of a message: what an inspector found in it, and what the front saw of its header lines.

``Insides`` is what all copies of one message share. A message that two inspectors died of, or that met too many bugs of
ours, has insides too: nothing of it was read, and its copies go to the hidden quarantine mailboxes (``copies``).
"""

from typing import Final

import msgspec

from skrytka.inspect.check import MessageStructure
from skrytka.mail.delivery.fields import sent_at_ms, subject_base
from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.mail.mailbox.types import SUMMARY_FIELDS
from skrytka.model.errors import PermanentError, Reason
from skrytka.protocol.mime import imap_text
from skrytka.protocol.mime.part import Part
from skrytka.protocol.mime.sections import Section, sections
from skrytka.store.seal.summary import Summary, encode_summary
from skrytka.store.seal.text import MessageText, encode_text

NOTHING_READ: Final = HeaderScan(b"")
_NO_TEXT: Final = MessageText(b"", b"")


class Insides:
    """One summary and one search text for all recipients: only the offsets differ, by each one's prefix."""

    def __init__(
        self,
        summary: Summary,
        text: MessageText = _NO_TEXT,
        poison: PermanentError | None = None,
        authors: tuple[tuple[bytes, ...] | None, ...] = (),
    ) -> None:
        self._summary = summary
        self._encoded: dict[int, bytes] = {}
        self.text = encode_text(text) if text != _NO_TEXT else b""  # plain form of the record; b"" for none
        self.poison = poison  # set: nothing of the message was read
        self.authors = authors  # of each From field the domains of its addresses, as they stand there

    def behind(self, prefix_bytes: int) -> bytes:
        """The summary's plain form, for a copy with so many octets before the message."""
        encoded = self._encoded.get(prefix_bytes)
        if encoded is None:
            encoded = self._encoded[prefix_bytes] = encode_summary(_shift(self._summary, prefix_bytes))
        return encoded


def summary_of(structure: MessageStructure, found: HeaderScan, sha256: bytes) -> Summary:
    """Everything that FETCH, SORT and THREAD ask for."""
    return Summary(
        header_bytes=structure.header_bytes,
        envelope=structure.envelope,
        body=structure.body,
        bodystructure=structure.bodystructure,
        parts=structure.parts,
        message_id=_message_id(found),
        sha256=sha256,
        subject_base=subject_base(structure.subject),
        sent_at_ms=sent_at_ms(found.date),
        fields=_fields(found),
        preview=structure.preview,
        has_attachment=structure.has_attachment,
    )


def buggy(size: int, sha256: bytes) -> Insides:
    """Of a message that met one bug of ours too many: not even its header is looked at."""
    return Insides(unread_summary(NOTHING_READ, size, sha256), poison=PermanentError(Reason.BUG, "not read"))


def unread_summary(found: HeaderScan, size: int, sha256: bytes) -> Summary:
    """Of a message that nobody could take apart: octets without a meaning behind its header."""
    root = Part(
        header_start=0,
        body_start=len(found.raw),
        body_end=size,
        type=b"application",
        subtype=b"octet-stream",
        encoding=b"binary",
    )
    texts = imap_text.bodies(root)
    return Summary(
        header_bytes=len(found.raw),
        envelope=imap_text.EMPTY_ENVELOPE,
        body=texts.body,
        bodystructure=texts.bodystructure,
        parts=tuple(sections(root)),
        message_id=_message_id(found),
        sha256=sha256,
        subject_base="",
        sent_at_ms=sent_at_ms(found.date),
        fields={},
    )


def _message_id(found: HeaderScan) -> str:
    return (found.message_id or b"").decode("utf-8", "replace")[1:-1]


def _fields(found: HeaderScan) -> dict[bytes, bytes]:
    chosen: dict[bytes, list[bytes]] = {}
    for name, raw in found.fields:
        if name in SUMMARY_FIELDS:
            chosen.setdefault(name, []).append(raw)
    return {name: b"".join(raws) for name, raws in chosen.items()}  # joined once: a header may have 50,000 of a name


def _shift(summary: Summary, by: int) -> Summary:
    """Offsets as they are behind a prefix. The header of the message itself begins with the prefix."""
    parts = tuple(
        Section(
            part.number,
            part.header_start + by if part.header_start else 0,
            part.body_start + by,
            part.body_end + by,
            part.inner_body_start + by if part.inner_body_start else 0,
            part.encoding,
        )
        for part in summary.parts
    )
    return msgspec.structs.replace(summary, header_bytes=summary.header_bytes + by, parts=parts)


NO_COPIES: Final = Insides(unread_summary(NOTHING_READ, 0, b""))  # of a message that only leaves: nobody looks at it
