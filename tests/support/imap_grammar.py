"""What a server may say: the grammar of RFC 9051 9 and RFC 3501 9 with the extensions that are offered, read strictly.

:func:`check` takes all that a session said and raises AssertionError at the first octet that no rule has. It knows
nothing of what was asked.
"""

import re
from collections.abc import Callable

ATOM = rb'[^(){ \x00-\x1f\x7f-\xff%*"\\\]]+'
ASTRING = rb'[^(){ \x00-\x1f\x7f-\xff%*"\\]+'
QUOTED = rb'"(?:[\x01-\x09\x0b\x0c\x0e-\x21\x23-\x5b\x5d-\xff]|\\["\\])*"'
NUMBER = rb"(?:0|[1-9]\d{0,18})"
NZ_NUMBER = rb"[1-9]\d{0,18}"
FLAG = rb"\\?" + ATOM
SET = rb"%b(?::%b)?(?:,%b(?::%b)?)*" % ((NZ_NUMBER,) * 4)
DATE_TIME = rb'"[ 0-3]\d-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-\d{4} \d\d:\d\d:\d\d [+-]\d{4}"'
PART = rb"%b(?:\.%b)*" % (NZ_NUMBER, NZ_NUMBER)
CODES = re.compile(
    rb"|".join(
        [
            rb"ALERT|PARSE|READ-ONLY|READ-WRITE|TRYCREATE|UNAVAILABLE|AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|EXPIRED",
            rb"PRIVACYREQUIRED|NOPERM|EXPUNGEISSUED|CORRUPTION|SERVERBUG|CLIENTBUG|CANNOT|LIMIT|OVERQUOTA|ALREADYEXISTS",
            rb"NONEXISTENT|NOTSAVED|HASCHILDREN|CLOSED|UNKNOWN-CTE|TOOBIG|USEATTR",
            rb"BADCHARSET(?: \(%b(?: %b)*\))?" % (ATOM, ATOM),
            rb"CAPABILITY(?: %b)+" % ATOM,
            rb"PERMANENTFLAGS \((?:(?:%b|\\\*)(?: (?:%b|\\\*))*)?\)" % (FLAG, FLAG),
            rb"(?:UIDNEXT|UIDVALIDITY|UNSEEN|HIGHESTMODSEQ) " + NZ_NUMBER,
            rb"APPENDUID %b %b" % (NZ_NUMBER, NZ_NUMBER),
            rb"COPYUID %b %b %b" % (NZ_NUMBER, SET, SET),
            rb"MODIFIED " + SET,
            rb"MAILBOXID \([A-Za-z0-9_-]{1,255}\)",
        ]
    )
    + rb"(?=\])"
)


class Reader:
    """A place in what was said."""

    def __init__(self, data: bytes, *, is_utf8: bool = True) -> None:
        self.data = data
        self.at = 0
        self.is_utf8 = is_utf8  # after ENABLE: UTF-8 may stand in quotes

    def fail(self, what: str) -> AssertionError:
        return AssertionError(f"{what} at {self.at}: {self.data[max(0, self.at - 60) : self.at + 60]!r}")

    def take(self, pattern: bytes, what: str = "") -> bytes:
        match = re.compile(pattern).match(self.data, self.at)
        if match is None:
            raise self.fail(what or repr(pattern))
        self.at = match.end()
        return match[0]

    def skip(self, octets: bytes) -> bool:
        if not self.data.startswith(octets, self.at):
            return False
        self.at += len(octets)
        return True

    def string(self) -> bytes:
        if self.skip(b"{"):
            size = int(self.take(NUMBER))
            self.take(rb"\}\r\n")
            value = self.data[self.at : self.at + size]
            if len(value) < size or b"\0" in value:
                raise self.fail("literal")
            self.at += size
            return value
        value = self.take(QUOTED, "string")
        if not value.isascii():
            if not self.is_utf8:
                raise self.fail("quoted string of 8 bits")
            value.decode()
        return value[1:-1]

    def nstring(self) -> bytes | None:
        return None if self.skip(b"NIL") else self.string()

    def mailbox(self) -> None:
        if self.data[self.at : self.at + 1] in {b'"', b"{"}:
            self.string()
        else:
            self.take(ASTRING, "mailbox")

    def items(self, item: Callable[[], object], *, between: bytes = b" ", least: int = 0) -> None:
        """A parenthesized list."""
        self.take(rb"\(", "list")
        count = 0
        while not self.skip(b")"):
            if count and between:
                self.take(re.escape(between), "separator")
            item()
            count += 1
        if count < least:
            raise self.fail("empty list")


