import hashlib
import ssl
import warnings
from pathlib import Path
from typing import get_args

import pytest

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.settings import LegacySuite
from skrytka.net.tls import CertificateFiles, TlsStore, legacy_server_context, new_server_context
from skrytka.net.tls_pipe import ServerContext, TlsPipe
from tests.support.certificates import write_certificate


def files(folder: Path, *names: str, stem: str, kind: str = "ec") -> CertificateFiles:
    return CertificateFiles(*write_certificate(folder, *names, stem=stem, kind=kind))


def client(**settings: object) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for name, value in settings.items():
        setattr(context, name, value)
    return context


def shake(server: ssl.SSLContext, far_context: ssl.SSLContext, name: str | None = None) -> tuple[TlsPipe, TlsPipe]:
    near = TlsPipe(server, is_server=True)
    far = TlsPipe(far_context, is_server=False, server_hostname=name)
    while not (near.is_established and far.is_established):
        if not far.is_established:
            far.handshake(near.output())
        if not near.is_established:
            near.handshake(far.output())
    return near, far


def common_name(pipe: TlsPipe) -> bytes:
    der = pipe.facts().peer
    return next(stem for stem in (b"first", b"second", b"wild") if stem in der)


@pytest.fixture
def store(tmp_path: Path) -> TlsStore:
    return TlsStore(
        [
            files(tmp_path, "mail.example.test", stem="first"),
            files(tmp_path, "other.example.net", stem="second"),
            files(tmp_path, "*.wild.example", stem="wild"),
        ]
    )


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        (None, b"first"),
        ("mail.example.test", b"first"),
        ("OTHER.example.NET", b"second"),
        ("a.wild.example", b"wild"),
        ("wild.example", b"first"),  # RFC 9525 6.3: a wildcard stands for exactly one label
        ("a.b.wild.example", b"first"),
        ("unknown.example", b"first"),
    ],
)
def test_the_name_asked_for_chooses_the_certificate(store: TlsStore, asked: str | None, shown: bytes) -> None:
    near, far = shake(store.server_context(), client(), asked)
    assert common_name(far) == shown
    assert near.facts().server_name == (asked or "").lower()


def test_a_reload_serves_the_new_certificate_and_keeps_open_connections(tmp_path: Path, store: TlsStore) -> None:
    near, far = shake(store.server_context(), client())
    before = far.facts().peer
    files(tmp_path, "mail.example.test", stem="first")
    store.reload()
    assert far.decrypt(near.encrypt(b"still here")) == (b"still here", False)
    _, fresh = shake(store.server_context(), client())
    assert fresh.facts().peer != before


def test_a_handshake_begun_before_a_reload_ends_with_the_old_certificate(tmp_path: Path, store: TlsStore) -> None:
    near = TlsPipe(store.server_context(), is_server=True)
    far = TlsPipe(client(), is_server=False)
    far.handshake(b"")
    old = (tmp_path / "first.pem").read_text()
    files(tmp_path, "mail.example.test", stem="first")
    store.reload()
    near.handshake(far.output())
    far.handshake(near.output())
    near.handshake(far.output())
    assert ssl.DER_cert_to_PEM_cert(far.facts().peer).strip() == old.strip()


def test_an_ecdsa_and_an_rsa_certificate_of_the_same_names_serve_side_by_side(tmp_path: Path) -> None:
    store = TlsStore(
        [
            files(tmp_path, "mail.example.test", stem="first", kind="rsa"),
            files(tmp_path, "mail.example.test", stem="second", kind="ec"),
        ]
    )
    for ciphers, shown in (("ECDHE-RSA-AES128-GCM-SHA256", b"first"), ("ECDHE-ECDSA-AES128-GCM-SHA256", b"second")):
        context = client(maximum_version=ssl.TLSVersion.TLSv1_2)
        context.set_ciphers(ciphers)
        _, far = shake(store.server_context(), context)
        assert common_name(far) == shown


