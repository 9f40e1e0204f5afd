"""Requests as pages get them, without a socket."""

from skrytka.net.facts import ConnFacts
from skrytka.protocol.http.server import Request
from skrytka.web.http import WebRequest, read_request

PEER = ConnFacts(
    service="api", remote="127.0.0.1", remote_port=1, local="127.0.0.1", local_port=8443, network="127.0.0.0/24"
)


def asked(method: str, target: str, body: bytes = b"", **fields: str) -> WebRequest:
    """``fields`` by their names with underscores."""
    path, _mark, query = target.partition("?")
    found: dict[str, tuple[str, ...]] = {name.replace("_", "-"): (value,) for name, value in fields.items()}
    return read_request(Request(method, "mail.example.test", path, query, found, body), PEER)
