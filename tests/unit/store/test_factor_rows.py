from skrytka.model.ids import AccountId
from skrytka.store.factor_rows import FactorKind, FactorRow, Notice


def test_a_row_does_not_show_what_is_sealed() -> None:
    row = FactorRow(AccountId(1), 2, FactorKind.TOTP, b"sealed seed", 0, 0, 0, None)
    assert repr(row) == "FactorRow(account=1, factor=2, kind='totp')"


def test_every_kind_of_factor_has_its_notices() -> None:
    for kind in FactorKind:
        assert Notice(f"{kind.value}.added")
        assert Notice(f"{kind.value}.removed")
