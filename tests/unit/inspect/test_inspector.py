"""inspect/inspector.py: the jobs, done by real children."""

import socket

import pytest

from skrytka.inspect.wire import ENCODED_MAX, ENCODED_MAX_BYTES, INLINE_MAX_BYTES, Encoded, Mailbox
from tests.support.inspectors import inspectors
from tests.support.local_inspector import LocalInspector


async def test_parts_are_undone_together_and_in_order(owner: socket.socket) -> None:
    pieces = [
        Encoded(b"base64", b"xYJvZA=="),
        Encoded(b"quoted-printable", b"=C5=82=\r\nod"),
        Encoded(b"base64", b"YWJjZ", is_last=False),
        Encoded(b"base64", b"YWJj", is_counted=True),
    ]
    async with inspectors(owner) as found:
        undone = await found.pool.undo(pieces)
    assert [piece.octets for piece in undone] == ["łod".encode(), "łod".encode(), b"abc", b""]
    assert [piece.size for piece in undone] == [4, 4, 3, 3]
    assert [piece.rest for piece in undone] == [b"", b"", b"Z", b""]


@pytest.mark.parametrize("count", [1, ENCODED_MAX])
async def test_the_most_that_a_job_may_have_goes_as_it_is(count: int) -> None:
    """LocalInspector asserts what the pool refuses."""
    inspector = LocalInspector()
    await inspector.undo([Encoded(b"quoted-printable", b"x" * (ENCODED_MAX_BYTES // count))] * count)
    assert inspector.sizes[0][0] <= INLINE_MAX_BYTES


async def test_values_are_decoded_and_folded(owner: socket.socket) -> None:
    async with inspectors(owner) as found:
        assert await found.pool.fold([b"=?iso-8859-2?q?=AF=F3=B3w?=", b"A  b", b""]) == (b"zolw", b"a b", b"")


async def test_addresses_are_taken_out_of_a_field(owner: socket.socket) -> None:
    async with inspectors(owner) as found:
        assert await found.pool.mailboxes(b' "A" <a@b>, (c) d@e\r\n\t, g: f@h;') == (
            Mailbox(b"a", b"b"),
            Mailbox(b"d", b"e"),
            Mailbox(b"f", b"h"),
        )
        assert await found.pool.mailboxes(b"a@b," * 101) is None
        assert await found.pool.mailboxes(b"a@b, " + b"g:;," * 51 + b"c@d") is None
