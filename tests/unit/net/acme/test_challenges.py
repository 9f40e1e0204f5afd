import hashlib
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.net.acme.challenges import ChallengeFolder
from skrytka.net.tls_pipe import TlsPipe
from skrytka.protocol.acme.steps import Kind, Publish
from tests.support.acme_authority import TOKEN

HTTP = Publish(Kind.HTTP, "mail.example.test", TOKEN, f"{TOKEN}.thumb")
ALPN = Publish(Kind.ALPN, "mail.example.test", TOKEN, f"{TOKEN}.thumb")


@pytest.fixture
def folder(tmp_path: Path) -> ChallengeFolder:
    return ChallengeFolder(tmp_path / "challenges")


def test_a_token_is_found_from_publishing_to_withdrawing(folder: ChallengeFolder, tmp_path: Path) -> None:
    assert folder.http(TOKEN) is None
    folder.publish(HTTP, FixedClock())
    assert ChallengeFolder(tmp_path / "challenges").http(TOKEN) == f"{TOKEN}.thumb".encode()  # by another process
    folder.withdraw(HTTP)
    folder.withdraw(HTTP)
    assert folder.http(TOKEN) is None


@pytest.mark.parametrize("token", ["", "..", "../../etc/passwd", "a" * 21, "a" * 300, TOKEN + "/", TOKEN + "\n"])
def test_no_other_file_is_read(folder: ChallengeFolder, token: str) -> None:
    folder.publish(HTTP, FixedClock())
    assert folder.http(token) is None
    with pytest.raises(PermanentError):
        folder.publish(Publish(Kind.HTTP, "a.test", token, "x"), FixedClock())


def shake_hands(server: ssl.SSLContext, protocols: list[str]) -> tuple[bytes, str | None]:
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.set_alpn_protocols(protocols)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    far = client.wrap_bio(incoming, outgoing, server_hostname="mail.example.test")
    near = TlsPipe(server, is_server=True)
    for _ in range(4):
        try:
            far.do_handshake()
        except ssl.SSLWantReadError:
            near.handshake(outgoing.read())
            incoming.write(near.output())
    return far.getpeercert(binary_form=True) or b"", far.selected_alpn_protocol()


def test_the_validation_certificate_is_that_of_rfc_8737(folder: ChallengeFolder) -> None:
    assert folder.alpn("mail.example.test") is None
    folder.publish(ALPN, FixedClock())
    context = folder.alpn("mail.example.test")
    assert context is not None
    der, protocol = shake_hands(context, ["acme-tls/1"])
    assert protocol == "acme-tls/1"
    leaf = x509.load_der_x509_certificate(der)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == ["mail.example.test"]
    proof = leaf.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31"))
    assert proof.critical
    assert isinstance(proof.value, x509.UnrecognizedExtension)
    assert proof.value.value == b"\x04\x20" + hashlib.sha256(ALPN.key_authorization.encode()).digest()
    folder.withdraw(ALPN)
    assert folder.alpn("mail.example.test") is None


@pytest.mark.parametrize("name", ["", "..", "../x.test", "a", "a..test", "A.test", "*.a.test", "a.test\n"])
def test_no_other_name_is_shown(folder: ChallengeFolder, name: str) -> None:
    assert folder.alpn(name) is None
    with pytest.raises(PermanentError):
        folder.publish(Publish(Kind.ALPN, name, TOKEN, "x"), FixedClock())


@pytest.mark.parametrize("kind", [Kind.HTTP, Kind.ALPN])
def test_nothing_else_is_removed(folder: ChallengeFolder, tmp_path: Path, kind: Kind) -> None:
    other = tmp_path / "other"
    other.write_text("somebody's")
    folder.publish(HTTP, FixedClock())
    folder.publish(ALPN, FixedClock())
    folder.withdraw(Publish(kind, "../../other", "../../other", "x"))
    assert other.exists()


def test_files_are_the_servers_own_and_a_crash_leaves_none_for_long(folder: ChallengeFolder, tmp_path: Path) -> None:
    folder.publish(HTTP, FixedClock())
    folder.publish(ALPN, FixedClock())
    files = [path for path in (tmp_path / "challenges").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    folder.clear()
    folder.clear()
    assert not (tmp_path / "challenges").exists()


def test_a_disk_that_takes_nothing_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "challenges").write_text("no folder")
    with pytest.raises(TransientError) as caught:
        ChallengeFolder(tmp_path / "challenges").publish(HTTP, FixedClock())
    assert caught.value.reason is Reason.DISK_FULL
