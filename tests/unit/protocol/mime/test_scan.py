"""protocol/mime/scan.py: the tree, its offsets and its bounds."""

import email
import email.message
import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.mime.part import DEPTH_MAX, PARTS_MAX, Part
from skrytka.protocol.mime.scan import HEADER_READ_BYTES, HEADERS_READ_BYTES, scan
from tests.support.cpu import cpu_s
from tests.support.needs import vectors_dir

NESTED = (
    b"From: a@b\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\npreamble\r\n--x\r\n\r\nhello\r\n--x\r\n"
    b'Content-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Type: multipart/alternative; boundary="y"\r\n\r\n'
    b"--y\r\n\r\nA\r\n--y\r\nContent-Type: text/html\r\n\r\nB\r\n--y--\r\nepilogue\r\n--x--\r\nend\r\n"
)


MIXED = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"


def shape(part: Part) -> Any:
    """The tree as nested lists of types."""
    name = (part.type + b"/" + part.subtype).decode("latin-1")
    return [name, *(shape(child) for child in part.children)] if part.children else name


def stdlib_shape(message: email.message.Message) -> Any:
    payload = message.get_payload()
    children = (
        [stdlib_shape(child) for child in payload if isinstance(child, email.message.Message)]
        if isinstance(payload, list)
        else []
    )
    return [message.get_content_type(), *children] if children else message.get_content_type()


def body(data: bytes, part: Part) -> bytes:
    return data[part.body_start : part.body_end]


def test_nested_message_has_the_parts_that_rfc_2046_gives_it() -> None:
    tree = scan(NESTED)
    assert shape(tree) == [
        "multipart/mixed",
        "text/plain",
        ["message/rfc822", ["multipart/alternative", "text/plain", "text/html"]],
    ]
    assert body(NESTED, tree.children[0]) == b"hello"
    inner = tree.children[1].children[0]
    assert [body(NESTED, part) for part in inner.children] == [b"A", b"B"]
    assert body(NESTED, tree) == NESTED[tree.body_start :]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "text/plain"),
        (b"\r\n", "text/plain"),
        (b"no header at all", "text/plain"),
        (b"Content-Type: garbage\r\n\r\nx", "text/plain"),
        (b"Content-Type: image/png\r\nContent-Type: text/html\r\n\r\nx", "image/png"),
        (b"Content-Type: multipart/mixed\r\n\r\n--\r\nx", "multipart/mixed"),
        (b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a", ["multipart/mixed", "text/plain"]),
        (b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a--", "multipart/mixed"),
        (b"Content-Type: multipart/digest; boundary=a\r\n\r\n--a\r\n\r\nSubject: x\r\n\r\ny\r\n--a--",
         ["multipart/digest", ["message/rfc822", "text/plain"]]),
        (b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a  \t\r\n\r\nx\r\n--ab\r\ny\r\n--a--",
         ["multipart/mixed", "text/plain"]),
        (b"Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n--a\nContent-Type: text/html\n\ny\n--a--\n",
         ["multipart/mixed", "text/plain", "text/html"]),
        (b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: text/html\r\n--a\r\n\r\ny\r\n--a--",
         ["multipart/mixed", "text/html", "text/plain"]),
        (b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamU=", "message/rfc822"),
    ],
)  # fmt: skip
def test_broken_and_unusual_mail_still_gives_a_tree(data: bytes, expected: Any) -> None:
    assert shape(scan(data)) == expected


def test_an_outer_boundary_ends_inner_parts_left_open() -> None:
    data = (
        b"Content-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\n"
        b"Content-Type: multipart/mixed; boundary=in\r\n\r\n"
        b"--in\r\n\r\n1\r\n--out\r\n\r\n2\r\n--out--\r\n"
    )
    assert shape(scan(data)) == ["multipart/mixed", ["multipart/mixed", "text/plain"], "text/plain"]


def test_fields_far_behind_in_a_header_are_not_read_but_the_header_is_whole() -> None:
    data = b"Subject: x\r\n" + b"a:\r\n" * (HEADER_READ_BYTES // 4) + b"To: late@b\r\n\r\nbody"
    root = scan(data)
    assert set(root.values) == {b"subject", b"a"}
    assert data[root.body_start :] == b"body"


def test_all_headers_together_are_read_to_a_bound() -> None:
    part = b"--b\r\nContent-Type: image/png\r\nX: " + b"y" * 500_000 + b"\r\n\r\nbody\r\n"
    root = scan(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 12 + b"--b--")
    read = [child for child in root.children if child.type == b"image"]
    assert len(root.children) == 12
    assert len(read) == HEADERS_READ_BYTES // 500_000 + 1
    assert all(child.size == 4 for child in root.children)


def test_depth_and_number_of_parts_are_bounded() -> None:
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level) for level in range(500)
    )
    part, depth = scan(deep), 1
    while part.children:
        part, depth = part.children[0], depth + 1
    assert depth == DEPTH_MAX
    wide = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\na\r\n" * (PARTS_MAX * 3)
    assert len(scan(wide).children) == PARTS_MAX - 1


