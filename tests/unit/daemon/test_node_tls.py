import ssl

import pytest

from skrytka.daemon.certificates import Authority, Issued
from skrytka.daemon.node_tls import node_client, node_server
from skrytka.model.clock import Clock, FixedClock
from skrytka.model.secret import Secret
from skrytka.net.tls_pipe import TlsPipe
from skrytka.store.system import SystemClock

SEED = Secret(bytes(32))


def issued(node: str, seed: Secret = SEED, clock: Clock | None = None) -> Issued:
    return Authority.of_nodes(seed, clock or SystemClock()).issue_node(node)


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> None:
    """Until both are sure of each other; ssl.SSLError when one of them is not."""
    near = TlsPipe(client, is_server=False, server_hostname=name)
    far = TlsPipe(server, is_server=True)
    to_near = b""
    for _ in range(4):
        near.is_established or near.handshake(to_near)
        far.is_established or far.handshake(near.output())
        to_near = far.output()
    assert far.is_established
    assert far.facts().peer


def test_two_nodes_believe_each_other() -> None:
    shake_hands(node_client(issued("node-2")), node_server(issued("node-1")), "node-1")


def test_a_node_is_the_one_that_was_called() -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(node_client(issued("node-2")), node_server(issued("node-1")), "node-3")


@pytest.mark.parametrize(
    "stranger",
    [
        issued("node-2", Secret(b"x" * 32)),  # of another ring
        issued("node-2", SEED, FixedClock(SystemClock().now_ms() - 3 * 86_400_000)),  # three days old
    ],
)
def test_strangers_and_old_certificates_are_refused_by_both_ends(stranger: Issued) -> None:
    with pytest.raises(ssl.SSLError):
        shake_hands(node_client(stranger), node_server(issued("node-1")), "node-1")
    with pytest.raises(ssl.SSLError):
        shake_hands(node_client(issued("node-1")), node_server(stranger), "node-2")


def test_who_shows_nothing_gets_nowhere() -> None:
    client = ssl.create_default_context(cadata=issued("node-1").authority.decode())
    with pytest.raises(ssl.SSLError):
        shake_hands(client, node_server(issued("node-1")), "node-1")
