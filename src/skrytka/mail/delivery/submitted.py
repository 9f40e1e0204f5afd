"""The header of a submission: what a message must have is added, what nobody else may see is taken out (RFC 6409 8).

Message-ID and Date when they are missing (RFC 6409 8.2, 8.3). Bcc, Resent-Bcc and Return-Path go: the sender's own copy
in Sent is not this one. MT-Priority is heard and goes (RFC 6758 3.3). Everything else stays octet by octet, signatures
with it.
"""

from typing import Final

import msgspec

from skrytka.mail.delivery.incoming import HeaderFilter, HeaderScan, scan_header
from skrytka.mail.delivery.priority import FIELD as PRIORITY_FIELD
from skrytka.model.clock import Clock, Random
from skrytka.model.ids import id_text, new_id
from skrytka.protocol.smtp.received import date_text

_HIDDEN: Final = frozenset({b"bcc", b"resent-bcc", b"return-path", PRIORITY_FIELD})


class SubmissionFilter(HeaderFilter):
    """A HeaderFilter that also amends."""

    def __init__(self, hostname: str, header_max: int, clock: Clock, random: Random) -> None:
        super().__init__(hostname, header_max)
        self._hostname = hostname
        self._clock = clock
        self._random = random

    def scan_whole(self, header: bytes) -> HeaderScan:
        """The header as it goes on."""
        scan = scan_header(header, self._authserv_ids, _HIDDEN)
        added = self._missing(scan)
        if not added:
            return scan
        return msgspec.structs.replace(scan_header(added + scan.raw), hidden=scan.hidden)

    def _missing(self, scan: HeaderScan) -> bytes:
        names = {name for name, _field in scan.fields}
        added = b""
        if b"message-id" not in names:
            added += f"Message-ID: <{id_text(new_id(self._clock, self._random))}@{self._hostname}>\r\n".encode()
        if b"date" not in names:
            added += f"Date: {date_text(self._clock.now_ms())}\r\n".encode()
        return added
