"""The header section of a message on its way in: found, counted, and cleared of results that claim to be ours.

Bytes pass unchanged but for whole ``Authentication-Results`` fields with our authserv-id (RFC 8601 5). The header is
held back until its end is seen, so the filter's memory is bounded by ``header_max``; the body is never looked at.
"""

import re
import unicodedata
from functools import lru_cache

import idna
import msgspec

from skrytka.model.address import AddressError, Domain
from skrytka.model.errors import PermanentError, Reason

_END = b"\r\n\r\n"
_MSG_ID = re.compile(rb"<[^<>\s]{1,996}>")
_TOKEN = re.compile(rb'[^\x00-\x20()<>@,;:\\"/\[\]?=\x7f]+')  # RFC 2045 5.1, and 8-bit for RFC 8616 5
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
REFERENCES_MAX = 100  # thread keys kept of one message; the newest ones stand last (RFC 5322 3.6.4)
REFERENCES_MAX_BYTES = 16 * 1024  # of a field that is looked at, its end: a header full of ids takes 40 ms


class HeaderScan(msgspec.Struct, frozen=True):
    """What a front knows of a header without parsing it."""

    raw: bytes  # as stored: filtered, with the empty line when there is one
    fields: tuple[tuple[bytes, bytes], ...] = ()  # (name in lower case, the whole field with folds and line end)
    received_count: int = 0
    removed_results: int = 0  # Authentication-Results that claimed to be ours
    has_bare_newline: bool = False  # only a BINARYMIME message can get here with one
    hidden: tuple[tuple[bytes, bytes], ...] = ()  # as ``fields``: what was taken out because nobody is to see it
    unfiltered: tuple[tuple[bytes, bytes], ...] | None = None  # where some were taken out: as ``fields``, with them
    _firsts: dict[bytes, bytes] = msgspec.field(default_factory=dict)  # name -> the first such field

    def __post_init__(self) -> None:
        self._firsts.update(reversed(self.fields))  # once: a header may have 50,000 fields, each look 2 ms

    @property
    def came(self) -> tuple[tuple[bytes, bytes], ...]:
        """The fields as they came: what a signature may be of."""
        return self.fields if self.unfiltered is None else self.unfiltered

    def first(self, name: bytes) -> bytes | None:
        """The value of the first field of this name, as it stands, line end included."""
        raw = self._firsts.get(name)
        return None if raw is None else raw[raw.index(b":") + 1 :]

    @property
    def begins_folded(self) -> bool:
        """Whether its first line would be taken for the end of the field of ours that comes before it."""
        return self.raw[:1] in {b" ", b"\t"}

    @property
    def message_id(self) -> bytes | None:
        """``<...>`` of Message-ID, None when there is none to speak of."""
        match = _MSG_ID.search(self.first(b"message-id") or b"")
        return match[0] if match else None

    @property
    def references(self) -> tuple[bytes, ...]:
        """Ids of References and In-Reply-To, each once, in order, the last ``REFERENCES_MAX`` (RFC 5322 3.6.4)."""
        ends = [(self.first(name) or b"")[-REFERENCES_MAX_BYTES:] for name in (b"references", b"in-reply-to")]
        return tuple(dict.fromkeys(_MSG_ID.findall(b" ".join(ends))))[-REFERENCES_MAX:]

    @property
    def subject(self) -> bytes:
        """Raw value of Subject, unfolded and stripped; empty when absent."""
        return (self.first(b"subject") or b"").replace(b"\r\n", b"").strip()

    @property
    def date(self) -> bytes:
        """Raw value of Date, unfolded and stripped; empty when absent."""
        return (self.first(b"date") or b"").replace(b"\r\n", b"").strip()


class HeaderFilter:
    """Bytes of a message in, the same bytes out, the header filtered; then :attr:`scan` is set."""

    def __init__(self, authserv_id: str, header_max: int) -> None:
        self._authserv_ids = _names_of(authserv_id)
        self._header_max = header_max
        self._held = bytearray()
        self.scan: HeaderScan | None = None

    @property
    def held_bytes(self) -> int:
        """Of a header that is not whole."""
        return len(self._held)

    def feed(self, data: bytes) -> bytes:
        """What may go on now; PermanentError(TOO_LARGE) when the header passes its limit."""
        if self.scan is not None:
            return data
        held = self._held
        seen = max(0, len(held) - len(_END) + 1)
        held += data
        if held[:2] == b"\r\n":
            end = 2
        else:
            end = held.find(_END, seen)
            end = end + len(_END) if end >= 0 else 0
        if (end or len(held)) > self._header_max:
            raise PermanentError(Reason.TOO_LARGE, f"header over {self._header_max} bytes")
        if not end:
            return b""
        self.scan = self.scan_whole(bytes(held[:end]))
        rest = self.scan.raw + held[end:]
        self._held = bytearray()
        return rest

    def scan_whole(self, header: bytes) -> HeaderScan:
        """The whole header section, filtered; a service that changes more overrides it."""
        return scan_header(header, self._authserv_ids)

    def give_up(self) -> bytes:
        """After a bug of ours: what was held back goes on as it came, and nothing is known of the header."""
        self.scan = HeaderScan(b"")
        held, self._held = bytes(self._held), bytearray()
        return held

    def finish(self) -> bytes:
        """The end of the message: what was held back, when it had no empty line."""
        if self.scan is not None:
            return b""
        self.scan = self.scan_whole(bytes(self._held))
        self._held = bytearray()
        return self.scan.raw


