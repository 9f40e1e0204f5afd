"""MIME: whatever octets come, an inspector has an answer, its front takes it, and IMAP can send it.

Never an exception, offsets in order, depth and number bounded, the time linear; a tree that the standard library wrote
is read as it was meant.
"""

import email.message
import email.policy
import hashlib
import time
from collections.abc import Iterator
from email.header import Header
from email.mime.multipart import MIMEMultipart
from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.inspect.check import MessageStructure, structure_of
from skrytka.inspect.jobs import structure
from skrytka.mail.delivery.incoming import rescan
from skrytka.mail.delivery.summary import summary_of
from skrytka.protocol.mime.addresses import parse_addresses
from skrytka.protocol.mime.charset import decode_text, decode_transfer, decode_words
from skrytka.protocol.mime.part import DEPTH_MAX, PARTS_MAX, Part
from skrytka.protocol.mime.scan import scan
from tests.support import imap_values
from tests.support.cpu import cpu_s
from tests.support.needs import vectors_dir
from tests.support.sizes import pick

CPU_S = pick(2.0, 60.0)
WORDS = [
    *(
        b"Content-Type: Content-Disposition: Content-Transfer-Encoding: Subject: From: To: Date: Message-ID: "
        b"Content-ID: multipart/mixed multipart/digest multipart/ multipart message/rfc822 message/global text/html "
        b'text/plain application/x / ; = : , < > ( ) [ ] " \\ @ a.b a@b <a@b> boundary=a boundary=b boundary="a" '
        b"boundary= name*0*=utf-8''%C5%82 name*1=x name*=x''%ff charset=utf-8 charset=utf-7 charset=x "
        b'charset=iso-2022-jp charset=idna filename="a\\"b" base64 quoted-printable 8bit x-unknown attachment inline '
        b"=?utf-8?q?=C5=82?= =?utf-8?b?xYI=?= =?x?q? ?= =?utf-16?b?//8= =C5 =82 =\r\n =\r = QQ== Q Q=Q= & &amp; "
        b"&#0; &#x10ffff; <p> <script> <!-- --> <meta\x20charset=utf-16> 1-Feb-1994 -- ; group:a@b; "
        b"(comment (nested)) \xff \x00 \x80\xc5\x82 \xe2\x80\xae %s"
    ).split(b" "),
    *[b"\r\n"] * 12,
    *[b"\n", b"\r", b"\r\n\r\n", b"\r\n\r\n", b"\r\n ", b"\r\n\t"] * 3,
    *[b"--a\r\n", b"--a--\r\n", b"--b\r\n", b"--b--\r\n", b"\r\n--a\r\n"] * 3,
    *[b" "] * 12,
]
SEED = (
    b"From: =?utf-8?q?=C5=BB?= <a@b>\r\nTo: g: x@y, z@w;\r\nSubject: =?iso-8859-2?b?v/Oz?=\r\n"
    b'Content-Type: multipart/mixed; boundary="a"\r\n\r\npre\r\n--a\r\nContent-Type: text/plain; charset=utf-8\r\n'
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=C5=82=\r\n x\r\n--a\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Subject: in\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nt\r\n--b\r\n"
    b"Content-Type: text/html\r\n\r\n<p>&#380;<b>h</b>\r\n--b--\r\n--a\r\nContent-Type: image/png; name=p.png\r\n"
    b"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename*=utf-8''%C5%82.png\r\n\r\n"
    b"iVBORw==\r\n--a--\r\nepilogue\r\n"
)


def check(data: bytes) -> MessageStructure:
    """Everything that happens to a message between its arrival and FETCH."""
    found = structure_of(structure(data), len(data))
    _check_part(scan(data), 0, len(data), 1)
    envelope = imap_values.read(found.envelope)
    assert isinstance(envelope, list)
    assert len(envelope) == 10
    for text in (found.body, found.bodystructure):
        assert isinstance(imap_values.read(text), list)
    numbers = [part.number for part in found.parts]
    assert len(set(numbers)) == len(numbers) <= PARTS_MAX + 1
    for part in found.parts:
        assert 0 <= part.header_start <= part.body_start <= part.body_end <= len(data)
    for text in (found.header_text, found.body_text):
        text.decode()
    summary_of(found, rescan(data), hashlib.sha256(data).digest())
    return found


