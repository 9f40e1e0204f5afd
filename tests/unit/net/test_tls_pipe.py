import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.engine import TlsFacts
from skrytka.net.tls import CertificateFiles, TlsStore
from skrytka.net.tls_pipe import TlsPipe, _chain, _group
from tests.support.chains import issue, write_chain
from tests.unit.net.harness import client_context, make_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> TlsStore:
    return make_store(tmp_path_factory.mktemp("tls"))


def connect(store: TlsStore) -> tuple[TlsPipe, TlsPipe]:
    near = TlsPipe(store.server_context(), is_server=True)
    far = TlsPipe(client_context(), is_server=False, server_hostname="localhost")
    establish(near, far)
    return near, far


def establish(near: TlsPipe, far: TlsPipe) -> None:
    while not (near.is_established and far.is_established):
        if not far.is_established:
            far.handshake(near.output())
        if not near.is_established:
            near.handshake(far.output())


@pytest.mark.parametrize("size", [1, 4095, 4096, 4097, 16384, 300_001])
@pytest.mark.parametrize("cut", [1 << 20, 1500, 65536])
def test_what_goes_in_comes_out_however_the_wire_cuts_it(store: TlsStore, size: int, cut: int) -> None:
    near, far = connect(store)
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    wire = near.encrypt(data)
    plain = b"".join(far.decrypt(wire[start : start + cut])[0] for start in range(0, len(wire), cut))
    assert plain == data


def test_byte_by_byte_is_as_good_as_whole(store: TlsStore) -> None:
    near, far = connect(store)
    wire = near.encrypt(b"line one\nline two\n") + near.close_notify()
    pieces = [far.decrypt(wire[at : at + 1]) for at in range(len(wire))]
    assert b"".join(plain for plain, _ in pieces) == b"line one\nline two\n"
    assert [is_end for _, is_end in pieces][-1]


def test_both_sides_agree_on_what_was_agreed(store: TlsStore) -> None:
    near, far = connect(store)
    assert (near.facts().version, near.facts().cipher) == (far.facts().version, far.facts().cipher)
    assert near.facts().bits >= 128
    assert near.facts().server_name == "localhost"
    assert near.facts().peer == b""
    assert far.facts().peer != b""


def test_the_whole_chain_is_there_for_who_wants_it(tmp_path: Path) -> None:
    root = issue("root", is_authority=True)
    leaf = issue("leaf", root, names=("localhost",))
    store = TlsStore([CertificateFiles(*write_chain(tmp_path, leaf, root))])
    for is_chain_kept, chain in ((True, (leaf.der, root.der)), (False, ())):
        near = TlsPipe(store.server_context(), is_server=True)
        far = TlsPipe(client_context(), is_server=False, is_chain_kept=is_chain_kept)
        establish(near, far)
        assert far.facts().chain == chain
        assert far.facts().peer == leaf.der


def test_close_notify_is_told_after_the_data_before_it(store: TlsStore) -> None:
    near, far = connect(store)
    assert far.decrypt(near.encrypt(b"last") + near.close_notify()) == (b"last", True)


def test_a_changed_record_is_an_error_and_leaves_an_alert(store: TlsStore) -> None:
    near, far = connect(store)
    wire = bytearray(near.encrypt(b"data"))
    wire[7] ^= 0x80
    with pytest.raises(ssl.SSLError):
        far.decrypt(bytes(wire))
    assert far.output()[:1] == b"\x17"  # an encrypted alert (RFC 8446 6)


@given(st.binary(min_size=1, max_size=600))
def test_any_bytes_are_waited_for_or_an_ssl_error(data: bytes) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for prefix in (b"", b"\x16\x03\x01" + len(data).to_bytes(2, "big")):
        pipe = TlsPipe(context, is_server=True)
        try:
            assert not pipe.handshake(prefix + data)
        except ssl.SSLError:
            pipe.output()


class NewObject:
    """An ssl.SSLObject as Python 3.13 (chain) and 3.15 (group) have it: their public methods, which 3.11 has not."""

    def __init__(self, said: str | NotImplementedError | None) -> None:
        self._said = said

    def get_unverified_chain(self) -> list[bytes]:
        return [b"leaf", b"authority"]

    def group(self) -> str | None:
        if isinstance(self._said, NotImplementedError):
            raise self._said
        return self._said


def test_the_chain_is_asked_by_the_method_of_python_3_13_where_there_is_one() -> None:
    """This branch has run with a stand-in only: there is no such Python here."""
    assert _chain(NewObject(None)) == (b"leaf", b"authority")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "group"),
    [("X25519MLKEM768", "X25519MLKEM768"), (None, ""), (NotImplementedError("OpenSSL 3.2 or later"), "")],
)
def test_the_group_is_told_where_python_tells_it(said: str | NotImplementedError | None, group: str) -> None:
    assert _group(NewObject(said)) == group  # type: ignore[arg-type]
    facts = TlsFacts(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", group=group)
    assert str(facts) == f"TLSv1.3 TLS_AES_256_GCM_SHA384 {group}".strip()


def test_this_python_tells_a_group_or_nothing(store: TlsStore) -> None:
    near, far = connect(store)
    is_told = hasattr(ssl.SSLObject, "group") and ssl.OPENSSL_VERSION_INFO >= (3, 2)
    assert bool(near.facts().group) is bool(far.facts().group) is is_told
