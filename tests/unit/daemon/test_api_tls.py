import ssl
from pathlib import Path

import pytest

from skrytka.daemon.api_tls import ApiTls
from skrytka.mail.identity.machines import Machines
from skrytka.model.clock import Clock, FixedClock
from skrytka.model.ids import AccountId
from skrytka.model.machine import Machine, Purpose
from skrytka.model.secret import Secret
from skrytka.net.authority import Authority
from skrytka.net.machines import new_request, read_request
from skrytka.net.tls import CertificateFiles
from skrytka.net.tls_pipe import TlsPipe
from skrytka.store.system import SystemClock
from tests.support.certificates import write_certificate

SEED = Secret(b"s" * 32)
HOUR_MS = 3_600_000


class Asked:
    """Machines as TLS asks for them."""

    has_any = True
    is_inviting = False


def hands(client: ssl.SSLContext, server: ssl.SSLContext) -> str:
    """ "" when they are not sure of each other; else whether the client has shown a certificate."""
    near, far = TlsPipe(client, is_server=False, server_hostname="mail.example.test"), TlsPipe(server, is_server=True)
    to_near = b""
    try:
        for _ in range(4):
            near.is_established or near.handshake(to_near)
            far.is_established or far.handshake(near.output())
            to_near = far.output()
    except ssl.SSLError:
        return ""
    return "shown" if far.facts().peer else "bare"


def tls(tmp_path: Path, asked: Asked, *, is_needed: bool) -> ApiTls:
    files = [CertificateFiles(*write_certificate(tmp_path, "mail.example.test"))]
    machines: Machines = asked  # type: ignore[assignment]
    made = ApiTls(files, SEED, SystemClock(), machines, is_needed=is_needed)
    made.reload(files)
    return made


def client(tmp_path: Path, seed: Secret | None = SEED, clock: Clock | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if seed is not None:
        now = clock or SystemClock()
        key, request = new_request()
        machine = Machine(Purpose.REMOTE, AccountId(1), bytes(16))
        authority = Authority.of_nodes(seed, now)
        signed = authority.sign_machine(read_request(request), machine, (), now.now_ms() + HOUR_MS)
        (tmp_path / "client.pem").write_bytes(signed.pem + key.reveal())
        context.load_cert_chain(tmp_path / "client.pem")
    return context


def strangers(tmp_path: Path) -> list[ssl.SSLContext]:
    """Of another ring, and one whose time is over."""
    return [
        client(tmp_path, Secret(b"x" * 32)),
        client(tmp_path, SEED, FixedClock(SystemClock().now_ms() - 2 * HOUR_MS)),
    ]


def test_where_one_is_needed_nobody_gets_past_tls_without_it(tmp_path: Path) -> None:
    server = tls(tmp_path, Asked(), is_needed=True).server_context()
    assert hands(client(tmp_path), server) == "shown"
    for other in (client(tmp_path, None), *strangers(tmp_path)):
        assert hands(other, server) == ""
    assert server.minimum_version is ssl.TLSVersion.TLSv1_3


def test_while_somebody_is_invited_he_comes_as_far_as_his_token(tmp_path: Path) -> None:
    asked = Asked()
    made = tls(tmp_path, asked, is_needed=True)
    asked.is_inviting = True
    assert hands(client(tmp_path, None), made.server_context()) == "bare"
    for other in strangers(tmp_path):
        assert hands(other, made.server_context()) == ""
    asked.is_inviting = False
    assert hands(client(tmp_path, None), made.server_context()) == ""


@pytest.mark.parametrize("has_any", [False, True])
def test_where_none_is_needed_one_is_asked_for_if_there_are_any(tmp_path: Path, has_any: bool) -> None:
    asked = Asked()
    asked.has_any = has_any
    server = tls(tmp_path, asked, is_needed=False).server_context()
    assert hands(client(tmp_path, None), server) == "bare"
    assert hands(client(tmp_path), server) == ("shown" if has_any else "bare")
