"""RFC 9051 6.4.4: decoded before comparison, substring, case does not matter."""

import pytest

from skrytka.inspect.wire import ENCODED_MAX_BYTES, INLINE_MAX_BYTES, VALUES_MAX
from skrytka.mail.mailbox.types import MessageRow
from skrytka.model.errors import Reason, TransientError
from skrytka.model.ids import EmailId, ThreadId, Uid
from skrytka.servers.imap.text_match import VALUE_START, folded_values, named_fields, sought, values_of
from tests.support.imap_boxes import summarize
from tests.support.local_inspector import LocalInspector


def test_fields_are_picked_by_name() -> None:
    assert named_fields(b"A: 1\r\nB: 2\r\na: 3\r\n\r\n", b"a") == b"A: 1\r\na: 3\r\n"


def test_what_is_sought_is_folded_and_nothing_is_any_field() -> None:
    assert sought("  Ż\0 ") == b" z "
    assert sought("") == VALUE_START
    assert sought("") in VALUE_START


async def values(name: bytes, raw: bytes) -> bytes | None:
    row = MessageRow(
        uid=Uid(1),
        size_bytes=0,
        received_at_ms=0,
        saved_at_ms=0,
        email_id=EmailId(b""),
        thread_id=ThreadId(b""),
        summary=summarize(raw),
    )
    rendering = values_of(name, LocalInspector())
    assert rendering.refine is not None
    return (await rendering.refine([rendering.make(row)]))[0]


async def test_values_are_decoded_folded_and_each_behind_its_start() -> None:
    found = await values(b"to", b"To: A@B,\r\n\tc@d\r\nTo: =?iso-8859-2?q?=A3?=  x\0y\r\n\r\n")
    assert found == b"\0a@b, c@d\0l x y"
    assert await values(b"subject", b"Subject:\r\n\r\n") == VALUE_START
    assert await values(b"subject", b"To: a\r\n\r\n") == b""
    assert values_of(b"to", LocalInspector()).key != values_of(b"cc", LocalInspector()).key


async def test_values_of_many_messages_are_one_job() -> None:
    inspector = LocalInspector()
    many = [b"A: %d\r\nA: =?utf-8?q?=C5=BC?=\r\n" % number for number in range(100)] + [b""]
    found = await folded_values(many, inspector)
    assert found == [b"\0%d\0z" % number for number in range(100)] + [b""]
    assert len(inspector.sizes) == 1


@pytest.mark.parametrize(
    ("count", "size"), [(VALUES_MAX, 1), (2 * VALUES_MAX + 1, 1), (3, 100_000), (2, ENCODED_MAX_BYTES), (1, 300_000)]
)
async def test_no_job_has_more_than_it_may_and_no_value_is_lost(count: int, size: int) -> None:
    inspector = LocalInspector()
    many = [b"A: " + b"x" * size + b"\r\nA: last\r\n" for _ in range(count)]
    found = await folded_values(many, inspector)
    assert found == [b"\0" + b"x" * min(size, ENCODED_MAX_BYTES) + b"\0last"] * count
    assert max(sent for sent, _ in inspector.sizes) <= INLINE_MAX_BYTES


async def test_a_message_that_kills_inspectors_is_left_out_alone() -> None:
    inspector = LocalInspector()
    inspector.poison = b"evil"
    many = [b"A: one\r\n", b"A: evil\r\nA: evil\r\n", b"A: two\r\nA: three\r\n"]
    assert await folded_values(many, inspector) == [b"\0one", None, b"\0two\0three"]
    assert len(inspector.sizes) == 1 + 4  # together, then each by itself but the second of what is given up


async def test_without_an_inspector_it_is_said() -> None:
    inspector = LocalInspector()
    inspector.failures = [TransientError(Reason.INSPECTOR_DOWN)]
    with pytest.raises(TransientError):
        await folded_values([b"A: x\r\n"], inspector)