@pytest.mark.parametrize(
    "unit",
    [
        b"\n--",
        b"--x\r\n",
        b"--x\r\nA: b\r\n",
        b"A: b\r\n ",
        b"\r\n\r\n",
        b'Content-Type: a/b; c="',
        b"(" * 8,
        b"\n--x ",
    ],
)
def test_the_time_is_linear_for_hostile_repetition(unit: bytes) -> None:
    head = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    scan(head)
    mails = [head + unit * (size // len(unit)) for size in (500_000, 2_000_000)]
    times = [cpu_s(partial(scan, mail)) for mail in mails]
    assert times[1] < 12 * times[0] + 0.05  # four times the bytes; quadratic would be sixteen


ALPHABET = st.sampled_from(
    [
        b"--a", b"--a--", b"--b", b"\r\n", b"\n", b" ", b"x", b":", b"\0", b"\xff", b'"', b";",
        b"Content-Type: multipart/mixed; boundary=a", b"Content-Type: multipart/digest; boundary=b",
        b"Content-Type: message/rfc822",
    ]
)  # fmt: skip


@pytest.mark.parametrize("inner", [b"Subject: no blank line", b"", b"Subject: x\r\n"])
def test_a_message_cut_in_its_header_ends_no_later_than_what_it_is_in(inner: bytes) -> None:
    data = MIXED + b"--x\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--x--\r\n"
    (part,) = scan(data).children
    assert body(data, part) == inner + b"\r\n"
    assert part.body_end == part.children[0].body_end


@given(st.lists(ALPHABET, max_size=60).map(b"".join))
def test_offsets_are_ordered_and_parts_lie_inside_their_parent(data: bytes) -> None:
    def check(part: Part, start: int, end: int) -> None:
        assert start <= part.header_start <= part.body_start <= part.body_end <= end
        position = part.body_start
        for child in part.children:
            check(child, position, part.body_end)
            position = child.body_end

    check(scan(data), 0, len(data))


# 001: message/external-body holds a header only, no message (RFC 2046 5.2.3); the standard library reads one.
# 008: an encoded message/rfc822 is against RFC 2046 5.2.1 and stays closed.
KNOWN_DIFFERENCES = {"rfc/001.eml", "rfc/008.eml"}


@pytest.mark.needs_vectors("mime")
@pytest.mark.parametrize("folder", ["legacy", "rfc"])
def test_structure_agrees_with_the_standard_library_on_others_vectors(folder: str) -> None:
    files = sorted((vectors_dir() / "mime" / folder).glob("*.eml"))
    assert files
    for file in files:
        data = file.read_bytes()
        ours = json.dumps(shape(scan(data)))
        theirs = json.dumps(stdlib_shape(email.message_from_bytes(data)))
        if ours != theirs:
            assert f"{folder}/{file.name}" in KNOWN_DIFFERENCES, f"{file.name}: {ours} against {theirs}"
