import hashlib
import io
import string
from collections.abc import Callable

import pytest
import segno
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.secret import Secret
from skrytka.store.seal.recovery import RecoveryKey, qr_terminal, seal_box
from skrytka.store.system import SystemRandom

RANDOM = SystemRandom()
SEED = Secret(bytes(range(100, 132)))
KEY = RecoveryKey(SEED)
TEXT = KEY.text().reveal().decode()
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PREFIX = "SKRYTKA-1-"


def group(number: int) -> slice:
    """Where group ``number`` (from 1) stands in the text."""
    start = len(PREFIX) + (number - 1) * 6
    return slice(start, start + 5)


def changed(position: int, char: str) -> str:
    return TEXT[:position] + char + TEXT[position + 1 :]


def test_the_text_is_14_groups_of_5() -> None:
    groups = TEXT.removeprefix(PREFIX).split("-")
    assert [len(part) for part in groups] == [5] * 14
    assert set("".join(groups)) <= set(ALPHABET)


@given(st.binary(min_size=32, max_size=32))
def test_any_seed_survives_its_text(seed: bytes) -> None:
    key = RecoveryKey(Secret(seed))
    again = RecoveryKey.parse(key.text().reveal().decode())
    assert again.public == key.public
    assert again.text().reveal() == key.text().reveal()


def x25519_of_base_point(seed: bytes) -> bytes:
    """The Montgomery ladder as RFC 7748 5 writes it, with u = 9."""
    prime = 2**255 - 19
    scalar = int.from_bytes(seed, "little") & ~7 & ~(1 << 255) | 1 << 254
    x2, z2, x3, z3, swap = 1, 0, 9, 1, 0
    for bit in range(254, -1, -1):
        swap ^= scalar >> bit & 1
        if swap:
            x2, z2, x3, z3 = x3, z3, x2, z2
        swap = scalar >> bit & 1
        plus, minus = x2 + z2, x2 - z2
        da, cb = (x3 - z3) * plus, (x3 + z3) * minus
        e = plus**2 - minus**2
        x3, z3 = (da + cb) ** 2 % prime, 9 * (da - cb) ** 2 % prime
        x2, z2 = plus**2 * minus**2 % prime, e * (plus**2 + 121665 * e) % prime
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, prime - 2, prime) % prime).to_bytes(32, "little")


@pytest.mark.parametrize("seed", [SEED.reveal(), bytes(32), b"\xff" * 32, hashlib.sha256(b"seed").digest()])
def test_the_public_half_is_that_of_rfc_7748(seed: bytes) -> None:
    assert RecoveryKey(Secret(seed)).public == x25519_of_base_point(seed)


def test_the_text_is_that_of_docs_formats() -> None:
    """Written out a second time from docs/formats.md: a key on paper must be read by every release."""
    checksum = hashlib.sha256(b"skrytka/1/recovery-text" + SEED.reveal()).digest()[:3]
    bits = "".join(f"{byte:08b}" for byte in SEED.reveal() + checksum)
    values = [int(bits[at : at + 5], 2) for at in range(0, 280, 5)]
    groups = []
    for number in range(14):
        data = values[number * 4 : number * 4 + 4]
        check = times(number, 5) ^ times(data[0], 4) ^ times(data[1], 3) ^ times(data[2], 2) ^ times(data[3], 1)
        groups.append("".join(ALPHABET[value] for value in (*data, check)))
    assert PREFIX + "-".join(groups) == TEXT


def times(value: int, power: int) -> int:
    """``value`` times x**power in GF(32) modulo x^5 + x^2 + 1."""
    product = value << power
    for bit in range(10, 4, -1):
        if product >> bit & 1:
            product ^= 0b100101 << (bit - 5)
    return product


def test_the_sealed_box_is_that_of_docs_formats() -> None:
    box = seal_box(KEY.public, b"name", Secret(b"plain"), RANDOM)
    ephemeral = box[1:33]
    shared = X25519PrivateKey.from_private_bytes(SEED.reveal()).exchange(X25519PublicKey.from_public_bytes(ephemeral))
    key = HKDF(SHA256(), 32, salt=ephemeral + KEY.public, info=b"skrytka/1/box").derive(shared)
    assert box == b"\x01" + ephemeral + AESGCM(key).encrypt(bytes(12), b"plain", b"name")


@pytest.mark.parametrize(
    "spoil",
    [
        str.lower,
        lambda text: text.replace("-", ""),
        lambda text: text.replace("-", " "),
        lambda text: text.replace("-", "\n") + "\n",
        lambda text: f"  {text}\t",
        lambda text: "-".join(text.replace("-", "")),
        lambda text: PREFIX + text[len(PREFIX) :].replace("0", "O").replace("1", "l"),
    ],
    ids=["lower case", "no dashes", "spaces", "lines", "margins", "more dashes", "misread"],
)
def test_how_it_is_written_does_not_matter(spoil: Callable[[str], str]) -> None:
    assert RecoveryKey.parse(spoil(TEXT)).public == KEY.public


