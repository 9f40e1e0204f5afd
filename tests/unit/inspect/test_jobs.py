"""inspect/jobs.py: the product's handlers, run here without a sandbox."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.inspect import wire
from skrytka.inspect.check import folded_of, mailboxes_of, structure_of
from skrytka.inspect.jobs import HANDLERS, fold, mailboxes, structure
from skrytka.inspect.wire import StructureAnswer

decoder = msgspec.msgpack.Decoder(StructureAnswer)


def test_there_is_no_handler_but_those_of_the_product() -> None:
    assert set(HANDLERS) == {"structure", "seven_bit", "undo", "fold", "mailboxes", "reports"}


def test_a_message_for_seven_bits_comes_out_recoded_or_not_at_all() -> None:
    assert HANDLERS["seven_bit"](b"Subject: x\r\n\r\nplain\r\n") == b"Subject: x\r\n\r\nplain\r\n"
    assert HANDLERS["seven_bit"](b"DKIM-Signature: v=1\r\n\r\n\xff\r\n") == b""


def test_only_what_bodystructure_needs_travels() -> None:
    message = (
        b"From: a@b\r\nX-Secret: s\r\nContent-Type: message/rfc822\r\n\r\n"
        b"From: c@d\r\nContent-ID: <i>\r\nContent-Type: text/plain\r\nReceived: r\r\n\r\nx"
    )
    root = decoder.decode(structure(message)).root
    assert set(root.values) == {b"content-type"}
    assert set(root.children[0].values) == {b"content-id", b"content-type"}
    assert root.envelope is not None
    assert root.envelope.from_[0].mailbox == b"a"
    assert root.children[0].envelope is not None
    assert root.children[0].envelope.from_[0].mailbox == b"c"


AUTHORS = [
    (b"From: a@B.example\r\n\r\nFrom: body@example.com\r\n", ((b"b.example",),)),
    (b"Subject: none\r\n\r\n", ()),
    (b'From: "x@display.example" <a@b.example>, c@d.example,\r\n e@b.example\r\n\r\n', ((b"b.example", b"d.example"),)),
    (b"From: a@b.example\r\nX: y\r\nfrom : c@d.example\r\n\r\n", ((b"b.example",), (b"d.example",))),
    (b"From: nobody\r\n\r\n", ((b"",),)),
    (b"From: Group: a@b.example;\r\n\r\n", ((b"b.example",),)),
    (b"From: " + b",".join(b"a@%d.example" % n for n in range(6)) + b"\r\n\r\n", (None,)),
    (b"From: " + b"a@b," * 2_001 + b"\r\n\r\n", (None,)),
    (b"From: a@b\r\n" * 9 + b"\r\n", ((b"b",),) * wire.AUTHOR_FIELDS_MAX),
    (b"From: a@" + b"d" * 600 + b"\r\n\r\n", ((b"d" * wire.AUTHOR_DOMAIN_BYTES,),)),
]


@pytest.mark.parametrize(("message", "authors"), AUTHORS)
def test_all_that_stands_in_from_is_told(message: bytes, authors: tuple[tuple[bytes, ...] | None, ...]) -> None:
    assert structure_of(structure(message), len(message)).authors == authors


PART = b"\r\n--b\r\nContent-Description: " + b"d" * 2_000 + b"\r\n\r\nx"


@pytest.mark.parametrize(
    "message",
    [
        b"To: " + b"a@b," * 100_000 + b"\r\n\r\n",
        b"Subject: " + b"x" * 5_000_000 + b"\r\n\r\n",
        b"Content-Type: text/plain; " + b"; ".join(b"p%d=v" % n for n in range(50_000)) + b"\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n" + PART * 1_990,
        b"".join(b"X-%d: y\r\n" % n for n in range(100_000)) + b"\r\n",
        b"Content-Type: text/html\r\n\r\n" + b"<p>text</p>" * 300_000,
        b"Content-Type: text/plain; charset=utf-7\r\n\r\n" + b"+2AA-" * 1_000,
        b"Content-Type: message/rfc822\r\n\r\n" * 100,
        b"\r\n" * 1_000_000,
    ],
    ids=["addresses", "subject", "parameters", "parts", "fields", "html", "surrogates", "nested", "lines"],
)
def test_an_answer_fits_its_frame_and_passes_the_check(message: bytes) -> None:
    raw = structure(message)
    assert len(raw) < wire.ANSWER_MAX_BYTES
    structure_of(raw, len(message))


PIECES = st.sampled_from(
    [
        b"\r\n", b"\r\n\r\n", b"--b", b"--b--", b"Content-Type: ", b"multipart/mixed; boundary=b", b"message/rfc822",
        b"text/html; charset=", b"utf-16", b"utf-7", b"iso-2022-jp", b"hz", b"idna", b"<p", b">", b"&#xD800;", b"&amp",
        b"Content-Transfer-Encoding: base64", b"Content-Disposition: attachment; filename=", b"=?utf-8?b?", b"?=",
        b"Subject: ", b"From: ", b"=D0", b"\0", b"\xff", b"\x1b$B", b" ", b"<!--", b"<script>",
    ]
)  # fmt: skip


@given(st.lists(PIECES | st.binary(max_size=12), max_size=40))
def test_any_message_has_an_answer_that_passes_the_check(pieces: list[bytes]) -> None:
    message = b"".join(pieces)
    structure_of(structure(message), len(message))


EXPANDING = [
    "\ufdfa".encode() * 1_000,
    b"=?utf-7?q?" + b"+/fo-" * 1_000 + b"?=",
    b"=?utf-7?b?" + base64.b64encode(b"+" + b"/fr9+v36" * 1_000 + b"-") + b"?=",
    b"=?gb18030?q?" + b"\x84\x30\xfd\x39" * 1_000 + b"?=",
    "\u0390\ufb04".encode() * 1_000,
    b"\xff" * 1_000,
    b"=?utf-16?q?" + b"\xfd\xfa" * 1_000 + b"?=",
]


@given(st.binary(max_size=80) | st.sampled_from(EXPANDING) | st.text(max_size=40).map(lambda text: text.encode()))
def test_any_value_folds_to_what_passes_the_check(value: bytes) -> None:
    folded_of(fold(msgspec.msgpack.encode([value])), [value])


@given(
    st.lists(
        st.sampled_from([b"a@b", b"<", b">", b",", b"g:", b";", b"(", b")", b'"', b"\\", b"@", b" "]) | st.binary()
    )
)
def test_any_field_has_addresses_that_pass_the_check(pieces: list[bytes]) -> None:
    value = b"".join(pieces)
    mailboxes_of(mailboxes(value), value)
