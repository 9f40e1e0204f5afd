"""A scanned message as IMAP writes it: ENVELOPE and BODYSTRUCTURE (RFC 9051 7.5.2), made once at delivery.

8-bit bytes and long strings go out as literals, which every client of rev1 and rev2 reads.
"""

import re
from typing import NamedTuple

from skrytka.protocol.mime.envelope import Addresses, Envelope, RawAddress
from skrytka.protocol.mime.part import Part

_QUOTED_MAX = 1000
_is_plain = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\x21\x23-\x5b\x5d-\x7f]{0,%d}" % _QUOTED_MAX).fullmatch
_is_quotable = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\x7f]{0,%d}" % _QUOTED_MAX).fullmatch
_NEEDS_ESCAPE = re.compile(rb'(["\\])')
NIL = b"NIL"
EMPTY_BODY = b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0)'  # stands for a multipart without parts
EMPTY_BODYSTRUCTURE = b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL)'
EMPTY_ENVELOPE = b"(" + b" ".join([NIL] * 10) + b")"


def string(value: bytes) -> bytes:
    """RFC 9051 9, ``string``: quoted where it may be, else a literal (NUL goes, it has no form)."""
    if _is_plain(value):  # nearly all
        return b'"' + value + b'"'
    if _is_quotable(value):
        return b'"' + _NEEDS_ESCAPE.sub(rb"\\\1", value) + b'"'
    value = value.replace(b"\0", b"")
    return b"{%d}\r\n%b" % (len(value), value)


def nstring(value: bytes | None) -> bytes:
    """A string or NIL."""
    return NIL if value is None else string(value)


def write_envelope(found: Envelope) -> bytes:
    """RFC 9051 7.5.2 ENVELOPE."""
    from_list = _address_list(found.from_)
    parts = [
        nstring(found.date),
        nstring(found.subject),
        from_list,
        from_list if found.sender == found.from_ else _address_list(found.sender),
        from_list if found.reply_to == found.from_ else _address_list(found.reply_to),
        _address_list(found.to),
        _address_list(found.cc),
        _address_list(found.bcc),
        nstring(found.in_reply_to),
        nstring(found.message_id),
    ]
    return b"(" + b" ".join(parts) + b")"


def _address_list(found: Addresses) -> bytes:
    return b"(" + b"".join([_address(address) for address in found]) + b")" if found else NIL


def _address(address: RawAddress) -> bytes:
    name, route, mailbox, host = address.name, address.route, address.mailbox, address.host
    return b"(%b %b %b %b)" % (nstring(name), nstring(route), nstring(mailbox), nstring(host))


class Bodies(NamedTuple):
    """One part and all below it, as two FETCH items show it."""

    body: bytes  # BODY: without extension data
    bodystructure: bytes


_EMPTY = Bodies(EMPTY_BODY, EMPTY_BODYSTRUCTURE)


def bodies(part: Part) -> Bodies:
    """Both at once, since they begin alike; depth is bounded by the scan."""
    if part.is_multipart:
        return _multipart(part)
    fields = _basic_fields(part)
    extension = b" ".join([nstring(part.values.get(b"content-md5")), *_extension(part)])
    if part.type == b"message" and part.subtype in {b"rfc822", b"global"}:
        inner = part.children[0] if part.children else None
        envelope_text = _envelope_of(inner) if inner else EMPTY_ENVELOPE
        below = bodies(inner) if inner else _EMPTY
        start = b"(%b %b " % (fields, envelope_text)
        return Bodies(
            b"%b%b %d)" % (start, below.body, part.lines),
            b"%b%b %d %b)" % (start, below.bodystructure, part.lines, extension),
        )
    if part.type == b"text":
        fields = b"%b %d" % (fields, part.lines)
    return Bodies(b"(" + fields + b")", b"(%b %b)" % (fields, extension))


def _basic_fields(part: Part) -> bytes:
    """RFC 9051 7.5.2: type, subtype, parameters, id, description, encoding, size."""
    pieces = [
        string(part.type),
        string(part.subtype),
        _parameters(part.parameters or _default_parameters(part)),
        nstring(part.values.get(b"content-id")),
        nstring(part.values.get(b"content-description")),
        string(part.encoding),
        b"%d" % part.size,
    ]
    return b" ".join(pieces)


def _envelope_of(message: Part) -> bytes:
    return EMPTY_ENVELOPE if message.envelope is None else write_envelope(message.envelope)


def _multipart(part: Part) -> Bodies:
    children = [bodies(child) for child in part.children] or [_EMPTY]
    subtype = string(part.subtype)
    extension = b" ".join([_parameters(part.parameters), *_extension(part)])
    return Bodies(
        b"(%b %b)" % (b"".join([child.body for child in children]), subtype),
        b"(%b %b %b)" % (b"".join([child.bodystructure for child in children]), subtype, extension),
    )


def _default_parameters(part: Part) -> dict[bytes, bytes]:
    """RFC 2045 5.2: text without a type is us-ascii."""
    return {b"charset": b"us-ascii"} if part.type == b"text" and b"content-type" not in part.values else {}


def _extension(part: Part) -> list[bytes]:
    disposition = NIL
    if part.disposition.value:
        disposition = b"(%b %b)" % (string(part.disposition.value), _parameters(part.disposition.parameters))
    languages = [tag.strip() for tag in part.values.get(b"content-language", b"").split(b",") if tag.strip()]
    language = b"(" + b" ".join(string(tag) for tag in languages) + b")" if languages else NIL
    return [disposition, language, nstring(part.values.get(b"content-location"))]


def _parameters(parameters: dict[bytes, bytes]) -> bytes:
    if not parameters:
        return NIL
    return b"(" + b" ".join([string(word) for pair in parameters.items() for word in pair]) + b")"
