import socket

import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.errors import Reason, TransientError
from skrytka.net.dialer import Dialer
from skrytka.net.sweeper import Sweeper


async def test_source_addresses_are_taken_in_turn() -> None:
    dialer = Dialer(Sweeper(FixedClock()), ("127.0.0.2", "127.0.0.3", "::1"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        seen = []
        for _ in range(4):
            conn = await dialer.connect("127.0.0.1", server.getsockname()[1], seconds=5)
            sock, address = server.accept()
            sock.close()
            seen.append(address[0])
            assert (conn.facts.service, conn.facts.remote) == ("courier", "127.0.0.1")
            conn.abort()
    assert sorted(seen[:2]) == ["127.0.0.2", "127.0.0.3"]
    assert seen[:2] == seen[2:]


async def test_nobody_there_is_a_transient_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(TransientError) as caught:
        await Dialer(Sweeper(FixedClock())).connect("127.0.0.1", port, seconds=5)
    assert caught.value.reason is Reason.UNREACHABLE


async def test_an_address_that_never_answers_is_given_up() -> None:
    with pytest.raises(TransientError) as caught:
        await Dialer(Sweeper(FixedClock())).connect("127.0.0.1", 1, seconds=0)
    assert caught.value.reason in {Reason.TIMEOUT, Reason.UNREACHABLE}
