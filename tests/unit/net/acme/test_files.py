import os
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from skrytka.model.clock import FixedClock
from skrytka.model.errors import Reason, TransientError
from skrytka.net.acme.files import (
    CertificateFolder,
    PrivateKey,
    Progress,
    Wanted,
    check_chain,
    digest,
    signing_request,
)
from skrytka.net.tls import TlsStore
from tests.support.acme_authority import LittleAuthority

NAMES = ("mail.example.test", "*.example.test")
WANTED = Wanted(NAMES, "ecdsa")
CLOCK = FixedClock()


def write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    path.chmod(0o600)


@pytest.fixture
def folder(tmp_path: Path) -> CertificateFolder:
    return CertificateFolder(tmp_path / "tls", write)


def chain(key: PrivateKey, names: tuple[str, ...] = NAMES, days: int = 90) -> bytes:
    return LittleAuthority(CLOCK, days).issue(x509.load_der_x509_csr(signing_request(key, names)))


def test_a_pair_is_one_file_that_listeners_can_use(folder: CertificateFolder, tmp_path: Path) -> None:
    key = folder.next_key(WANTED)
    assert folder.load(WANTED) is None
    assert folder.usable(WANTED) is None
    folder.keep(WANTED, key, chain(key))
    files = folder.usable(WANTED)
    assert files is not None
    assert files.certificate.name == "mail.example.test.ecdsa.pem"
    assert files.certificate.stat().st_mode & 0o777 == 0o600
    assert TlsStore([files]).names == frozenset(NAMES)
    loaded = folder.load(WANTED)
    assert loaded is not None
    assert digest(loaded.key) == digest(key)
    assert (loaded.names, repr(loaded)) == (frozenset(NAMES), "Ordered()")
    assert [path.name for path in (tmp_path / "tls").iterdir()] == ["mail.example.test.ecdsa.pem"]  # next is used up


def test_the_next_key_stays_the_same_until_it_is_used(folder: CertificateFolder) -> None:
    first = folder.next_key(WANTED)
    assert digest(folder.next_key(WANTED)) == digest(first)
    folder.keep(WANTED, first, chain(first))
    second = folder.next_key(WANTED)
    assert digest(second) != digest(first)
    folder.keep(WANTED, first, chain(first))  # renewed with the old key
    assert digest(folder.next_key(WANTED)) == digest(second)


def test_both_kinds_of_keys_serve_in_one_context(folder: CertificateFolder) -> None:
    both = [WANTED, Wanted(NAMES, "rsa")]
    for wanted in both:
        key = folder.next_key(wanted)
        folder.keep(wanted, key, chain(key))
    rsa_key = folder.load(both[1])
    assert rsa_key is not None
    assert isinstance(rsa_key.key, rsa.RSAPrivateKey)
    assert rsa_key.key.key_size == 3072
    TlsStore([folder.files(wanted) for wanted in both])
    kinds = {
        type(x509.load_pem_x509_certificates(folder.files(one).certificate.read_bytes())[0].public_key())
        for one in both
    }
    assert len(kinds) == 2


@pytest.mark.parametrize("damage", [b"", b"rubbish", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_damaged_files_are_as_none(folder: CertificateFolder, tmp_path: Path, damage: bytes) -> None:
    key = folder.next_key(WANTED)
    folder.keep(WANTED, key, chain(key))
    for name in ("mail.example.test.ecdsa.pem", "mail.example.test.ecdsa.next", "state.json"):
        (tmp_path / "tls" / name).write_bytes(damage)
    assert folder.load(WANTED) is None
    assert folder.usable(WANTED) is None
    assert folder.states() == {}
    folder.next_key(WANTED)


def test_what_became_of_the_tries_is_kept(folder: CertificateFolder) -> None:
    states = {"a.test.ecdsa": Progress(failures=2, error="no", next_try_ms=5, window=(1, 2))}
    folder.next_key(WANTED)
    folder.keep_states(states)
    assert folder.states() == states


def test_a_disk_that_takes_nothing_is_told_of(tmp_path: Path) -> None:
    def full(_path: Path, _data: bytes) -> None:
        raise OSError(28, os.strerror(28))

    with pytest.raises(TransientError) as caught:
        CertificateFolder(tmp_path / "tls", full).next_key(WANTED)
    assert caught.value.reason is Reason.DISK_FULL
    assert "No space left" in caught.value.detail


def test_what_comes_is_compared_with_what_was_ordered(folder: CertificateFolder) -> None:
    key, other = folder.next_key(WANTED), folder.next_key(Wanted(("x.test",), "ecdsa"))
    good, now_ms = chain(key), CLOCK.now_ms()
    assert check_chain(good, key, NAMES, now_ms).names == frozenset(NAMES)
    for data, names, at_ms, said in (
        (chain(other), NAMES, now_ms, "another key"),
        (good, (*NAMES, "mta-sts.example.test"), now_ms, "does not name mta-sts.example.test"),
        (good, NAMES, now_ms + 91 * 86_400_000, "is the clock of this machine right"),
        (good, NAMES, now_ms - 86_400_000, "is the clock of this machine right"),
        (b"-----BEGIN CERTIFICATE-----\n", NAMES, now_ms, "no chain"),
    ):
        with pytest.raises(TransientError, match=said):
            check_chain(data, key, names, at_ms)