BROKEN = {
    "missing certificate": ("first.pem", None, "cannot be read (No such file"),
    "missing key": ("first.key", None, "cannot be read (No such file"),
    "garbage certificate": ("first.pem", b"garbage", "is no PEM certificate chain"),
    "garbage key": ("first.key", b"garbage", "does not load with first.pem"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_keeps_the_old_set_and_is_named(tmp_path: Path, store: TlsStore, case: str) -> None:
    name, content, said = BROKEN[case]
    path = tmp_path / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PermanentError) as caught:
        store.reload()
    assert caught.value.reason is Reason.BAD_CONFIG
    assert str(path) in caught.value.detail
    assert said in caught.value.detail
    shake(store.server_context(), client())


def test_the_key_of_another_certificate_is_refused(tmp_path: Path, store: TlsStore) -> None:
    mixed = CertificateFiles(tmp_path / "first.pem", tmp_path / "second.key")
    with pytest.raises(PermanentError, match=r"second\.key is not the key of first\.pem"):
        store.reload([mixed])


def test_a_key_with_a_passphrase_is_refused_without_asking_for_it(tmp_path: Path) -> None:
    pair = CertificateFiles(*write_certificate(tmp_path, "a.example", password=b"x"))
    with pytest.raises(PermanentError, match="passphrase"):
        TlsStore([pair])


def test_a_weak_rsa_key_is_refused(tmp_path: Path) -> None:
    pair = CertificateFiles(*write_certificate(tmp_path, "a.example", kind="rsa", rsa_bits=1024))
    with pytest.raises(PermanentError, match="too weak"):
        TlsStore([pair])


def test_a_store_without_certificates_says_so_when_asked() -> None:
    store = TlsStore()
    assert store.is_empty
    with pytest.raises(TransientError, match="no TLS certificate"):
        store.server_context()


def test_there_are_no_tickets_no_compression_and_no_renegotiation() -> None:
    context = new_server_context()
    assert context.num_tickets == 0
    for option in (ssl.OP_NO_TICKET, ssl.OP_NO_COMPRESSION, ssl.OP_NO_RENEGOTIATION):
        assert context.options & option
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_versions_before_1_2_are_refused(store: TlsStore, version: ssl.TLSVersion) -> None:
    context = client()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with pytest.raises(ssl.SSLError, match=r"(?i)unsupported.protocol"):
        shake(store.server_context(), context)


@pytest.mark.parametrize("ciphers", ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-RSA-AES128-SHA", "AES128-GCM-SHA256"])
def test_suites_outside_the_list_are_refused(store: TlsStore, ciphers: str) -> None:
    context = client(maximum_version=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers(ciphers)
    with pytest.raises(ssl.SSLError, match=r"(?i)no.shared.cipher"):
        shake(store.server_context(), context)


def old_client(version: ssl.TLSVersion, ciphers: str) -> ssl.SSLContext:
    """One that speaks this version and no other."""
    context = client()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    return context


@pytest.mark.parametrize(
    ("version", "suites", "client_version", "ciphers", "is_taken"),
    [
        ("TLSv1", (), ssl.TLSVersion.TLSv1, "ECDHE+AES", True),
        ("TLSv1.1", (), ssl.TLSVersion.TLSv1_1, "ECDHE+AES", True),
        ("TLSv1.1", (), ssl.TLSVersion.TLSv1, "ECDHE+AES", False),
        ("TLSv1", ("AES128-SHA",), ssl.TLSVersion.TLSv1, "ECDHE+AES", False),  # what is named is all there is
        ("TLSv1", ("AES128-SHA",), ssl.TLSVersion.TLSv1, "AES128-SHA", True),
        ("TLSv1.2", ("ECDHE-RSA-AES128-SHA256",), ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES128-SHA256", True),
        ("TLSv1.2", ("ECDHE-RSA-AES128-SHA256",), ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES256-SHA384", False),
        ("TLSv1.2", ("ECDHE-RSA-AES128-SHA256",), ssl.TLSVersion.TLSv1_1, "ECDHE+AES", False),
        ("TLSv1.2", ("AES128-SHA",), ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES256-GCM-SHA384", True),  # ours stay
    ],
)
def test_an_exception_takes_what_it_names_and_nothing_else(
    tmp_path: Path,
    version: str,
    suites: tuple[str, ...],
    client_version: ssl.TLSVersion,
    ciphers: str,
    is_taken: bool,
) -> None:
    pair = files(tmp_path, "mail.example.test", stem="first", kind="rsa")
    store = TlsStore([pair], lambda: legacy_server_context(version, suites))
    far = old_client(client_version, ciphers)
    if is_taken:
        near, _ = shake(store.server_context(), far)
        assert near.facts().version.replace("v1.0", "v1") == client_version.name.replace("_", ".")
    else:
        with pytest.raises(ssl.SSLError):
            shake(store.server_context(), far)
    with pytest.raises(ssl.SSLError):
        shake(TlsStore([pair]).server_context(), old_client(ssl.TLSVersion.TLSv1_1, "ECDHE+AES"))


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1.2"])
def test_an_exception_keeps_tls_1_3_for_all_others(tmp_path: Path, version: str) -> None:
    pair = files(tmp_path, "mail.example.test", stem="first")
    store = TlsStore([pair], lambda: legacy_server_context(version, ("ECDHE-ECDSA-AES128-SHA",)))
    near, _ = shake(store.server_context(), client())
    assert near.facts().version == "TLSv1.3"


def test_every_suite_of_the_settings_is_known_to_openssl() -> None:
    for suite in get_args(LegacySuite):
        context = legacy_server_context("TLSv1.2", (suite,))
        assert suite in {found["name"] for found in context.get_ciphers()}


def test_a_context_knows_its_certificate_where_it_is_one_alone(tmp_path: Path) -> None:
    """RFC 5929 4.1."""
    one = CertificateFiles(*write_certificate(tmp_path, "a.test", stem="ec"))
    other = CertificateFiles(*write_certificate(tmp_path, "a.test", stem="rsa", kind="rsa"))
    alone, both = TlsStore([one]).server_context(), TlsStore([one, other]).server_context()
    assert isinstance(alone, ServerContext)
    assert isinstance(both, ServerContext)
    der = ssl.PEM_cert_to_DER_cert(one.certificate.read_text(encoding="ascii"))
    assert (alone.end_point, both.end_point) == (hashlib.sha256(der).digest(), b"")
