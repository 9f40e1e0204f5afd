"""One line of an event file: its format, how it is chained and how its personal part is erased.

``{"e":{header},"hash":"...","p":{personal},"s":"salt"}`` and a line feed, where

- ``e`` is kept and chained: ``v`` 1, ``at`` RFC 3339 in UTC with milliseconds, ``chain``, ``seq`` (from 1 up),
  ``kind``, ``trace``, the event's other fields, ``ph`` = SHA-256 of salt + ``p`` (hex; absent without a personal part),
  ``prev`` = ``hash`` of the line before it in its chain ("" for the first);
- ``hash`` is SHA-256 (hex) of the bytes of ``e`` as they stand;
- ``p`` and ``s`` can be set to null: the chain still verifies, and what stood there cannot be guessed from ``ph``.
"""

import hashlib
import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from skrytka.model.events import Event
from skrytka.model.ids import id_text

VERSION = 1
SALT_BYTES = 16
_CAMEL = re.compile(r"(?<!^)(?=[A-Z])")
_KINDS: dict[type[Event], str] = {}
_encoder = msgspec.json.Encoder()


_NULL = msgspec.Raw(b"null")


class Line(msgspec.Struct, frozen=True):
    """A line as it is read: the chained bytes are kept raw."""

    e: msgspec.Raw
    hash: str
    p: msgspec.Raw = _NULL
    s: str | None = None


class Header(msgspec.Struct, frozen=True):
    """What every header has; the event's own fields are read with :func:`header_fields`."""

    at: str
    chain: str
    seq: int
    kind: str
    prev: str
    trace: str = ""
    ph: str = ""


line_decoder = msgspec.json.Decoder(Line)
header_decoder = msgspec.json.Decoder(Header)


def kind_name(kind: type[Event]) -> str:
    """``MessageReceived`` -> ``message_received``."""
    if kind not in _KINDS:
        _KINDS[kind] = _CAMEL.sub("_", kind.__name__).lower()
    return _KINDS[kind]


def instant_text(at_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def encode(event: Event, *, at: str, chain: str, seq: int, prev: str, salt: bytes) -> tuple[bytes, str]:
    """The line with its line feed, and its hash, which is ``prev`` of the next."""
    fields = msgspec.structs.asdict(event)
    trace = fields.pop("trace")
    header: dict[str, Any] = {"v": VERSION, "at": at, "chain": chain, "seq": seq, "kind": kind_name(type(event))}
    if trace is not None:
        header["trace"] = id_text(trace)
    personal = {name: fields.pop(name) for name in sorted(event.PERSONAL)}
    header |= fields
    tail = b""
    if personal:
        raw_personal = _encoder.encode(personal)
        header["ph"] = hashlib.sha256(salt + raw_personal).hexdigest()
        tail = b',"p":%b,"s":"%b"' % (raw_personal, salt.hex().encode())
    header["prev"] = prev
    raw_header = _encoder.encode(header)
    digest = hashlib.sha256(raw_header).hexdigest()
    return b'{"e":%b,"hash":"%b"%b}\n' % (raw_header, digest.encode(), tail), digest


def parse(raw_line: bytes) -> tuple[Line, Header]:
    """Line and header of the bytes; msgspec.DecodeError or ValidationError if they are no event line."""
    line = line_decoder.decode(raw_line)
    return line, header_decoder.decode(line.e)


def header_fields(line: Line) -> dict[str, Any]:
    """All fields of the header."""
    fields: dict[str, Any] = msgspec.json.decode(line.e)
    return fields


def personal_fields(line: Line) -> dict[str, Any]:
    """The personal part; empty when there is none or it was erased."""
    fields: dict[str, Any] = msgspec.json.decode(line.p) or {}
    return fields


def erased(raw_line: bytes) -> bytes:
    """The same line without its personal part; hash and chain stay what they were."""
    line = line_decoder.decode(raw_line)
    return b'{"e":%b,"hash":"%b","p":null,"s":null}\n' % (bytes(line.e), line.hash.encode())


def personal_hash_holds(line: Line, header: Header) -> bool:
    """Whether the personal part is the one that was written, or was erased on purpose."""
    if line.s is None or bytes(line.p) == b"null":
        return True
    return hashlib.sha256(bytes.fromhex(line.s) + bytes(line.p)).hexdigest() == header.ph
