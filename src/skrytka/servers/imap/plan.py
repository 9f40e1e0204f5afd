"""What a FETCH needs, found once for all its messages (RFC 9051 6.4.5)."""

from collections.abc import Callable
from typing import Final

from skrytka.mail.mailbox.types import SUMMARY_FIELDS, Depth, MessageRow, Rendering, Summary
from skrytka.protocol.imap import format as fmt
from skrytka.protocol.imap.commands.fetch import BinaryItem, BodyItem, Fetch, FetchItem, Item, Text
from skrytka.protocol.imap.dates import format_date_time
from skrytka.servers.imap import sections

Make = Callable[[MessageRow], bytes]

ROWS_BATCH: Final = 200
SUMMARIES_BATCH: Final = 100  # a header may have 256 KiB
CONTENT_BATCH: Final = 50

_FROM_ROW: dict[FetchItem, Make] = {
    FetchItem.INTERNALDATE: lambda row: b"INTERNALDATE " + format_date_time(row.received_at_ms),
    FetchItem.SIZE: lambda row: b"RFC822.SIZE %d" % row.size_bytes,
    FetchItem.SAVEDATE: lambda row: b"SAVEDATE " + format_date_time(row.saved_at_ms),
    FetchItem.EMAILID: lambda row: b"EMAILID (%b)" % fmt.email_id(row.email_id),
    FetchItem.THREADID: lambda row: b"THREADID (%b)" % fmt.thread_id(row.thread_id),
}
_FROM_SUMMARY: dict[FetchItem, Make] = {
    FetchItem.ENVELOPE: lambda row: b"ENVELOPE " + _summary(row).envelope,
    FetchItem.BODY: lambda row: b"BODY " + _summary(row).body,
    FetchItem.BODYSTRUCTURE: lambda row: b"BODYSTRUCTURE " + _summary(row).bodystructure,
}


def _summary(row: MessageRow) -> Summary:
    if row.summary is None:
        raise AssertionError("the plan asks for the summaries that it needs")
    return row.summary


def _fields(item: BodyItem) -> Make:
    """HEADER.FIELDS of the message itself, of which a summary has every one."""
    names, start = item.section.names, item.label + b" "

    def make(row: MessageRow) -> bytes:
        found = [raw for name, raw in _summary(row).fields.items() if name in names]
        return start + fmt.literal(b"".join([*found, b"\r\n"]))

    return make


def _label(item: Item) -> bytes:
    """How its answer begins: of equal labels the answers are equal, where :func:`_is_at_hand`."""
    return item.value.encode() if isinstance(item, FetchItem) else item.label


def _is_at_hand(item: Item) -> bool:
    """Whether it is made of the summary alone, and by reading it nothing changes."""
    if not isinstance(item, BodyItem):
        return False
    section = item.section
    is_of_message = not section.part and section.text is Text.FIELDS and section.names <= SUMMARY_FIELDS
    return is_of_message and item.is_peek and item.partial is None


class Plan:
    """See the module. ``rendering`` is there when all but flags is the same at every time, and so may be kept."""

    __slots__ = (
        "bodies",
        "from_row",
        "from_summary",
        "rendering",
        "sets_seen",
        "whole_label",
        "with_flags",
        "with_modseq",
        "with_uid",
    )

    def __init__(self, command: Fetch, *, has_condstore: bool) -> None:
        items = command.items
        self.with_modseq = FetchItem.MODSEQ in items or (has_condstore and FetchItem.FLAGS in items)
        self.with_uid = FetchItem.UID in items
        self.with_flags = FetchItem.FLAGS in items
        simple = [item for item in items if isinstance(item, FetchItem)]
        self.from_row = [_FROM_ROW[item] for item in simple if item in _FROM_ROW]
        self.from_summary = [_FROM_SUMMARY[item] for item in simple if item in _FROM_SUMMARY]
        self.bodies = [item for item in items if isinstance(item, BodyItem | BinaryItem)]
        self.whole_label = self._whole_label()
        self.sets_seen = any(not item.is_peek for item in self.bodies)
        self.rendering = self._rendering(items)

    def _rendering(self, items: tuple[Item, ...]) -> Rendering | None:
        if self.is_flags_only or not all(map(_is_at_hand, self.bodies)):
            return None
        makers = [*self.from_row, *self.from_summary]
        makers += [_fields(item) for item in self.bodies if isinstance(item, BodyItem)]
        depth = Depth.ALL if self.bodies else Depth.HEAD if self.from_summary else Depth.NOTHING
        kept = [_label(item) for item in items if not isinstance(item, FetchItem) or item in _FROM_ROW | _FROM_SUMMARY]
        (first, *others) = makers
        return Rendering(key=b" ".join(kept), depth=depth, make=_joined(makers) if others else first)

    def _whole_label(self) -> bytes:
        """Of the one item that asks for all octets, if there is no other."""
        (item, *others) = self.bodies or (None,)
        is_whole = isinstance(item, BodyItem) and item.section == sections.WHOLE and item.partial is None
        return item.label if item is not None and is_whole and not others else b""

    @property
    def reads_content(self) -> bool:
        """Whether octets of every message will be asked for, whatever its structure."""
        return self.has_binary or any(
            isinstance(item, BodyItem) and item.section == sections.WHOLE for item in self.bodies
        )

    @property
    def has_binary(self) -> bool:
        """Whether transfer encodings have to be undone."""
        return any(isinstance(item, BinaryItem) for item in self.bodies)

    @property
    def is_flags_only(self) -> bool:
        """Nothing but what the session has in memory."""
        return not (self.from_row or self.from_summary or self.bodies)

    @property
    def needs_summary(self) -> bool:
        if self.from_summary:
            return True
        return any(isinstance(item, BinaryItem) or item.section != sections.WHOLE for item in self.bodies)

    @property
    def batch(self) -> int:
        if self.rendering is None:
            return CONTENT_BATCH
        return ROWS_BATCH if self.rendering.depth is Depth.NOTHING else SUMMARIES_BATCH


def _joined(makers: list[Make]) -> Make:
    return lambda row: b" ".join([make(row) for make in makers])
