"""What a child can do: one handler a job, bytes in, bytes out. Runs inside the sandbox only."""

from collections.abc import Callable
from itertools import islice

import msgspec

from skrytka.analysis.text import folded
from skrytka.inspect import wire
from skrytka.inspect.message import TextLimits, message_text
from skrytka.inspect.reports import reports
from skrytka.inspect.wire import Encoded, Mailbox, StructureAnswer, Undone
from skrytka.protocol.mime.addresses import parse_addresses
from skrytka.protocol.mime.charset import decode_words
from skrytka.protocol.mime.envelope import ENVELOPE_FIELDS, Envelope
from skrytka.protocol.mime.envelope_reader import read_envelope
from skrytka.protocol.mime.header import fields
from skrytka.protocol.mime.part import Parameterized, Part
from skrytka.protocol.mime.scan import HEADER_READ_BYTES, scan
from skrytka.protocol.mime.seven_bit import seven_bit
from skrytka.protocol.mime.transfer import undo

_LIMITS = TextLimits(
    header_bytes=wire.HEADER_TEXT_MAX_BYTES,
    body_bytes=wire.TEXT_MAX_BYTES,
    names=wire.NAMES_MAX,
    name_chars=wire.NAME_MAX,
    preview_chars=wire.PREVIEW_MAX,
    subject_chars=wire.SUBJECT_MAX,
)
# What BODYSTRUCTURE shows of a part's header (RFC 9051 7.5.2), and whether it has a type at all.
_KEPT = (
    b"content-id",
    b"content-description",
    b"content-md5",
    b"content-language",
    b"content-location",
)
_encoder = msgspec.msgpack.Encoder()
_encoded = msgspec.msgpack.Decoder(tuple[Encoded, ...])
_values = msgspec.msgpack.Decoder(tuple[bytes, ...])


def structure(message: bytes) -> bytes:
    """Parts with offsets, envelopes, and the text (wire.StructureAnswer)."""
    root = scan(message)
    text = message_text(message, root, _LIMITS)
    answer = StructureAnswer(
        root=_Trimmer().trim(root, is_entity=True),
        subject=text.subject,
        preview=text.preview,
        attachment_names=text.attachment_names,
        header_text=text.header_text,
        body_text=text.body_text,
        authors=_authors(message, root),
    )
    return _encoder.encode(answer)


def _authors(message: bytes, root: Part) -> tuple[tuple[bytes, ...] | None, ...]:
    """All From fields count, though an envelope has the first one only: a reader may show any of them."""
    section = message[: min(root.body_start, HEADER_READ_BYTES)]
    found = (field for field in fields(section) if field.name == b"from")
    return tuple(_domains(field.value) for field in islice(found, wire.AUTHOR_FIELDS_MAX))


def _domains(value: bytes) -> tuple[bytes, ...] | None:
    addresses = parse_addresses(value, wire.ADDRESSES_MAX + 1)
    hosts = (each.host.lower()[: wire.AUTHOR_DOMAIN_BYTES] for each in addresses if each.host is not None)
    domains = tuple(dict.fromkeys(hosts))
    is_too_much = len(addresses) > wire.ADDRESSES_MAX or len(domains) > wire.AUTHOR_DOMAINS_MAX
    return None if is_too_much else domains


class _Trimmer:
    """Copies a tree with what travels; values beyond the common bound are left out, so the answer fits its frame."""

    def __init__(self) -> None:
        self._left_bytes = wire.VALUES_MAX_BYTES

    def trim(self, part: Part, *, is_entity: bool = False) -> Part:
        """``is_entity``: a message, which has an envelope."""
        values = {name: self._kept(part.values[name]) for name in _KEPT if name in part.values}
        if b"content-type" in part.values:
            values[b"content-type"] = b""
        return Part(
            header_start=part.header_start,
            body_start=part.body_start,
            body_end=part.body_end,
            type=self._kept(part.type),
            subtype=self._kept(part.subtype),
            parameters=self._pairs(part.parameters),
            encoding=self._kept(part.encoding),
            values=values,
            disposition=Parameterized(self._kept(part.disposition.value), self._pairs(part.disposition.parameters)),
            lines=part.lines,
            children=[self.trim(child, is_entity=part.is_message) for child in part.children],
            is_message=part.is_message,
            envelope=self._envelope(part) if is_entity else None,
        )

    def _envelope(self, part: Part) -> Envelope:
        found = read_envelope(part.values, addresses_max=wire.ADDRESSES_MAX)
        size = sum(len(part.values.get(name, b"")) for name in ENVELOPE_FIELDS)
        self._left_bytes -= size
        return found if self._left_bytes > 0 else Envelope()

    def _kept(self, value: bytes) -> bytes:
        self._left_bytes -= len(value)
        return value if self._left_bytes > 0 else b""

    def _pairs(self, pairs: dict[bytes, bytes]) -> dict[bytes, bytes]:
        size = sum(len(name) + len(value) for name, value in pairs.items())
        self._left_bytes -= size
        return pairs if self._left_bytes > 0 else {}


def recoded(message: bytes) -> bytes:
    """As it goes to a server that takes seven bits only; b"" when it is to be left alone."""
    return seven_bit(message) or b""


def undone(pieces: bytes) -> bytes:
    """Transfer encodings undone: of parts that were asked for together, or of a piece of a large one."""
    return _encoder.encode([_undone(piece) for piece in _encoded.decode(pieces)])


def _undone(piece: Encoded) -> Undone:
    octets, rest = undo(piece.encoding, piece.octets, is_last=piece.is_last)
    return Undone(b"" if piece.is_counted else octets, len(octets), rest)


def fold(values: bytes) -> bytes:
    """Unfolded header values as SEARCH compares them: encoded words read, then as all search text."""
    return _encoder.encode([folded(decode_words(value)) for value in _values.decode(values)])


def mailboxes(value: bytes) -> bytes:
    """The addresses of a field, those in groups too; None: more than are looked at."""
    found = parse_addresses(value, wire.OWN_ADDRESSES_MAX + 1)  # names and ends of groups count
    if len(found) > wire.OWN_ADDRESSES_MAX:
        return _encoder.encode(None)
    return _encoder.encode([Mailbox(each.mailbox or b"", each.host) for each in found if each.host is not None])


HANDLERS: dict[str, Callable[[bytes], bytes]] = {
    "structure": structure,
    "seven_bit": recoded,
    "undo": undone,
    "fold": fold,
    "mailboxes": mailboxes,
    "reports": reports,
}