def _check_part(part: Part, start: int, end: int, depth: int) -> None:
    assert start <= part.header_start <= part.body_start <= part.body_end <= end
    assert depth <= DEPTH_MAX
    position = part.body_start
    for child in part.children:
        _check_part(child, position, part.body_end, depth + 1)
        position = child.body_end


def mutated(random: Random, data: bytes) -> bytes:
    """Cut, doubled, overwritten or with words of ours in it, several times."""
    changed = bytearray(data)
    for _ in range(random.randrange(1, 8)):
        at = random.randrange(len(changed) + 1)
        length = random.choice([1, 1, 2, 10, 100])
        match random.randrange(4):
            case 0:
                del changed[at : at + length]
            case 1:
                changed[at:at] = changed[at : at + length]
            case 2:
                changed[at : at + 1] = random.randbytes(1)
            case _:
                changed[at:at] = random.choice(WORDS)
    return bytes(changed)


@given(st.lists(st.sampled_from(WORDS), max_size=80).map(b"".join))
def test_any_words_give_an_answer(data: bytes) -> None:
    check(data)


@given(st.binary(max_size=300))
def test_any_octets_give_an_answer(data: bytes) -> None:
    check(data)


@pytest.mark.timeout(900)  # CPU seconds are counted, and there may be little of it
def test_random_messages_for_a_while() -> None:
    """CPU seconds, not rounds: 2 by hand, 60 in CI."""
    random = Random(time.time_ns())
    seed = random.randrange(2**32)
    random.seed(seed)
    seeds = [SEED] + [path.read_bytes()[:20_000] for path in sorted((vectors_dir() / "mime").glob("*/*.eml"))]
    until = time.process_time() + CPU_S
    while time.process_time() < until:
        if random.random() < 0.3:
            data = b"".join(random.choices(WORDS, k=random.randrange(150)))
        else:
            data = mutated(random, random.choice(seeds))
        try:
            check(data)
        except Exception as exc:
            raise AssertionError(f"seed {seed}: {data!r}") from exc


# -- time --------------------------------------------------------------------------------------------------------------

