import ssl
from pathlib import Path

import pytest

from skrytka.daemon.api_tls import ClientCertificates, demanding
from skrytka.model.clock import Clock, FixedClock
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.net.tls import CertificateFiles
from skrytka.net.tls_pipe import TlsPipe
from skrytka.store.system import SystemClock
from tests.support.certificates import write_certificate

SEED = Secret(b"s" * 32)


class Keys:
    def __init__(self, seed: Secret = SEED) -> None:
        self.seed = seed

    async def node(self, subject: str) -> Secret:
        assert subject == "node:authority"
        return self.seed

    async def account(self, account: AccountId) -> object:
        raise NotImplementedError


def hands(client: ssl.SSLContext, server: ssl.SSLContext) -> bool:
    """Whether both are sure of each other."""
    near, far = TlsPipe(client, is_server=False, server_hostname="mail.example.test"), TlsPipe(server, is_server=True)
    to_near = b""
    try:
        for _ in range(4):
            near.is_established or near.handshake(to_near)
            far.is_established or far.handshake(near.output())
            to_near = far.output()
    except ssl.SSLError:
        return False
    return far.is_established


@pytest.fixture
def server(tmp_path: Path) -> ssl.SSLContext:
    certificate, key = write_certificate(tmp_path, "mail.example.test")
    return demanding([CertificateFiles(certificate, key)], SEED, SystemClock()).server_context()


async def client(tmp_path: Path, seed: Secret = SEED, clock: Clock | None = None, days: int = 30) -> ssl.SSLContext:
    made = await ClientCertificates(Keys(seed), clock or SystemClock()).issue("Laptop.example.test", days)  # type: ignore[arg-type]
    assert (made.name, made.days) == ("laptop.example.test", days)
    assert "PRIVATE" not in repr(made)
    file = tmp_path / "client.pem"
    file.write_text(made.certificate + made.key)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(file)
    return context


async def test_who_shows_a_certificate_of_our_authority_comes_in(server: ssl.SSLContext, tmp_path: Path) -> None:
    assert hands(await client(tmp_path), server)


async def test_nothing_another_ring_s_and_an_old_one_get_no_further(server: ssl.SSLContext, tmp_path: Path) -> None:
    bare = ssl.create_default_context()
    bare.check_hostname, bare.verify_mode = False, ssl.CERT_NONE
    assert not hands(bare, server)
    assert not hands(await client(tmp_path, Secret(b"x" * 32)), server)
    before = FixedClock(SystemClock().now_ms() - 3 * 86_400_000)
    assert not hands(await client(tmp_path, SEED, before, days=2), server)


async def test_a_machine_has_a_host_name() -> None:
    with pytest.raises(PermanentError) as caught:
        await ClientCertificates(Keys(), SystemClock()).issue("no name", 1)  # type: ignore[arg-type]
    assert caught.value.reason is Reason.BAD_SYNTAX
