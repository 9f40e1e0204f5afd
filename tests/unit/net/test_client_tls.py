import ssl
from pathlib import Path

import pytest

from skrytka.model.errors import TransientError
from skrytka.net.client_tls import ClientTls
from skrytka.net.tls_pipe import TlsPipe
from tests.support.certificates import write_certificate
from tests.unit.net.harness import make_store


def shake(client: TlsPipe, server: TlsPipe) -> None:
    said = b""
    for _ in range(6):
        client.handshake(said) if not client.is_established else None
        heard = client.output()
        if not server.is_established:
            server.handshake(heard)
        said = server.output()
        if client.is_established and server.is_established:
            return


def pipes(tls: ClientTls, folder: Path, *, is_verified: bool, name: str = "localhost") -> tuple[TlsPipe, TlsPipe]:
    server = TlsPipe(make_store(folder).server_context(), is_server=True)
    return TlsPipe(tls.context(is_verified=is_verified), is_server=False, server_hostname=name), server


def test_any_certificate_is_better_than_clear_text(tmp_path: Path) -> None:
    client, server = pipes(ClientTls(), tmp_path, is_verified=False, name="mx.example.net")
    shake(client, server)
    assert client.facts().version == "TLSv1.3"


def test_a_certificate_is_proven_where_it_must_be(tmp_path: Path) -> None:
    client, server = pipes(ClientTls(), tmp_path, is_verified=True)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(client, server)


def test_a_proven_certificate_has_the_right_name(tmp_path: Path) -> None:
    certificate, _key = write_certificate(tmp_path, "localhost")
    context = ClientTls(certificate.parent).context(is_verified=True, ca_file=certificate.name)
    good = TlsPipe(context, is_server=False, server_hostname="localhost")
    wrong = TlsPipe(context, is_server=False, server_hostname="mx.example.net")
    from skrytka.net.tls import CertificateFiles, TlsStore

    store = TlsStore([CertificateFiles(certificate, _key)])
    shake(good, TlsPipe(store.server_context(), is_server=True))
    assert good.is_established
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(wrong, TlsPipe(store.server_context(), is_server=True))


def test_old_versions_are_not_spoken() -> None:
    for is_verified in (True, False):
        assert ClientTls().context(is_verified=is_verified).minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_file_of_authorities_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    for name in ("gone.pem", "empty.pem"):
        with pytest.raises(TransientError, match=name):
            ClientTls(tmp_path).context(is_verified=True, ca_file=name)