MULTIPART = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
UNITS = {
    "words of the fuzzer": (b"", b"".join(WORDS)),
    "encoded words": (b"Subject: ", b"=?utf-8?q?=C5=82?= "),
    "broken encoded words": (b"Subject: ", b"=?utf-8?q?"),
    "addresses": (b"To: ", b'"a" <b@c>, '),
    "quotes": (b"To: ", b'"\\'),
    "comments": (b"To: ", b"(\\("),
    "parameters": (b"Content-Type: a/b", b"; n*1*=x''%C5"),
    "continuations": (b"Content-Type: a/b", b";\r\n x=y"),
    "fields": (b"", b"a: b\r\n"),
    "folds": (b"Subject: x", b"\r\n y"),
    "parts": (MULTIPART, b"--a\r\nContent-Type: text/plain\r\n\r\nx\r\n"),
    "nested": (b"", b"Content-Type: message/rfc822\r\n\r\n"),
    "nested multiparts": (b"", MULTIPART + b"--a\r\n"),
    "qp": (b"Content-Transfer-Encoding: quoted-printable\r\n\r\n", b"=C5=82=\r\n"),
    "qp without lines": (b"Content-Transfer-Encoding: quoted-printable\r\n\r\n", b"=C5="),
    "base64": (b"Content-Transfer-Encoding: base64\r\n\r\n", b"QQ==Q"),
    "html": (b"Content-Type: text/html\r\n\r\n", b"<a b='&amp;'>&lt;!--"),
    "html open": (b"Content-Type: text/html\r\n\r\n", b"<!-- <p <"),
    "utf-7": (b"Content-Type: text/plain; charset=utf-7\r\n\r\n", b"+AGE-+"),
    "iso-2022-jp": (b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n", b"\x1b$B0!\x1b(B"),
}


@pytest.mark.parametrize("name", UNITS)
def test_the_time_is_linear_whatever_is_repeated(name: str) -> None:
    head, unit = UNITS[name]
    structure(head + unit)
    mails = [head + unit * (size // len(unit)) for size in (200_000, 800_000)]
    times = [cpu_s(partial(structure, mail)) for mail in mails]
    assert times[1] < 12 * times[0] + 0.1  # four times the octets; quadratic would be sixteen


@given(
    st.binary(max_size=200), st.sampled_from(["utf-8", "utf-16", "utf-7", "hz", "cp932", "big5", "x", "rot13", "\0"])
)
def test_decoders_take_anything(data: bytes, charset: str) -> None:
    for encoding in (b"base64", b"quoted-printable", b"7bit", b"x-uuencode"):
        decode_text(decode_transfer(data, encoding), charset)
    decode_words(data)
    assert all(one.mailbox is not None or one.name is None for one in parse_addresses(data))


# -- against the standard library ------------------------------------------------------------------------------------

ALPHABET = 'abc xyz łódź żółw 日本 =?&;"\\<>()@,.'


Leaf = tuple[str, bytes | None, str | None]


def text(random: Random, length: int) -> str:
    return "".join(random.choices(ALPHABET, k=length)).strip()


def leaf(random: Random) -> email.message.Message:
    part = email.message.EmailMessage(policy=email.policy.SMTP)
    if random.random() < 0.6:
        charset = random.choice(["utf-8", "utf-16"]) if random.random() < 0.3 else "utf-8"
        lines = [text(random, random.randrange(80)) for _ in range(random.randrange(6))]
        part.set_content("\n".join([*lines, "end"]), subtype=random.choice(["plain", "html", "x-odd"]), charset=charset,
                         cte=random.choice(["base64", "quoted-printable"]))  # fmt: skip
    else:
        name = text(random, 12).replace('"', "").strip(" <>") or "x"  # theirs takes these off again
        part.set_content(random.randbytes(random.randrange(300)), "application", "octet-stream", filename=name,
                         disposition=random.choice(["attachment", "inline"]))  # fmt: skip
    return part


def tree(random: Random, depth: int) -> email.message.Message:
    """A message of a random shape, written by others."""
    if depth == 4 or random.random() < 0.3:
        return leaf(random)
    if random.random() < 0.2:
        inner = tree(random, depth + 1)
        inner["Subject"] = Header(text(random, 20), "utf-8").encode()
        outer = email.message.Message(policy=email.policy.compat32)
        outer["Content-Type"] = "message/rfc822"
        outer.set_payload([inner])
        return outer
    parts = [tree(random, depth + 1) for _ in range(random.randrange(1, 4))]
    return MIMEMultipart(random.choice(["mixed", "alternative", "related"]), _subparts=parts)


def leaves(part: email.message.Message) -> Iterator[Leaf]:
    """Type, decoded content and file name, in order."""
    payload: Any = part.get_payload(decode=True)
    yield part.get_content_type(), None if part.is_multipart() else payload, part.get_filename()
    children: Any = part.get_payload() if part.is_multipart() else []
    for child in children:
        yield from leaves(child)


def our_leaves(data: bytes, part: Part) -> Iterator[Leaf]:
    content = None if part.children else decode_transfer(data[part.body_start : part.body_end], part.encoding)
    name = part.disposition.parameters.get(b"filename")
    yield (part.type + b"/" + part.subtype).decode(), content, None if name is None else decode_words(name)
    for child in part.children:
        yield from our_leaves(data, child)


@pytest.mark.timeout(900)  # CPU seconds are counted, and there may be little of it
def test_what_the_standard_library_writes_is_read_as_it_reads_it() -> None:
    """CPU seconds: 2 by hand, 30 in CI."""
    random = Random(time.time_ns())
    seed = random.randrange(2**32)
    random.seed(seed)
    until = time.process_time() + CPU_S / 2
    while time.process_time() < until:
        data = tree(random, 0).as_bytes(policy=email.policy.SMTP)
        theirs = email.message_from_bytes(data, policy=email.policy.default)
        try:
            assert list(our_leaves(data, scan(data))) == list(leaves(theirs))
            check(data)
        except AssertionError as exc:
            raise AssertionError(f"seed {seed}: {data!r}") from exc
