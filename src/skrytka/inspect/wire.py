"""What goes over the sockets of inspectors: all of it bounded, typed, and checked by the side that reads it.

Front and child (SOCK_STREAM): a frame (``model.framing``) with a :class:`Request`, the message behind it unless it
comes as a sealed memory file; back, a frame of one status byte and the answer. Zygote (SOCK_SEQPACKET): one packet a
message.
"""

from typing import Annotated

import msgspec

from skrytka.protocol.mime.part import Part
from skrytka.protocol.reports.aggregate import AggregateReport
from skrytka.protocol.reports.failure import FailureTold
from skrytka.protocol.reports.tls_report import TlsReport

REQUEST_MAX_BYTES = 4 * 1024
ANSWER_MAX_BYTES = 8 * 1024 * 1024  # a frame larger than this is a hostile child's
INLINE_MAX_BYTES = 256 * 1024  # a larger message comes as a memory file (design section 4)
MESSAGE_MAX_BYTES = 128 * 1024 * 1024
TEXT_MAX_BYTES = 1024 * 1024  # search text of a body; what is behind it is not found
HEADER_TEXT_MAX_BYTES = 128 * 1024
VALUES_MAX_BYTES = 2 * 1024 * 1024  # header values and parameters of all parts together
ADDRESSES_MAX = 2_000  # of one field of an ENVELOPE
NAMES_MAX = 100
NAME_MAX = 255  # characters of an attachment's name
PREVIEW_MAX = 200  # characters
SUBJECT_MAX = 1_000  # characters
DETAIL_MAX = 200
ENCODED_MAX = 250  # parts of one job
ENCODED_MAX_BYTES = INLINE_MAX_BYTES - 64 * ENCODED_MAX  # of all parts of one job
REST_MAX_BYTES = 64 * 1024  # as protocol.mime.transfer.LINE_BYTES
VALUES_MAX = 1_000  # header values of one job
OWN_ADDRESSES_MAX = 100  # of a field of which each has to be somebody's own
REPORTS_MAX = 4  # of a message
AUTHOR_FIELDS_MAX = 4  # From fields of a message; one is right
AUTHOR_DOMAINS_MAX = 5  # of one of them; more are more than anybody asks about
AUTHOR_DOMAIN_BYTES = 512  # of what is called a domain there; a longer one is cut, and is none
FOLDED_GROWTH = 20  # folded text is longer: NFKC makes 33 octets of 3, and UTF-7 writes those 3 in 2.7

OK, FAILED, OK_AND_LAST = b"\x00", b"\x01", b"\x02"  # status; after the last two the child ends by itself

CHILD_MESSAGES_MAX = 1_000
CHILD_LIFE_S = 600.0


class Request(msgspec.Struct, frozen=True, array_like=True):
    """One job: which handler, and how many octets of message; they follow, or are in the descriptor that came along."""

    kind: str
    size: int
    is_memory: bool


AuthorDomains = Annotated[
    tuple[Annotated[bytes, msgspec.Meta(max_length=AUTHOR_DOMAIN_BYTES)], ...],
    msgspec.Meta(max_length=AUTHOR_DOMAINS_MAX),
]


class StructureAnswer(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a child found in a message. ``root`` has only the header values that BODYSTRUCTURE needs, and envelopes."""

    root: Part
    subject: Annotated[str, msgspec.Meta(max_length=SUBJECT_MAX)]
    preview: Annotated[str, msgspec.Meta(max_length=PREVIEW_MAX)]
    attachment_names: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=NAME_MAX)], ...], msgspec.Meta(max_length=NAMES_MAX)
    ]
    header_text: Annotated[bytes, msgspec.Meta(max_length=HEADER_TEXT_MAX_BYTES)]
    body_text: Annotated[bytes, msgspec.Meta(max_length=TEXT_MAX_BYTES)]
    # Of each From field the domains of its addresses, as they stand there; None: more than are looked at
    authors: Annotated[tuple[AuthorDomains | None, ...], msgspec.Meta(max_length=AUTHOR_FIELDS_MAX)] = ()


class Encoded(msgspec.Struct, frozen=True, array_like=True):
    """A body, or a piece of it behind what the one before left over, whose transfer encoding is to be undone."""

    encoding: bytes  # in lower case
    octets: bytes
    is_last: bool = True
    is_counted: bool = False  # only the length is wanted


class Undone(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What became of it."""

    octets: bytes  # b"" when they were only counted
    size: int
    rest: bytes = b""  # not decoded yet: it goes before the next piece


class Mailbox(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """An address of a header field, as it stands there without quotes and comments; nothing says that it is one."""

    local: bytes
    domain: bytes


class ReportsAnswer(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Reports of others in a message; ``problem`` says why there are none, "" when nothing looked like one."""

    dmarc: Annotated[tuple[AggregateReport, ...], msgspec.Meta(max_length=REPORTS_MAX)] = ()
    tls: Annotated[tuple[TlsReport, ...], msgspec.Meta(max_length=REPORTS_MAX)] = ()
    problem: Annotated[str, msgspec.Meta(max_length=DETAIL_MAX)] = ""
    failures: Annotated[tuple[FailureTold, ...], msgspec.Meta(max_length=REPORTS_MAX)] = ()


# -- with the zygote ----------------------------------------------------------------------------------------------


class Fork(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Front to zygote: make a child; ``number`` is the front's name for it."""

    number: int


class Join(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Owner to zygote: the descriptor with it leads to a further front."""


class Ping(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Owner to zygote: say that you live."""


class Pong(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Zygote to owner: it does."""


class Forked(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Zygote to front, with the child's socket and its pidfd."""

    number: int
    pid: int


class NotForked(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The zygote could not fork, or this front has too many children."""

    number: int


class Ended(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A child was reaped; ``status`` as ``os.waitstatus_to_exitcode`` gives it: below zero a signal."""

    number: int
    status: int


ToZygote = Fork | Join | Ping
FromZygote = Forked | NotForked | Ended | Pong
