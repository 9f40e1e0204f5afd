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
from functools import cache, lru_cache
from typing import Any, NamedTuple

import msgspec

from skrytka.model.events import Event
from skrytka.model.ids import id_text

VERSION = 1
SALT_BYTES = 16
_CAMEL = re.compile(r"(?<!^)(?=[A-Z])")
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


class _Shape(NamedTuple):
    """What is the same for all events of a kind."""

    name: str
    header: tuple[str, ...]  # fields that are kept, in order
    personal: tuple[str, ...]


@cache  # as many as there are classes
def _shape(kind: type[Event]) -> _Shape:
    fields = [name for name in kind.__struct_fields__ if name != "trace"]
    return _Shape(
        name=_CAMEL.sub("_", kind.__name__).lower(),
        header=tuple(name for name in fields if name not in kind.PERSONAL),
        personal=tuple(sorted(kind.PERSONAL)),
    )


def kind_name(kind: type[Event]) -> str:
    """``MessageReceived`` -> ``message_received``."""
    return _shape(kind).name


def instant_text(at_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return f"{_second_text(at_ms // 1000)}.{at_ms % 1000:03d}Z"


@lru_cache(maxsize=4)
def _second_text(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%S}"


def encode(event: Event, *, at: str, chain: str, seq: int, prev: str, salt: bytes) -> tuple[bytes, str]:
    """The line with its line feed, and its hash, which is ``prev`` of the next."""
    shape = _shape(type(event))
    header: dict[str, Any] = {"v": VERSION, "at": at, "chain": chain, "seq": seq, "kind": shape.name}
    if event.trace is not None:
        header["trace"] = id_text(event.trace)
    for name in shape.header:
        header[name] = getattr(event, name)
    tail = b""
    if shape.personal:
        raw_personal = _encoder.encode({name: getattr(event, name) for name in shape.personal})
        header["ph"] = hashlib.sha256(salt + raw_personal).hexdigest()
        tail = b',"p":%b,"s":"%b"' % (raw_personal, salt.hex().encode())
    header["prev"] = prev
    raw_header = _encoder.encode(header)
    digest = hashlib.sha256(raw_header).hexdigest()
    return b'{"e":%b,"hash":"%b"%b}\n' % (raw_header, digest.encode(), tail), digest


def parse(raw_line: bytes) -> tuple[Line, Header]:
    """Line and header of the bytes; one of UNREADABLE if they are no event line."""
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