def rescan(content: bytes) -> HeaderScan:
    """The header of a message that was filtered when it came in."""
    if content.startswith(b"\r\n"):
        return scan_header(content[:2])
    end = content.find(_END)
    return scan_header(content[: end + len(_END)] if end >= 0 else content)


def scan_header(
    header: bytes, authserv_ids: frozenset[str] = frozenset(), hidden: frozenset[bytes] = frozenset()
) -> HeaderScan:
    """Split a whole header section into fields; leave out results of ``authserv_ids`` (canonical) and hidden names."""
    kept: list[bytes] = []
    came: list[tuple[bytes, bytes]] = []
    fields: list[tuple[bytes, bytes]] = []
    dropped: list[tuple[bytes, bytes]] = []
    received = removed = 0
    for field in _split(header):
        raw_name, colon, value = field.partition(b":")
        name = raw_name.rstrip(b" \t").lower() if colon else b""
        if name:
            came.append((name, field))
        if name == b"authentication-results" and authserv_ids and _claims(value, authserv_ids):
            removed += 1
            continue
        if name in hidden:
            dropped.append((name, field))
            continue
        received += name == b"received"
        kept.append(field)
        if name:
            fields.append((name, field))
    raw = b"".join(kept) if removed or dropped else header
    everything = tuple(came) if removed or dropped else None
    return HeaderScan(raw, tuple(fields), received, removed, _has_bare_newline(raw), tuple(dropped), everything)


def _has_bare_newline(raw: bytes) -> bool:
    pairs = raw.count(b"\r\n")
    return raw.count(b"\n") != pairs or raw.count(b"\r") != pairs


def _split(header: bytes) -> list[bytes]:
    """Fields with their continuation lines and CRLFs; joined they are the header again (RFC 5322 2.2.3)."""
    fields: list[bytes] = []
    folded: list[bytes] = []
    for line in header.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and folded:
            folded.append(line)
            continue
        if folded:
            fields.append(b"\r\n".join(folded) + b"\r\n")
        folded = [line]
    last = b"\r\n".join(folded)
    if last:
        fields.append(last)
    return fields


def _claims(value: bytes, authserv_ids: frozenset[str]) -> bool:
    """Whether the results say they are ours, or are so malformed that a lenient reader could think so."""
    start = skip_cfws(value)
    if quoted := _QUOTED.match(value, start):
        found = re.sub(rb"\\(.)", rb"\1", quoted[1].replace(b"\r\n", b""), flags=re.DOTALL)
    elif token := _TOKEN.match(value, start):
        found = token[0]
    else:
        return True
    return _canonical(found.strip()) in authserv_ids


def skip_cfws(value: bytes, start: int = 0) -> int:
    """Index behind white space, folds and comments, nested ones too (RFC 5322 3.2.2); the end if one stays open."""
    depth, index = 0, start
    while index < len(value):
        char = value[index : index + 1]
        if char == b"(":
            depth += 1
        elif depth and char == b")":
            depth -= 1
        elif depth and char == b"\\":
            index += 1
        elif not depth and char not in b" \t\r\n":
            break
        index += 1
    return index


@lru_cache(maxsize=16)  # for each message; idna takes 60 µs
def _names_of(authserv_id: str) -> frozenset[str]:
    """Ours in all its spellings, canonical: A-labels and U-labels (RFC 8616 5)."""
    try:
        name = Domain.parse(authserv_id).name
        return frozenset({name, _canonical(idna.decode(name).encode())})
    except (AddressError, idna.IDNAError):
        return frozenset({_canonical(authserv_id.encode())})


def _canonical(raw_id: bytes) -> str:
    """An authserv-id for comparison: what a reader of any leniency could take for ours becomes the same.

    Not IDNA, which takes a millisecond a name: a header has room for thousands.
    """
    text = raw_id.decode("utf-8", "replace")
    if not text.isascii():
        folded = unicodedata.normalize("NFKC", text).replace("\u3002", ".").casefold()
        text = "".join(char for char in folded if unicodedata.category(char) != "Cf")
    return text.strip().rstrip(".").lower()