@pytest.mark.parametrize("number", range(1, 15))
def test_every_wrong_character_is_found_and_its_group_named(number: int) -> None:
    place = group(number)
    for position in range(place.start, place.stop):
        for char in set(ALPHABET) - {TEXT[position]}:
            with pytest.raises(PermanentError, match=f"group {number} ") as caught:
                RecoveryKey.parse(changed(position, char))
            assert caught.value.reason is Reason.BAD_SYNTAX


@given(st.integers(1, 14), st.integers(0, 4), st.integers(0, 4))
def test_two_characters_swapped_in_a_group_are_found(number: int, one: int, other: int) -> None:
    chars = list(TEXT[group(number)])
    chars[one], chars[other] = chars[other], chars[one]
    spoiled = TEXT[: group(number).start] + "".join(chars) + TEXT[group(number).stop :]
    if spoiled == TEXT:
        return
    with pytest.raises(PermanentError, match=f"group {number} "):
        RecoveryKey.parse(spoiled)


def test_two_groups_swapped_are_found() -> None:
    groups = TEXT.removeprefix(PREFIX).split("-")
    for number in range(13):
        swapped = [*groups]
        swapped[number], swapped[number + 1] = swapped[number + 1], swapped[number]
        with pytest.raises(PermanentError, match=f"group {number + 1} "):
            RecoveryKey.parse(PREFIX + "-".join(swapped))


def test_a_missing_or_further_group_is_found() -> None:
    groups = TEXT.removeprefix(PREFIX).split("-")
    with pytest.raises(PermanentError, match="group 14 "):
        RecoveryKey.parse(PREFIX + "-".join(groups[:13]))
    with pytest.raises(PermanentError, match="after group 14"):
        RecoveryKey.parse(PREFIX + "-".join([*groups, groups[0]]))


def test_groups_of_another_key_are_found_by_the_checksum() -> None:
    other = RecoveryKey(Secret(b"o" * 32)).text().reveal().decode()
    mixed = TEXT[: group(7).stop] + other[group(7).stop :]
    with pytest.raises(PermanentError, match="more than one place"):
        RecoveryKey.parse(mixed)


@given(st.text(alphabet=string.printable + "ąęłóżźÓŁ\u2028\U0001d7d8", max_size=100))
def test_any_other_text_is_bad_syntax(text: str) -> None:
    for whole in (text, PREFIX + text):
        with pytest.raises(PermanentError) as caught:
            RecoveryKey.parse(whole)
        assert caught.value.reason is Reason.BAD_SYNTAX


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_seed_of_a_wrong_length_is_refused(length: int) -> None:
    with pytest.raises(PermanentError):
        RecoveryKey(Secret(bytes(length)))


def test_a_generated_key_is_a_new_one() -> None:
    assert RecoveryKey.generate(RANDOM).public != RecoveryKey.generate(RANDOM).public


def test_no_secret_shows_in_a_repr() -> None:
    assert repr(KEY) == f"RecoveryKey(public={KEY.public.hex()})"
    assert repr(KEY.text()) == "Secret()"


@given(st.binary(max_size=100), st.binary(max_size=30))
def test_a_box_opens_with_the_recovery_key(plain: bytes, aad: bytes) -> None:
    box = seal_box(KEY.public, aad, Secret(plain), RANDOM)
    assert len(box) == 1 + 32 + len(plain) + 16
    assert KEY.open_box(aad, box).reveal() == plain


def test_every_changed_or_missing_byte_of_a_box_is_seen() -> None:
    box = seal_box(KEY.public, b"account:1", Secret(b"k" * 32), RANDOM)
    for position in range(len(box)):
        spoiled = bytearray(box)
        spoiled[position] ^= 1
        with pytest.raises(PermanentError) as caught:
            KEY.open_box(b"account:1", bytes(spoiled))
        assert caught.value.reason is Reason.CORRUPT
        with pytest.raises(PermanentError):
            KEY.open_box(b"account:1", box[:position])


def test_a_box_opens_with_its_key_and_name_only() -> None:
    box = seal_box(KEY.public, b"account:1", Secret(b"k" * 32), RANDOM)
    with pytest.raises(PermanentError):
        KEY.open_box(b"account:2", box)
    with pytest.raises(PermanentError):
        RecoveryKey(Secret(b"o" * 32)).open_box(b"account:1", box)


def test_a_point_of_low_order_is_refused() -> None:
    """RFC 7748 6.1: the shared secret of such a point is all zero, whatever the key."""
    with pytest.raises(PermanentError):
        KEY.open_box(b"", b"\x01" + bytes(32) + bytes(48))


def test_sealed_twice_shares_no_16_bytes() -> None:
    once, twice = (seal_box(KEY.public, b"", Secret(bytes(200)), RANDOM) for _ in range(2))
    assert {once[i : i + 16] for i in range(len(once) - 15)}.isdisjoint(twice[i : i + 16] for i in range(len(twice)))


def test_the_qr_code_holds_the_text() -> None:
    expected = segno.make_qr(TEXT, error="m")
    out = io.StringIO()
    expected.terminal(out=out, border=2, compact=True)
    assert expected.mode == "alphanumeric"
    assert qr_terminal(KEY.text()) == out.getvalue()
    assert max(len(line) for line in out.getvalue().splitlines()) < 80
