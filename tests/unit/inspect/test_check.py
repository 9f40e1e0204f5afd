"""inspect/check.py: an answer of ours passes, and whatever a hostile child changes in it does not."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.inspect import jobs, wire
from skrytka.inspect.check import folded_of, mailboxes_of, seven_bit_of, structure_of, undone_of
from skrytka.inspect.errors import HostileAnswerError
from skrytka.inspect.wire import Encoded, Mailbox, StructureAnswer, Undone
from skrytka.protocol.mime import imap_text
from skrytka.protocol.mime.part import Part
from skrytka.protocol.mime.sections import sections
from tests.support.mime import envelope_of, read

MESSAGE = (
    b"From: Anna <anna@example.org>\r\nSubject: =?utf-8?q?=C5=BC?=\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\nContent-ID: <1@x>\r\nContent-Language: pl, en\r\n\r\nhello\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: Piotr <p@example.org>\r\nSubject: inner\r\n\r\ninside\r\n"
    b"--b\r\nContent-Type: image/png; name=p.png\r\nContent-Disposition: attachment; filename=p.png\r\n\r\nAAAA\r\n"
    b"--b--\r\n"
)


def answer() -> StructureAnswer:
    return msgspec.msgpack.decode(jobs.structure(MESSAGE), type=StructureAnswer)


def check(changed: StructureAnswer) -> None:
    structure_of(msgspec.msgpack.encode(changed), len(MESSAGE))


def test_an_answer_gives_what_the_scan_gave() -> None:
    root = read(MESSAGE)
    found = structure_of(jobs.structure(MESSAGE), len(MESSAGE))
    assert found.envelope == envelope_of(MESSAGE)
    assert found.body == imap_text.bodies(root).body
    assert found.bodystructure == imap_text.bodies(root).bodystructure
    assert found.parts == tuple(sections(root))
    assert found.header_bytes == root.body_start
    assert (found.subject, found.preview, found.attachment_names) == ("ż", "hello", ("p.png",))
    assert found.has_attachment


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subject", "a\r\nb"),
        ("subject", "a\0b"),
        ("subject", "x" * (wire.SUBJECT_MAX + 1)),
        ("preview", "x\x7f"),
        ("preview", "x" * (wire.PREVIEW_MAX + 1)),
        ("attachment_names", ("a\nb",)),
        ("attachment_names", ("x",) * (wire.NAMES_MAX + 1)),
        ("attachment_names", ("x" * (wire.NAME_MAX + 1),)),
        ("header_text", b"a\0"),
        ("header_text", b"x" * (wire.HEADER_TEXT_MAX_BYTES + 1)),
        ("body_text", b"a\r"),
        ("body_text", b"x" * (wire.TEXT_MAX_BYTES + 1)),
        ("authors", ((),) * (wire.AUTHOR_FIELDS_MAX + 1)),
        ("authors", ((b"d",) * (wire.AUTHOR_DOMAINS_MAX + 1),)),
        ("authors", ((b"d" * (wire.AUTHOR_DOMAIN_BYTES + 1),),)),
    ],
)
def test_texts_out_of_bounds_are_hostile(field: str, value: object) -> None:
    with pytest.raises(HostileAnswerError):
        check(msgspec.structs.replace(answer(), **{field: value}))


def deep(depth: int) -> Part:
    part = Part(header_start=0, body_start=0, type=b"multipart")
    for _ in range(depth):
        part = Part(header_start=0, body_start=0, type=b"multipart", children=[part])
    return part


CHANGES: list[Callable[[Part], Any]] = [
    lambda root: setattr(root, "header_start", 1),
    lambda root: setattr(root, "body_end", len(MESSAGE) + 1),
    lambda root: setattr(root, "body_start", -1),
    lambda root: setattr(root.children[0], "body_start", root.children[0].body_end + 1),
    lambda root: setattr(root.children[0], "lines", 10**9),
    lambda root: setattr(root.children[0], "lines", -1),
    lambda root: setattr(root.children[0], "is_message", True),
    lambda root: setattr(root.children[0], "children", [root.children[2]]),
    lambda root: setattr(root.children[1], "children", []),
    lambda root: setattr(root.children[1], "children", root.children[:1] * 2),
    lambda root: setattr(root, "children", [deep(33)]),
    lambda root: setattr(root, "children", [root.children[0]] * 2001),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_tree_that_no_scan_gives_is_hostile(change: Callable[[Part], Any]) -> None:
    changed = answer()
    change(changed.root)
    with pytest.raises(HostileAnswerError):
        check(changed)


NO_TEXT = jobs.structure(MESSAGE).replace(b"hello", b"\xffello")


@pytest.mark.parametrize("raw", [b"", b"\xc0", b"\x90", b"\x91" * 100_000, msgspec.msgpack.encode([1] * 6), NO_TEXT])
def test_what_is_no_answer_is_hostile(raw: bytes) -> None:
    with pytest.raises(HostileAnswerError):
        structure_of(raw, 10)


def test_a_field_more_is_hostile() -> None:
    fields = msgspec.msgpack.decode(jobs.structure(MESSAGE))
    with pytest.raises(HostileAnswerError):
        structure_of(msgspec.msgpack.encode([*fields, 1]), len(MESSAGE))


def outside_literals(text: bytes) -> bytes:
    """IMAP text with each counted literal taken out."""
    kept = bytearray()
    at = 0
    while at < len(text):
        char = text[at : at + 1]
        if char == b'"':
            end = at + 1
            while text[end : end + 1] != b'"':
                end += 2 if text[end : end + 1] == b"\\" else 1
            kept += text[at : end + 1]
            at = end + 1
        elif char == b"{":
            end = text.index(b"}\r\n", at)
            at = end + 3 + int(text[at + 1 : end])
        else:
            kept += char
            at += 1
    return bytes(kept)


@given(
    st.binary(max_size=40), st.sampled_from(["type", "subtype", "encoding", "value", "name", "parameter", "address"])
)
def test_no_bytes_of_a_child_get_out_of_their_place(evil: bytes, where: str) -> None:
    changed = answer()
    part = changed.root.children[0]
    if where in {"type", "subtype", "encoding"}:
        setattr(part, where, evil)
    elif where == "value":
        part.values[b"content-id"] = evil
    elif where == "name":
        part.parameters[evil] = b"x"
    elif where == "parameter":
        part.parameters[b"x"] = evil
    elif changed.root.envelope:
        address = msgspec.structs.replace(changed.root.envelope.from_[0], name=evil, host=evil)
        changed.root.envelope = msgspec.structs.replace(changed.root.envelope, to=(address,), subject=evil)
    try:
        found = structure_of(msgspec.msgpack.encode(changed), len(MESSAGE))
    except HostileAnswerError:
        return
    for text in (found.envelope, found.body, found.bodystructure):
        rest = outside_literals(text)
        assert not set(rest) & {0, 10, 13}
        unquoted = b"".join(rest.split(b"\\\\")).replace(b'\\"', b"").split(b'"')[::2]
        joined = b"".join(unquoted)
        assert joined.count(b"(") == joined.count(b")")


HEADER = b"Subject: x\r\nContent-Transfer-Encoding: 8bit\r\nX-Y: z\r\n\r\n"


def test_a_recoded_message_has_the_header_it_had_but_for_labels() -> None:
    honest = b"Subject: x\r\nX-Y: z\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\nxA==\r\n"
    assert seven_bit_of(honest, HEADER) == honest
    assert seven_bit_of(b"", HEADER) is None


@pytest.mark.parametrize(
    "raw",
    [
        HEADER + b"\xff\r\n",
        HEADER + b"a\nb\r\n",
        HEADER + b"\0\r\n",
        HEADER.replace(b"Subject: x", b"Subject: y") + b"z\r\n",
        b"Bcc: spy@example.org\r\n" + HEADER + b"z\r\n",
    ],
)
def test_what_no_honest_child_makes_of_a_message_is_hostile(raw: bytes) -> None:
    with pytest.raises(HostileAnswerError):
        seven_bit_of(raw, HEADER)


ASKED = [
    Encoded(b"base64", b"YWJj"),
    Encoded(b"base64", b"YWJj", is_counted=True),
    Encoded(b"x", b"abc", is_last=False),
]
ANSWER = [Undone(b"abc", 3), Undone(b"", 3), Undone(b"", 0, b"abc")]


def test_undone_parts_pass() -> None:
    assert list(undone_of(msgspec.msgpack.encode(ANSWER), ASKED)) == ANSWER


@pytest.mark.parametrize(
    "changed",
    [
        ANSWER[:2],
        [*ANSWER, ANSWER[0]],
        [Undone(b"abc", 2), *ANSWER[1:]],
        [Undone(b"abcde", 5), *ANSWER[1:]],
        [Undone(b"abc", 3, b"x"), *ANSWER[1:]],
        [ANSWER[0], Undone(b"abc", 3), ANSWER[2]],
        [ANSWER[0], Undone(b"", 5), ANSWER[2]],
        [ANSWER[0], Undone(b"", -1), ANSWER[2]],
        [*ANSWER[:2], Undone(b"", 0, b"abcd")],
        [],
        {"octets": b""},
        [[b"abc", 3, b"", 1], *ANSWER[1:]],
        [["abc", 3, ""], *ANSWER[1:]],
    ],
)
def test_parts_that_no_decoder_gives_are_hostile(changed: object) -> None:
    with pytest.raises(HostileAnswerError):
        undone_of(msgspec.msgpack.encode(changed), ASKED)


def test_folded_values_pass() -> None:
    assert folded_of(msgspec.msgpack.encode([b"a", b""]), [b"A", b"x"]) == (b"a", b"")


@pytest.mark.parametrize(
    "changed", [[], [b"a"], [b"a", b"b", b"c"], [b"a\0", b"b"], [b"a", b"b" * 21], ["a", "b"], b""]
)
def test_values_that_nobody_folds_are_hostile(changed: object) -> None:
    with pytest.raises(HostileAnswerError):
        folded_of(msgspec.msgpack.encode(changed), [b"A", b"B"])


def test_addresses_pass_and_so_does_that_there_are_too_many() -> None:
    assert mailboxes_of(msgspec.msgpack.encode([[b"a", b"b"]]), b"<a@b>") == (Mailbox(b"a", b"b"),)
    assert mailboxes_of(msgspec.msgpack.encode(None), b"") is None


@pytest.mark.parametrize(
    "changed",
    [[[b"a"]], [["a", "b"]], [[b"aaa", b"bbb"]], [[b"", b""]] * 101, {}, b"", [[b"a", b"b", b""]]],
)
def test_addresses_that_no_field_has_are_hostile(changed: object) -> None:
    with pytest.raises(HostileAnswerError):
        mailboxes_of(msgspec.msgpack.encode(changed), b"<a@b>")
