import hmac

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId, BlobId
from skrytka.model.secret import Secret
from skrytka.store.seal.keys import (
    MAC_BYTES,
    SEALED_OVERHEAD_BYTES,
    WRAPPED_KEY_BYTES,
    AccountKeys,
    Kind,
    MacKind,
    derive,
)
from skrytka.store.system import SystemRandom

RANDOM = SystemRandom()
MASTER = Secret(bytes(range(32)))
KEYS = AccountKeys(AccountId(7), MASTER, RANDOM)
BLOB = BlobId(b"B" * 16)
ROW = b"R" * 16
KEY = Secret(b"k" * 32)


def test_derivation_is_hkdf_expand_of_rfc_5869() -> None:
    expected = HKDFExpand(SHA256(), 32, b"skrytka/1/account/wrap").derive(MASTER.reveal())
    assert hmac.compare_digest(derive(MASTER, "account/wrap"), expected)


def test_a_wrapped_key_is_60_bytes_and_opens() -> None:
    wrapped = KEYS.wrap_blob_key(BLOB, ROW, KEY)
    assert len(wrapped) == WRAPPED_KEY_BYTES == 60
    assert KEYS.unwrap_blob_key(BLOB, ROW, wrapped).reveal() == KEY.reveal()


class Counting:
    def token(self, length: int) -> bytes:
        return bytes(range(length))


def expand(label: bytes) -> bytes:
    return HKDFExpand(SHA256(), 32, label).derive(MASTER.reveal())


def test_the_formats_are_those_of_docs_formats() -> None:
    """Written out a second time from docs/formats.md: what is sealed today must open in every release."""
    keys = AccountKeys(AccountId(7), MASTER, Counting())
    nonce, account = bytes(range(12)), b"\0\0\0\0\0\0\0\x07"
    wrapped = AESGCM(expand(b"skrytka/1/account/wrap")).encrypt(nonce, b"k" * 32, b"B" * 16 + account + b"R" * 16)
    assert keys.wrap_blob_key(BLOB, ROW, KEY) == nonce + wrapped
    sealed = AESGCM(expand(b"skrytka/1/account/seal/3")).encrypt(nonce, b"Inbox", b"\x01\x03" + account + b"row")
    assert keys.seal(Kind.NAME, b"row", b"Inbox") == b"\x01" + nonce + sealed
    mac = hmac.digest(expand(b"skrytka/1/account/mac/5"), b"a@example.test", "sha256")
    assert keys.mac(MacKind.ADDRESS, b"a@example.test") == mac[:16]


def test_the_numbers_of_kinds_are_part_of_the_format() -> None:
    assert {kind.name: kind.value for kind in Kind} == {
        "SUMMARY": 1, "PREFIX": 2, "NAME": 3, "KEYWORD": 4, "TEXT": 5, "PACK": 6,
    }  # fmt: skip
    assert {kind.name: kind.value for kind in MacKind} == {
        "DIGEST": 1, "NAME": 2, "KEYWORD": 3, "THREAD": 4, "ADDRESS": 5, "PACK": 6,
    }  # fmt: skip


@pytest.mark.parametrize("position", range(60))
def test_every_changed_byte_of_a_wrapped_key_is_seen(position: int) -> None:
    wrapped = bytearray(KEYS.wrap_blob_key(BLOB, ROW, KEY))
    wrapped[position] ^= 1
    with pytest.raises(PermanentError) as caught:
        KEYS.unwrap_blob_key(BLOB, ROW, bytes(wrapped))
    assert caught.value.reason is Reason.CORRUPT


@pytest.mark.parametrize("length", [0, 12, 59, 61])
def test_a_wrapped_key_of_a_wrong_length_is_corrupt(length: int) -> None:
    with pytest.raises(PermanentError, match="corrupt"):
        KEYS.unwrap_blob_key(BLOB, ROW, bytes(length))