def check(data: bytes, *, is_utf8: bool = True) -> None:
    """All of it is whole responses."""
    reader = Reader(data, is_utf8=is_utf8)
    while reader.at < len(data):
        if reader.skip(b"* "):
            _untagged(reader)
        elif reader.skip(b"+ "):
            reader.take(rb"[^\r\n\x00]*")
        else:
            reader.take(rb'[^(){ \x00-\x1f\x7f-\xff%*"\\+]+ (?:OK|NO|BAD) ', "tagged response")
            _text(reader)
        reader.take(rb"\r\n", "end of response")


def check_session(data: bytes) -> None:
    """As :func:`check`; UTF-8 may be quoted from where the client has enabled it."""
    enabled = re.search(rb"\r\n\* ENABLED[^\r]* (?:IMAP4rev2|UTF8=ACCEPT)", data)
    cut = enabled.start() + 2 if enabled else len(data)
    check(data[:cut], is_utf8=False)
    check(data[cut:])


def _text(reader: Reader) -> None:
    if reader.skip(b"["):
        code = CODES.match(reader.data, reader.at)
        if code is None:
            raise reader.fail("response code")
        reader.at = code.end()
        reader.take(rb"\] ")
    reader.take(rb"[^\x00\r\n]*" if reader.is_utf8 else rb"[\x01-\x09\x0b\x0c\x0e-\x7f]*")


def _untagged(reader: Reader) -> None:
    if re.compile(rb"\d").match(reader.data, reader.at):
        reader.take(NUMBER + b" ")
        word = reader.take(rb"EXISTS|RECENT|EXPUNGE|FETCH ")
        if word == b"FETCH ":
            reader.items(lambda: _attribute(reader), least=1)
        return
    word = reader.take(rb"[A-Z]+", "response")
    if word in {b"OK", b"NO", b"BAD", b"BYE"}:
        reader.take(b" ")
        _text(reader)
    else:
        DATA[word](reader)


def _listed(reader: Reader) -> None:
    reader.take(rb" ")
    reader.items(lambda: reader.take(rb"\\" + ATOM))
    reader.take(rb' (?:"[^"\\]"|"\\\\"|NIL) ')
    reader.mailbox()
    if reader.skip(b" "):
        reader.items(lambda: _extended(reader), least=1)


def _extended(reader: Reader) -> None:
    reader.string()
    reader.take(b" ")
    reader.items(reader.string, least=1)


def _status(reader: Reader) -> None:
    reader.take(b" ")
    reader.mailbox()
    reader.take(b" ")
    item = (
        rb"(?:MESSAGES|UIDNEXT|UIDVALIDITY|UNSEEN|DELETED|SIZE|RECENT|HIGHESTMODSEQ) %b|MAILBOXID \([\w-]+\)" % NUMBER
    )
    reader.items(lambda: reader.take(item), least=1)


def _identity(reader: Reader) -> None:
    reader.take(b" ")
    reader.items(lambda: (reader.string(), reader.take(b" "), reader.nstring()))


ESEARCH = rb'(?: \(TAG %b\))?(?: UID)?(?: MIN %b)?(?: MAX %b)?(?: ALL %b)?(?: COUNT %b)?(?: MODSEQ %b)?' % (
    QUOTED, NZ_NUMBER, NZ_NUMBER, SET, NUMBER, NZ_NUMBER,
)  # fmt: skip
DATA: dict[bytes, Callable[[Reader], object]] = {
    b"CAPABILITY": lambda reader: reader.take(rb"(?: %b)+" % ATOM),
    b"ENABLED": lambda reader: reader.take(rb"(?: %b)*" % ATOM),
    b"FLAGS": lambda reader: reader.take(rb" \((?:%b(?: %b)*)?\)" % (FLAG, FLAG)),
    b"LIST": _listed,
    b"LSUB": _listed,
    b"STATUS": _status,
    b"SEARCH": lambda reader: reader.take(rb"(?: %b)*(?: \(MODSEQ %b\))?" % (NZ_NUMBER, NZ_NUMBER)),
    b"ESEARCH": lambda reader: reader.take(ESEARCH),
    b"NAMESPACE": lambda reader: reader.take(rb' \(\("" "/"\)\) (?:NIL|\(\("Other Users/" "/"\)\)) NIL'),
    b"ID": _identity,
}


def _flags(reader: Reader) -> None:
    reader.items(lambda: reader.take(FLAG))


