from pathlib import Path

import pytest

from skrytka.daemon.client_authorities import ClientAuthorities
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.settings import Listeners, LoginListener
from skrytka.net.connection import Connection
from skrytka.net.listener import Service
from skrytka.net.tls import CertificateFiles
from tests.support.certificates import ClientAuthority, write_certificate


async def _nothing(_conn: Connection) -> None:
    pass


def service(name: str) -> Service:
    return Service(name=name, session=_nothing)


def test_a_listener_asks_where_its_setting_names_an_authority(tmp_path: Path) -> None:
    (tmp_path / "authority.pem").write_bytes(ClientAuthority().pem)
    files = [CertificateFiles(*write_certificate(tmp_path, "mail.example.test"))]
    listeners = Listeners(imaps=LoginListener(port=993, client_authority="authority.pem"))
    found = ClientAuthorities(listeners, tmp_path, files)
    own = found.applied(service("imaps")).tls
    assert own is not None
    assert own.server_context().verify_mode.name == "CERT_OPTIONAL"
    assert found.applied(service("imap")).tls is None
    assert ClientAuthorities(listeners, tmp_path, []).applied(service("imaps")).tls is None
    (tmp_path / "authority.pem").write_text("nothing", encoding="ascii")
    with pytest.raises(PermanentError) as caught:
        found.reload(files)
    assert caught.value.reason is Reason.BAD_CONFIG
    assert found.applied(service("imaps")).tls is own