def test_a_wrapped_key_opens_for_its_blob_its_row_and_its_account_only() -> None:
    wrapped = KEYS.wrap_blob_key(BLOB, ROW, KEY)
    with pytest.raises(PermanentError):
        KEYS.unwrap_blob_key(BlobId(b"C" * 16), ROW, wrapped)
    with pytest.raises(PermanentError):
        KEYS.unwrap_blob_key(BLOB, b"S" * 16, wrapped)
    with pytest.raises(PermanentError):
        AccountKeys(AccountId(8), MASTER, RANDOM).unwrap_blob_key(BLOB, ROW, wrapped)
    with pytest.raises(PermanentError):
        AccountKeys(AccountId(7), Secret(b"x" * 32), RANDOM).unwrap_blob_key(BLOB, ROW, wrapped)


@given(st.sampled_from(Kind), st.binary(max_size=40), st.binary(max_size=2000))
def test_what_is_sealed_opens_with_the_same_kind_and_row(kind: Kind, aad: bytes, plain: bytes) -> None:
    sealed = KEYS.seal(kind, aad, plain)
    assert len(sealed) == len(plain) + SEALED_OVERHEAD_BYTES
    assert KEYS.open(kind, aad, sealed) == plain


@pytest.mark.parametrize("other", [kind for kind in Kind if kind is not Kind.NAME])
def test_a_record_opens_as_its_own_kind_only(other: Kind) -> None:
    with pytest.raises(PermanentError):
        KEYS.open(other, b"", KEYS.seal(Kind.NAME, b"", b"Archive"))


def test_a_record_opens_in_its_row_and_account_only() -> None:
    sealed = KEYS.seal(Kind.NAME, b"row 1", b"Archive")
    with pytest.raises(PermanentError):
        KEYS.open(Kind.NAME, b"row 2", sealed)
    with pytest.raises(PermanentError):
        AccountKeys(AccountId(8), MASTER, RANDOM).open(Kind.NAME, b"row 1", sealed)


def test_every_changed_or_missing_byte_of_a_record_is_seen() -> None:
    sealed = KEYS.seal(Kind.SUMMARY, b"row", b"some facts")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 0x80
        with pytest.raises(PermanentError):
            KEYS.open(Kind.SUMMARY, b"row", bytes(changed))
        with pytest.raises(PermanentError):
            KEYS.open(Kind.SUMMARY, b"row", sealed[:position])
    with pytest.raises(PermanentError):
        KEYS.open(Kind.SUMMARY, b"row", sealed + b"\0")


def test_sealed_twice_shares_no_16_bytes() -> None:
    plain = bytes(500)
    once, twice = KEYS.seal(Kind.TEXT, b"", plain), KEYS.seal(Kind.TEXT, b"", plain)
    assert {once[i : i + 16] for i in range(len(once) - 15)}.isdisjoint(twice[i : i + 16] for i in range(len(twice)))


def test_a_mac_is_16_bytes_and_depends_on_key_kind_and_data() -> None:
    other = AccountKeys(AccountId(7), Secret(b"x" * 32), RANDOM)
    macs = {KEYS.mac(kind, data) for kind in MacKind for data in (b"", b"a", b"b")}
    assert len(macs) == len(MacKind) * 3
    assert {len(mac) for mac in macs} == {MAC_BYTES} == {16}
    assert KEYS.mac(MacKind.NAME, b"a") == KEYS.mac(MacKind.NAME, b"a")
    assert other.mac(MacKind.NAME, b"a") not in macs


def test_a_key_of_a_wrong_length_is_refused() -> None:
    with pytest.raises(PermanentError) as caught:
        AccountKeys(AccountId(7), Secret(b"short"), RANDOM)
    assert caught.value.reason is Reason.CORRUPT


def test_no_secret_shows_in_a_repr_or_an_error() -> None:
    secret = "fa" * 32
    keys = AccountKeys(AccountId(7), Secret(bytes.fromhex(secret)), RANDOM)
    assert repr(keys) == "AccountKeys(account=7)"
    with pytest.raises(PermanentError) as caught:
        keys.open(Kind.NAME, b"", b"\x01" + bytes(40))
    assert caught.value.detail == "name of account 7 does not open"
