"""A front's side of an answer: a child is hostile by assumption, so what it says is checked, then written by us.

The tree travels as values and :mod:`skrytka.protocol.mime.imap_text` writes them: whatever bytes are in it, CR, LF and
NUL stand inside counted literals or nowhere.
"""

import re
from collections.abc import Sequence

import msgspec

from skrytka.inspect.errors import HostileAnswerError
from skrytka.inspect.wire import (
    FOLDED_GROWTH,
    OWN_ADDRESSES_MAX,
    REST_MAX_BYTES,
    Encoded,
    Mailbox,
    ReportsAnswer,
    StructureAnswer,
    Undone,
)
from skrytka.model.errors import UNREADABLE
from skrytka.protocol.mime import imap_text
from skrytka.protocol.mime.header import header_end, select_fields
from skrytka.protocol.mime.octets import is_seven_bit
from skrytka.protocol.mime.part import DEPTH_MAX, PARTS_MAX, Part
from skrytka.protocol.mime.sections import Section, sections

_LABELS = frozenset({b"content-transfer-encoding", b"content-type", b"mime-version"})
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_decoder = msgspec.msgpack.Decoder(StructureAnswer)
_undone = msgspec.msgpack.Decoder(tuple[Undone, ...])
_reports = msgspec.msgpack.Decoder(ReportsAnswer)
_values = msgspec.msgpack.Decoder(tuple[bytes, ...])
_mailboxes: msgspec.msgpack.Decoder[tuple[Mailbox, ...] | None] = msgspec.msgpack.Decoder(tuple[Mailbox, ...] | None)


class MessageStructure(msgspec.Struct, frozen=True, kw_only=True):
    """What a front and the store may use of a message's insides. Offsets lie within the message."""

    header_bytes: int  # with the empty line
    envelope: bytes  # IMAP text, as in a Summary
    body: bytes
    bodystructure: bytes
    parts: tuple[Section, ...]
    has_attachment: bool
    subject: str  # decoded, in one line
    preview: str
    attachment_names: tuple[str, ...]
    header_text: bytes  # search text: folded UTF-8, a line "name: value" a field
    body_text: bytes
    authors: tuple[tuple[bytes, ...] | None, ...] = ()  # as wire.StructureAnswer has them


def structure_of(raw: bytes, size: int) -> MessageStructure:
    """The answer about a message of ``size`` octets; HostileAnswerError when no child of ours would say that."""
    try:
        answer = _decoder.decode(raw)
    except UNREADABLE as exc:
        raise HostileAnswerError(f"structure: {type(exc).__name__}") from None
    _check_texts(answer)
    has_attachment = _check_tree(answer.root, size)
    root = answer.root
    texts = imap_text.bodies(root)
    return MessageStructure(
        header_bytes=root.body_start,
        envelope=imap_text.write_envelope(root.envelope) if root.envelope else imap_text.EMPTY_ENVELOPE,
        body=texts.body,
        bodystructure=texts.bodystructure,
        parts=tuple(sections(root)),
        has_attachment=has_attachment,
        subject=answer.subject,
        preview=answer.preview,
        attachment_names=answer.attachment_names,
        header_text=answer.header_text,
        body_text=answer.body_text,
        authors=answer.authors,
    )


def seven_bit_of(raw: bytes, message_header: bytes) -> bytes | None:
    """A message in seven bits with the header of the one that was asked about; None: it is to be left alone."""
    if not raw:
        return None
    if not is_seven_bit(raw):
        raise HostileAnswerError("seven_bit: octets that do not travel")
    end = header_end(raw, 0, len(raw))
    if _unlabelled(raw[:end]) != _unlabelled(message_header):
        raise HostileAnswerError("seven_bit: another header")
    return raw


def undone_of(raw: bytes, asked: Sequence[Encoded]) -> tuple[Undone, ...]:
    """One for each piece that was asked about, in order; no encoding makes it longer."""
    try:
        found = _undone.decode(raw)
        pairs = list(zip(asked, found, strict=True))
    except (*UNREADABLE, ValueError) as exc:
        raise HostileAnswerError(f"undo: {type(exc).__name__}") from None
    for piece, undone in pairs:
        length = 0 if piece.is_counted else undone.size
        if not 0 <= undone.size <= len(piece.octets) or len(undone.octets) != length:
            raise HostileAnswerError("undo: a length that cannot be")
        if len(undone.rest) > (0 if piece.is_last else min(REST_MAX_BYTES, len(piece.octets))):
            raise HostileAnswerError("undo: more left over than there can be")
    return found


def folded_of(raw: bytes, asked: Sequence[bytes]) -> tuple[bytes, ...]:
    """One for each value that was asked about, in order, without NUL."""
    try:
        found = _values.decode(raw)
        pairs = list(zip(asked, found, strict=True))
    except (*UNREADABLE, ValueError) as exc:
        raise HostileAnswerError(f"fold: {type(exc).__name__}") from None
    if b"\0" in b"".join(found) or any(len(text) > FOLDED_GROWTH * len(value) for value, text in pairs):
        raise HostileAnswerError("fold: text that no value has")
    return found


def mailboxes_of(raw: bytes, value: bytes) -> tuple[Mailbox, ...] | None:
    """Addresses whose octets stand in the field; None: more than are looked at."""
    try:
        found = _mailboxes.decode(raw)
    except UNREADABLE as exc:
        raise HostileAnswerError(f"mailboxes: {type(exc).__name__}") from None
    octets = sum(len(each.local) + len(each.domain) for each in found or ())
    if len(found or ()) > OWN_ADDRESSES_MAX or octets > len(value):
        raise HostileAnswerError("mailboxes: more than a field has room for")
    return found


def reports_of(raw: bytes) -> ReportsAnswer:
    """Values within their bounds. Nothing says that they are true, or hold no control characters: show them as such."""
    try:
        return _reports.decode(raw)
    except UNREADABLE as exc:
        raise HostileAnswerError(f"reports: {type(exc).__name__}") from None


def _unlabelled(section: bytes) -> bytes:
    return select_fields(section, _LABELS, is_negated=True)


def _check_texts(answer: StructureAnswer) -> None:
    for text in (answer.subject, answer.preview, *answer.attachment_names):
        if _CONTROLS.search(text):
            raise HostileAnswerError("control character in a text for display")
    for raw in (answer.header_text, answer.body_text):
        if b"\0" in raw or b"\r" in raw:
            raise HostileAnswerError("NUL or CR in a search text")


def _check_tree(root: Part, size: int) -> bool:
    """Whether some part is an attachment."""
    if root.header_start != 0:
        raise HostileAnswerError("a message begins at its first octet")
    has_attachment = False
    level, depth, count = [root], 0, 0
    while level:
        depth += 1
        count += len(level)
        if depth > DEPTH_MAX or count > PARTS_MAX:
            raise HostileAnswerError("tree out of bounds")
        for part in level:
            _check_part(part, size)
            has_attachment = has_attachment or part.disposition.value == b"attachment"
        level = [child for part in level for child in part.children]
    return has_attachment


def _check_part(part: Part, size: int) -> None:
    if not 0 <= part.header_start <= part.body_start <= part.body_end <= size:
        raise HostileAnswerError("offsets out of order")
    if not 0 <= part.lines <= part.size:
        raise HostileAnswerError("more lines than octets")
    if part.is_message:
        is_sound = part.type == b"message" and len(part.children) == 1
    else:
        is_sound = part.is_multipart or not part.children
    if not is_sound:
        raise HostileAnswerError("parts where none can be")
