"""How octets are put into a response; the whole of FETCH stands in test_fetching."""

import asyncio

import pytest

from skrytka.servers.imap.bodies import ITEM_COST_BYTES, WAITING_BYTES, WHOLE_BYTES
from tests.support.imap import World


@pytest.mark.parametrize("size", [WHOLE_BYTES - 1, WHOLE_BYTES, WHOLE_BYTES + 1, 2 * WHOLE_BYTES, 2 * WHOLE_BYTES + 1])
async def test_the_literal_has_the_promised_length_at_every_edge(size: int) -> None:
    world = World()
    raw = b"\r\n" + bytes(range(1, 251)) * (size // 250 + 1)
    raw = raw[:size]
    world.inbox.deliver(raw)
    conn = await world.selected(b"1 FETCH 1 BODY.PEEK[]\r\n")
    assert conn.said[0] == b"* 1 FETCH (BODY[] {%d}\r\n%b)\r\n1 OK done\r\n" % (size, raw)


async def test_a_thousand_large_items_of_one_message_never_wait_in_memory_together() -> None:
    world = World()
    world.inbox.deliver(b"\r\n" + b"x" * WHOLE_BYTES)
    items = " ".join(f"BODY.PEEK[]<{start}.{WHOLE_BYTES - 100}>" for start in range(40))
    conn = await world.selected(f"1 FETCH 1 ({items})\r\n".encode())
    assert conn.largest_bytes <= WAITING_BYTES + WHOLE_BYTES
    assert conn.said[0].count(b"BODY[]<") == 40
    assert conn.said[0].endswith(b")\r\n1 OK done\r\n")


async def test_a_part_is_decoded_once_however_often_it_is_asked_for() -> None:
    world = World()
    world.inbox.deliver(b"Content-Transfer-Encoding: base64\r\n\r\nYWJj\r\n")
    items = " ".join(f"BINARY.PEEK[1]<{start}.1>" for start in range(3))
    conn = await world.selected(f"1 FETCH 1 ({items} BINARY.SIZE[1] BINARY.PEEK[])\r\n".encode())
    assert b"BINARY[1]<0> {1}\r\na BINARY[1]<1> {1}\r\nb BINARY[1]<2> {1}\r\nc BINARY.SIZE[1] 3" in conn.said[0]
    assert len(world.inspector.sizes) == 1


async def test_others_get_their_turn_between_many_small_items() -> None:
    world = World()
    world.inbox.deliver(b"X-A: b\r\n\r\n" + b"x" * 2000)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        beside = tasks.create_task(others())
        await world.selected()
        before, turns = turns, 0
        items = " ".join(f"BODY.PEEK[]<{start}.1>" for start in range(900))
        await world.selected(f"1 FETCH 1 ({items})\r\n".encode())
        beside.cancel()
    assert turns - before >= 900 * ITEM_COST_BYTES // WHOLE_BYTES
