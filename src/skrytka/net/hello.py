"""Looks at the first message of a TLS connection and leaves it there: who is wanted decides what is shown."""

from skrytka.model.engine import DisconnectedError, TimedOut
from skrytka.net.connection import Connection
from skrytka.protocol.tls.client_hello import ClientHello, parse_hello


async def read_hello(conn: Connection) -> ClientHello:
    """Within the deadline of the connection; DisconnectedError when the peer leaves, or takes longer."""
    data = b""
    while (hello := parse_hello(data)) is None:
        signal = await conn.wait_input()
        if isinstance(signal, TimedOut):
            raise DisconnectedError
        if signal is None:
            more = conn.take_input()
            if not more:
                raise DisconnectedError
            data += more
    conn.give_back(data)
    return hello