ATTRIBUTES: dict[bytes, Callable[[Reader], object]] = {
    b"BODY": lambda reader: body(reader, is_extensible=False),
    b"BODYSTRUCTURE": lambda reader: body(reader, is_extensible=True),
    b"FLAGS": _flags,
    b"RFC822": Reader.nstring,
    b"RFC822.HEADER": Reader.nstring,
    b"RFC822.TEXT": Reader.nstring,
    b"INTERNALDATE": lambda reader: reader.take(DATE_TIME),
    b"SAVEDATE": lambda reader: reader.take(DATE_TIME + b"|NIL"),
    b"UID": lambda reader: reader.take(NZ_NUMBER),
    b"RFC822.SIZE": lambda reader: reader.take(NUMBER),
    b"MODSEQ": lambda reader: reader.take(rb"\(%b\)" % NZ_NUMBER),
    b"EMAILID": lambda reader: reader.take(rb"\([A-Za-z0-9_-]{1,255}\)"),
    b"THREADID": lambda reader: reader.take(rb"\([A-Za-z0-9_-]{1,255}\)|NIL"),
}


def _attribute(reader: Reader) -> None:
    name = reader.take(rb"[A-Z0-9.]+", "attribute")
    if name in {b"BODY", b"BINARY", b"BINARY.SIZE"} and reader.skip(b"["):
        _section(reader, name)
        return
    reader.take(b" ")
    if name not in ATTRIBUTES:
        raise reader.fail("attribute")
    ATTRIBUTES[name](reader)


def _section(reader: Reader, name: bytes) -> None:
    if name == b"BODY":
        reader.take(rb"(?:%b(?:\.(?=[HTM]))?)?(?:HEADER(?:\.FIELDS(?:\.NOT)?)?|TEXT|MIME)?" % PART)
        if reader.skip(b" "):
            reader.items(reader.mailbox, least=1)
    else:
        reader.take(rb"(?:%b)?" % PART)
    reader.take(rb"\](?:<%b>)? " % NUMBER)
    if name == b"BINARY.SIZE":
        reader.take(NUMBER)
    elif name == b"BINARY" and reader.skip(b"~{"):
        size = int(reader.take(NUMBER))
        reader.take(rb"\}\r\n")
        reader.at += size
    else:
        reader.nstring()


def _addresses(reader: Reader) -> None:
    if not reader.skip(b"NIL"):
        reader.items(lambda: _fields(reader, reader.nstring, 4), between=b"", least=1)


def _fields(reader: Reader, item: Callable[[], object], count: int) -> None:
    reader.take(rb"\(")
    for number in range(count):
        reader.take(b" " if number else b"")
        item()
    reader.take(rb"\)")


def envelope(reader: Reader) -> None:
    """RFC 9051 9, ``envelope``."""
    reader.take(rb"\(")
    for number in range(10):
        reader.take(b" " if number else b"")
        if number in range(2, 8):
            _addresses(reader)
        else:
            reader.nstring()
    reader.take(rb"\)", "end of envelope")


ATTRIBUTES[b"ENVELOPE"] = envelope


def _parameters(reader: Reader) -> None:
    if not reader.skip(b"NIL"):
        reader.items(lambda: (reader.string(), reader.take(b" "), reader.string()), least=1)


def _disposition_on(reader: Reader) -> None:
    reader.take(b" ")
    if not reader.skip(b"NIL"):
        reader.take(rb"\(")
        reader.string()
        reader.take(b" ")
        _parameters(reader)
        reader.take(rb"\)")
    reader.take(b" ")
    if reader.data[reader.at : reader.at + 1] == b"(":
        reader.items(reader.string, least=1)
    else:
        reader.nstring()
    reader.take(b" ")
    reader.nstring()


def body(reader: Reader, *, is_extensible: bool) -> None:
    """RFC 9051 9, ``body``: with all its extension data, or none of it."""
    reader.take(rb"\(", "body")
    if reader.data[reader.at : reader.at + 1] == b"(":
        while not reader.skip(b" "):
            body(reader, is_extensible=is_extensible)
        reader.string()
        if is_extensible:
            reader.take(b" ")
            _parameters(reader)
            _disposition_on(reader)
    else:
        _single(reader, is_extensible=is_extensible)
    reader.take(rb"\)", "end of body")


def _single(reader: Reader, *, is_extensible: bool) -> None:
    kind = reader.string().lower()
    reader.take(b" ")
    subtype = reader.string().lower()
    reader.take(b" ")
    _parameters(reader)
    for item in (reader.nstring, reader.nstring, reader.string):
        reader.take(b" ")
        item()
    reader.take(b" " + NUMBER)
    if kind == b"message" and subtype in {b"rfc822", b"global"}:
        reader.take(b" ")
        envelope(reader)
        reader.take(b" ")
        body(reader, is_extensible=is_extensible)
        reader.take(b" " + NUMBER)
    elif kind == b"text":
        reader.take(b" " + NUMBER)
    if is_extensible:
        reader.take(b" ")
        reader.nstring()
        _disposition_on(reader)
