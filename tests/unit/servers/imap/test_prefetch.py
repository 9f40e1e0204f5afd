"""Messages read some at a time."""

from skrytka.model.ids import Uid
from skrytka.servers.imap.prefetch import GROUP_BYTES, LARGE_BYTES, Prefetched, WholeContent
from tests.support.imap_boxes import FakeMailboxes, FakeView


async def test_small_messages_come_together_and_others_by_themselves() -> None:
    boxes = FakeMailboxes()
    box = boxes.boxes["INBOX"]
    sizes = [10, 20, LARGE_BYTES + 1, 30, 40, LARGE_BYTES, LARGE_BYTES, 5]
    for size in sizes:
        box.deliver(b"x" * size)
    box.messages[4].corrupt_from = 0
    view = FakeView(box, boxes)
    rows = await view.rows(range(1, 9), with_summary=False)
    prefetched = Prefetched(view, rows)
    found = [await prefetched.take(Uid(uid)) for uid in range(1, 9)]
    assert [None if raw is None else len(raw) for raw in found] == [10, 20, None, 30, None, LARGE_BYTES, LARGE_BYTES, 5]
    assert 2 * LARGE_BYTES <= GROUP_BYTES


async def test_messages_may_be_passed_over() -> None:
    boxes = FakeMailboxes()
    box = boxes.boxes["INBOX"]
    for size in range(6):
        box.deliver(b"x" * size)
    view = FakeView(box, boxes)
    prefetched = Prefetched(view, await view.rows(range(1, 7), with_summary=False))
    assert await prefetched.take(Uid(3)) == b"xx"
    assert await prefetched.take(Uid(6)) == b"xxxxx"
    assert await prefetched.take(Uid(7)) is None
    assert await Prefetched(view, ()).take(Uid(1)) is None


async def test_a_whole_is_read_at_any_offset() -> None:
    content = WholeContent(b"0123456789")
    assert content.size_bytes == 10
    assert [await content.read(3, 4), await content.read(8, 9), await content.read(11, 1)] == [b"3456", b"89", b""]
    content.close()
