"""Messages with the structure, offsets and values that others expect: mail-parser's suite (../shared/vectors/mime).

Its offsets were taken from files with LF, so the CRs go first; that CRLF gives the same tree is a test of its own.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import pytest

from skrytka.protocol.mime.addresses import parse_addresses
from skrytka.protocol.mime.charset import decode_text, decode_transfer, decode_words
from skrytka.protocol.mime.part import Part
from skrytka.protocol.mime.scan import scan
from tests.support.needs import vectors_dir

FOLDER = vectors_dir() / "mime"
NAMES = [f"{path.parent.name}/{path.stem}" for path in sorted(FOLDER.glob("*/*.eml"))] or ["none"]
# (message, what is compared): why we see it otherwise.
DIFFERENT = {
    ("legacy/049", "offsets"): "the last line ends with CR CR LF; theirs leaves a CR out",
    ("legacy/049", "content"): "the same",
    ("rfc/000", "content"): "text that is declared to be base64: they show it as it stands, we decode what there is",
    ("rfc/001", "parameters"): "a parameter without a semicolon before it: they read two, we read one",
    ("rfc/008", "tree"): "a message/rfc822 in base64 is against RFC 2046 5.2.1: they open it, we do not",
}

pytestmark = pytest.mark.needs_vectors("mime")


class Pair(NamedTuple):
    """One entity as they and as we see it."""

    theirs: dict[str, Any]
    ours: Part


@cache
def expected(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())


@cache
def message(name: str) -> bytes:
    return (FOLDER / f"{name}.eml").read_bytes().replace(b"\r\n", b"\n")


def pairs(name: str) -> Iterator[Pair]:
    yield from _walk(expected(name), scan(message(name)), is_closed=(name == "rfc/008"))


def _walk(theirs: dict[str, Any], root: Part, *, is_closed: bool) -> Iterator[Pair]:
    parts = theirs["parts"]
    waiting = [Pair(parts[0], root)]
    while waiting:
        pair = waiting.pop(0)
        yield pair
        body = pair.theirs["body"]
        if "Multipart" in body:
            inside = [parts[number] for number in body["Multipart"]]
            waiting += [Pair(*both) for both in zip(inside, pair.ours.children, strict=True)]
        elif "Message" in body and not is_closed:
            yield from _walk(body["Message"], pair.ours.children[0], is_closed=is_closed)


def field(part: dict[str, Any], name: str, kind: str) -> Any:
    """Their value of a field; None when they have none of this kind."""
    values = [found["value"] for found in part["headers"] if found["name"] == name]
    return values[0].get(kind) if values and isinstance(values[0], dict) else None


def same_text(theirs: str, ours: str) -> bool:
    """Where they give up on an octet (U+FFFD), we may know better."""
    return re.fullmatch(".".join(re.escape(piece) for piece in theirs.split("\ufffd")), ours, re.DOTALL) is not None


def differs(name: str, what: str, *, is_so: bool) -> None:
    """What is in the table has to differ, and nothing else may."""
    assert is_so is ((name, what) in DIFFERENT)


@pytest.mark.parametrize("name", NAMES)
def test_the_tree_is_the_same_and_lies_where_they_say(name: str) -> None:
    found = list(pairs(name))
    assert any("Message" in pair.theirs["body"] for pair in found) or not any(pair.ours.is_message for pair in found)
    theirs = [tuple(pair.theirs[key] for key in ("offset_header", "offset_body", "offset_end")) for pair in found]
    ours = [(pair.ours.header_start, pair.ours.body_start, pair.ours.body_end) for pair in found]
    differs(name, "offsets", is_so=theirs != ours)
    are_closed = [pair for pair in found if "Message" in pair.theirs["body"] and not pair.ours.children]
    differs(name, "tree", is_so=bool(are_closed))


@pytest.mark.parametrize("name", NAMES)
def test_types_and_parameters_are_the_same(name: str) -> None:
    wrong = []
    for theirs, ours in pairs(name):
        content_type = field(theirs, "content_type", "ContentType")
        if content_type is None:
            continue
        assert content_type["c_type"].lower().encode() == ours.type
        assert (content_type["c_subtype"] or "").lower().encode() == ours.subtype
        for attribute in content_type["attributes"] or []:
            raw = ours.parameters.get(attribute["name"].lower().encode(), b"")
            readings = {decode_words(raw), decode_text(raw, "")}  # they decode encoded words here, but not all
            wrong += [] if any(same_text(attribute["value"], reading) for reading in readings) else [attribute]
    differs(name, "parameters", is_so=bool(wrong))


@pytest.mark.parametrize("name", NAMES)
def test_contents_are_decoded_to_the_same(name: str) -> None:
    wrong = []
    for theirs, ours in pairs(name):
        raw = decode_transfer(message(name)[ours.body_start : ours.body_end], ours.encoding)
        ((kind, value),) = theirs["body"].items()
        if kind in {"Text", "Html"}:
            charset = ours.parameters.get(b"charset", b"").decode()
            wrong += [] if same_text(value, decode_text(raw, charset)) else [ours]
        elif kind in {"Binary", "InlineBinary"}:
            wrong += [] if bytes(value) == raw else [ours]
    differs(name, "content", is_so=bool(wrong))


@pytest.mark.parametrize("name", NAMES)
def test_header_fields_are_read_the_same(name: str) -> None:
    for theirs, ours in pairs(name):
        if (subject := field(theirs, "subject", "Text")) is not None:
            assert same_text(subject, decode_words(ours.values[b"subject"]))
        for key in ("message_id", "content_id"):
            if (value := field(theirs, key, "Text")) is not None:
                assert ours.values[key.replace("_", "-").encode()] == f"<{value}>".encode()
        for key in ("from", "to"):
            if (addresses := field(theirs, key, "Address")) is not None and "List" in addresses:
                check_addresses(addresses["List"], ours.values[key.encode()])


def check_addresses(theirs: list[dict[str, str | None]], value: bytes) -> None:
    """Of words without an address, which the RFC's examples have, everybody makes what he likes."""
    ours = [(one.name or b"", (one.mailbox or b"") + b"@" + one.host) for one in parse_addresses(value) if one.host]
    wanted = [(one["name"] or "", one["address"]) for one in theirs if one["address"] and "@" in one["address"]]
    assert [address for _, address in wanted] == [address.decode() for _, address in ours]
    for (their_name, _), (name, _) in zip(wanted, ours, strict=True):
        assert same_text(their_name.partition(" (")[0], decode_words(name))  # they add the comment to the name


@pytest.mark.parametrize("name", NAMES)
def test_lines_that_end_with_crlf_give_the_same_tree(name: str) -> None:
    data = message(name)
    crlf = re.sub(rb"(?<!\r)\n", b"\r\n", data)

    def compare(one: Part, other: Part) -> None:
        assert (one.type, one.subtype, one.values, one.lines) == (other.type, other.subtype, other.values, other.lines)
        body = crlf[other.body_start : other.body_end]
        assert body.replace(b"\r\n", b"\n") == data[one.body_start : one.body_end].replace(b"\r\n", b"\n")
        for pair in zip(one.children, other.children, strict=True):
            compare(*pair)

    compare(scan(data), scan(crlf))
