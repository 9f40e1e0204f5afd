"""RFC 9051 6.4.5: what an answer is made of."""

import pytest

from skrytka.mail.mailbox.types import Depth
from skrytka.protocol.imap.commands.fetch import Fetch
from skrytka.protocol.imap.commands.table import parse
from skrytka.protocol.imap.cursor import Cursor
from skrytka.servers.imap.plan import Plan


def plan(items: bytes, *, has_condstore: bool = False) -> Plan:
    found = parse(Cursor(b"FETCH 1 " + items))
    assert isinstance(found, Fetch)
    return Plan(found, has_condstore=has_condstore)


def test_the_plan_knows_what_it_needs() -> None:
    assert plan(b"(UID FLAGS)").is_flags_only
    assert not plan(b"RFC822.SIZE").needs_summary
    assert plan(b"ENVELOPE").needs_summary
    assert plan(b"BODY[]").sets_seen
    assert not plan(b"(BODY.PEEK[] BINARY.SIZE[1] RFC822.HEADER)").sets_seen
    assert plan(b"FLAGS", has_condstore=True).with_modseq


@pytest.mark.parametrize(
    ("items", "depth"),
    [
        (b"(UID FLAGS INTERNALDATE RFC822.SIZE)", Depth.NOTHING),
        (b"(FLAGS ENVELOPE)", Depth.HEAD),
        (b"FULL", Depth.HEAD),
        (b"(UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS (Date From)])", Depth.ALL),
        (b"(BODY.PEEK[HEADER.FIELDS (Date)] BODYSTRUCTURE)", Depth.ALL),
    ],
)
def test_what_never_changes_is_kept(items: bytes, depth: Depth) -> None:
    found = plan(items).rendering
    assert found is not None
    assert found.depth is depth


@pytest.mark.parametrize(
    "items",
    [
        b"FLAGS",
        b"BODY.PEEK[]",
        b"BODY[HEADER.FIELDS (Date)]",  # sets Seen
        b"BODY.PEEK[HEADER.FIELDS (Date)]<0.5>",
        b"BODY.PEEK[HEADER.FIELDS (X-Odd)]",  # no summary has it
        b"BODY.PEEK[1.HEADER.FIELDS (Date)]",
        b"BODY.PEEK[HEADER.FIELDS.NOT (Date)]",
        b"(ENVELOPE BINARY.SIZE[1])",
    ],
)
def test_what_may_change_or_is_large_is_not_kept(items: bytes) -> None:
    assert plan(items).rendering is None


def test_equal_items_are_kept_once() -> None:
    def key(items: bytes) -> object:
        rendering = plan(items).rendering
        assert rendering is not None
        return rendering.key

    assert key(b"(UID ENVELOPE)") == key(b"(FLAGS ENVELOPE)")
    assert key(b"(ENVELOPE BODY)") != key(b"(ENVELOPE BODYSTRUCTURE)")
    assert key(b"BODY.PEEK[HEADER.FIELDS (Date)]") != key(b"BODY.PEEK[HEADER.FIELDS (From)]")
