import pytest

from skrytka.mail.admin.queue import Wanted
from skrytka.mail.outbox.outbox import said_as
from tests.support.outside import Outside, to
from tests.unit.mail.world import MESSAGE, World


async def test_what_leaves_is_due_at_once_and_sealed(world: World) -> None:
    outside = Outside(world, 1)
    await outside.submit(to("secret-name@example.net"))
    (row,) = await outside.queue()
    assert (row.due_at_ms, row.kind, row.priority) == (world.clock.now_ms(), 1, 0)
    stored = (world.root / "mail.sqlite").read_bytes() + (world.root / "mail.sqlite-wal").read_bytes()
    for known in (b"secret-name", b"alice@example.test>", b"Hello Alice"):
        assert known not in stored


@pytest.mark.parametrize(
    ("field", "recipients", "priority"),
    [
        ("", 1, 0),
        ("Priority: urgent", 1, 10),
        ("PRIORITY:  Urgent ", 50, 10),
        ("Priority: urgent", 51, -10),
        ("Priority: non-urgent", 1, -10),
        ("Priority: normal", 1, 0),
        ("Precedence: bulk", 1, -10),
        ("Precedence: List", 1, -10),
        ("Precedence: first-class", 1, 0),
        ("", 51, -10),
    ],
)
async def test_the_header_and_the_number_of_recipients_say_how_urgent_it_is(
    world: World, field: str, recipients: int, priority: int
) -> None:
    outside = Outside(world, 1)
    message = f"{field}\r\n".encode() + MESSAGE if field else MESSAGE
    await outside.submit(*(f"x{number}@example.net" for number in range(recipients)), message=message)
    assert {row.priority for row in await outside.queue()} == {priority}


@pytest.mark.parametrize(
    ("said", "most", "level"),
    [(9, 9, 10), (1, 9, 10), (0, 9, 0), (-3, 9, 0), (-4, 9, -10), (-9, 0, -10), (None, 0, 0), (None, 9, 10)],
)
async def test_a_priority_that_was_said_counts_and_the_header_only_as_far_as_it_might_have_been(
    world: World, said: int | None, most: int, level: int
) -> None:
    """RFC 6710 5 and appendix B."""
    outside = Outside(world, 1)
    await outside.submit("x@example.net", message=b"Priority: urgent\r\n" + MESSAGE, priority=said, priority_max=most)
    (row,) = await outside.queue()
    assert row.priority == level
    (info,) = await world.admin.queue.list(Wanted())
    assert info.priority == (said_as(level) if said is None else said)
