"""How octets are put into a response; the whole of FETCH stands in test_fetching."""

import pytest

from skrytka.servers.imap.bodies import WAITING_BYTES, WHOLE_BYTES
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
