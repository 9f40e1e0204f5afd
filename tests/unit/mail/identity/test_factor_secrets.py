import msgspec
import pytest

from skrytka.mail.identity.factor_secrets import FactorKeys, FactorSecret, checked_name
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.store.factor_rows import FactorKind, FactorRow
from skrytka.store.system import SystemRandom

KEYS = FactorKeys(Secret(b"k" * 32), SystemRandom())
ALICE = AccountId(1)
SECRET = FactorSecret("Blue key", b"seed of twenty bytes", is_discoverable=True)


def row(**changes: object) -> FactorRow:
    sealed = KEYS.seal(ALICE, 3, FactorKind.TOTP, SECRET)
    return FactorRow(ALICE, 3, FactorKind.TOTP, sealed, 0, 0, 0, None)._replace(**changes)  # type: ignore[arg-type]


def test_a_secret_comes_back_and_stands_nowhere_in_clear() -> None:
    assert KEYS.open(row()) == SECRET
    assert b"seed" not in row().sealed
    assert b"Blue" not in row().sealed
    assert "seed" not in repr(SECRET)


@pytest.mark.parametrize(
    "other",
    [
        row(account=AccountId(2)),
        row(factor=4),
        row(kind=FactorKind.WEBAUTHN),
        row(sealed=row().sealed[:-1] + b"x"),
        row(sealed=b""),
    ],
)
def test_a_factor_that_was_moved_or_changed_does_not_open(other: FactorRow) -> None:
    with pytest.raises(PermanentError) as caught:
        KEYS.open(other)
    assert caught.value.reason is Reason.CORRUPT


def test_later_fields_do_not_stop_an_older_reader_nor_missing_ones_a_newer() -> None:
    old = msgspec.msgpack.decode(msgspec.msgpack.encode(("name", b"seed")), type=FactorSecret)
    assert old == FactorSecret("name", b"seed")


def test_a_handle_tells_its_account_and_cannot_be_made_up() -> None:
    handle = KEYS.handle_of(ALICE)
    assert KEYS.account_of(handle) == ALICE
    other = AccountId(2).to_bytes(8, "big") + handle[8:]
    for wrong in (other, handle[:-1], handle + b"x", b"", bytes(24)):
        assert KEYS.account_of(wrong) is None


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "a\x1b[31m"])
def test_a_name_that_cannot_be_shown_is_refused(name: str) -> None:
    with pytest.raises(PermanentError) as caught:
        checked_name(name)
    assert caught.value.reason is Reason.BAD_SYNTAX


def test_blanks_in_a_name_are_made_even() -> None:
    assert checked_name("  niebieski \n klucz ") == "niebieski klucz"
