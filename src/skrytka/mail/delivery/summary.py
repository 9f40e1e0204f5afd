"""The summary of a message, made from its bytes at delivery.

A message of up to 256 KiB is at hand. A larger one is read back from its spool file and scanned in a thread, one at a
time per process: decryption releases the GIL, the scan itself does not but is a few searches by C code, about 1 ms a
megabyte. The inspector (design section 4) takes this over.
"""

import asyncio
import os
from collections.abc import Iterator

import msgspec

from skrytka.mail.delivery.fields import sent_at_ms, subject_base
from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.mail.mailbox.types import SUMMARY_FIELDS
from skrytka.model.errors import Reason, TransientError
from skrytka.protocol.mime import imap_text
from skrytka.protocol.mime.part import Part as MimePart
from skrytka.protocol.mime.scan import scan
from skrytka.protocol.mime.sections import Section, sections
from skrytka.store.seal.blob import BlobReader, SealedBlob
from skrytka.store.seal.summary import Summary, encode_summary


class SharedSummary:
    """One summary for all recipients: only the offsets differ, by the length of each one's prefix."""

    def __init__(self, summary: Summary) -> None:
        self._summary = summary
        self._encoded: dict[int, bytes] = {}

    def behind(self, prefix_bytes: int) -> bytes:
        """The plain form, for a copy with so many octets before the message."""
        encoded = self._encoded.get(prefix_bytes)
        if encoded is None:
            encoded = self._encoded[prefix_bytes] = encode_summary(_shift(self._summary, prefix_bytes))
        return encoded


def summarize(content: bytes, found: HeaderScan, sha256: bytes) -> Summary:
    """Everything that FETCH, SORT and THREAD ask for; any input has a summary."""
    root = scan(content)
    values = root.values
    return Summary(
        header_bytes=root.body_start,
        envelope=imap_text.envelope(values),
        body=imap_text.body(root, is_extensible=False),
        bodystructure=imap_text.body(root, is_extensible=True),
        parts=tuple(sections(root)),
        message_id=(found.message_id or b"").decode("utf-8", "replace")[1:-1],
        sha256=sha256,
        subject_base=subject_base(values.get(b"subject", b"")),
        sent_at_ms=sent_at_ms(values.get(b"date", b"")),
        fields=_fields(found),
        has_attachment=_has_attachment(root),
    )


async def read_back(blob: SealedBlob, turn: asyncio.Semaphore, found: HeaderScan) -> Summary:
    """The summary of a spooled message. TransientError when its file cannot be read."""
    async with turn:
        return await asyncio.to_thread(_summarize_spooled, blob, found)


def _summarize_spooled(blob: SealedBlob, found: HeaderScan) -> Summary:
    try:
        fd = os.open(blob.spool_path or "", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as exc:
        raise TransientError(Reason.STORE_DOWN, f"spool file: {exc.strerror}") from exc
    try:
        content = BlobReader(fd, blob.blob_id, blob.key).read_all()
    finally:
        os.close(fd)
    return summarize(content, found, blob.sha256)


def _walk(part: MimePart) -> Iterator[MimePart]:
    yield part
    for child in part.children:
        yield from _walk(child)


def _fields(found: HeaderScan) -> dict[bytes, bytes]:
    chosen: dict[bytes, bytes] = {}
    for name, raw in found.fields:
        if name in SUMMARY_FIELDS:
            chosen[name] = chosen.get(name, b"") + raw
    return chosen


def _has_attachment(root: MimePart) -> bool:
    return any(part.disposition.value == b"attachment" for part in _walk(root))


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
