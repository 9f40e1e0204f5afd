"""Does a header field contain a text? Decoded, whatever the case, substring meaning (RFC 9051 6.4.4).

Inspectors read encoded words and fold; here fields are cut out of header lines, and octets compared.
"""

from collections.abc import Iterator, Sequence

from skrytka.analysis.fold import fold_query
from skrytka.inspect.errors import PoisonedMessageError
from skrytka.inspect.inspector import Inspector
from skrytka.inspect.wire import ENCODED_MAX_BYTES, VALUES_MAX
from skrytka.mail.mailbox.types import Depth, MessageRow, Rendering
from skrytka.protocol.mime import header

VALUE_START = b"\0"  # before each folded value; no needle has it


def sought(text: str) -> bytes:
    """What is looked for in the values of a field; an empty text asks for any field at all."""
    return fold_query(text).replace("\0", "").encode("utf-8", "replace") or VALUE_START


def values_of(name: bytes, inspector: Inspector) -> Rendering:
    """The folded values of a field that summaries have, each behind :data:`VALUE_START`."""

    def make(row: MessageRow) -> bytes:
        return row.summary.fields.get(name, b"") if row.summary is not None else b""

    async def refine(many: Sequence[bytes]) -> Sequence[bytes | None]:
        return await folded_values(many, inspector)

    return Rendering(key=b"values " + name, depth=Depth.ALL, make=make, refine=refine)


async def folded_values(many: Sequence[bytes], inspector: Inspector) -> list[bytes | None]:
    """Of whole fields of several messages the folded values; None: two inspectors died of that message's.

    A value is read to its first 240 KiB. TransientError(INSPECTOR_DOWN).
    """
    found: list[bytes | None] = [b"" for _ in many]
    for places, values in _jobs(many):
        for place, text in zip(places, await _folded(places, values, inspector), strict=True):
            before = found[place]
            found[place] = None if before is None or text is None else before + VALUE_START + text
    return found


def _jobs(many: Sequence[bytes]) -> Iterator[tuple[list[int], list[bytes]]]:
    """Values in order, as many as one job may have, and whose each is."""
    places: list[int] = []
    values: list[bytes] = []
    left = ENCODED_MAX_BYTES
    for place, raw_fields in enumerate(many):
        for field in header.fields(raw_fields):
            value = field.value[:ENCODED_MAX_BYTES]
            if len(value) > left or len(values) == VALUES_MAX:
                yield places, values
                places, values, left = [], [], ENCODED_MAX_BYTES
            places.append(place)
            values.append(value)
            left -= len(value)
    if values:
        yield places, values


async def _folded(places: Sequence[int], values: Sequence[bytes], inspector: Inspector) -> Sequence[bytes | None]:
    """One by one where inspectors die of them together; a message of which they do is not tried again."""
    try:
        return await inspector.fold(values)
    except PoisonedMessageError:
        if len(values) == 1:
            return [None]
    found: list[bytes | None] = []
    given_up: set[int] = set()
    for place, value in zip(places, values, strict=True):
        found += [None] if place in given_up else await _folded([place], [value], inspector)
        if found[-1] is None:
            given_up.add(place)
    return found


def named_fields(raw_header: bytes, name: bytes) -> bytes:
    """The fields of one name out of a header section."""
    return b"".join(raw_header[field.start : field.end] for field in header.fields(raw_header) if field.name == name)
