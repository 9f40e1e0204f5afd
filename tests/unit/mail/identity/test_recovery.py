import pytest

from skrytka.mail.identity.recovery import mac_of, new_code
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.store.factor_rows import CodeKind
from skrytka.store.system import SystemRandom

KEY = Secret(b"k" * 32)
ALICE, BOB = AccountId(1), AccountId(2)


def test_a_code_has_125_random_bits_in_letters_that_nobody_mistakes() -> None:
    codes = [new_code(SystemRandom()).reveal().decode() for _ in range(50)]
    assert len(set(codes)) == 50
    assert all(len(code) == 29 and code.count("-") == 4 for code in codes)
    assert len(set("".join(codes)) - {"-"}) == 32
    assert not set("".join(codes)) & set("lo01ABC")


def test_the_hash_is_of_this_code_account_purpose_and_key() -> None:
    code, other = new_code(SystemRandom()), new_code(SystemRandom())
    mac = mac_of(KEY, ALICE, CodeKind.RECOVERY, code)
    assert mac is not None
    assert len(mac) == 16
    others = {
        mac_of(KEY, BOB, CodeKind.RECOVERY, code),
        mac_of(KEY, ALICE, CodeKind.PASSWORD, code),
        mac_of(KEY, ALICE, CodeKind.RECOVERY, other),
        mac_of(Secret(b"x" * 32), ALICE, CodeKind.RECOVERY, code),
    }
    assert mac not in others
    assert len(others) == 4


def test_case_blanks_and_dashes_do_not_matter() -> None:
    code = Secret("abcde-fghij-kmnpq-rstuv-wxyz2")
    typed = Secret(" ABCDE fghij-KMNPQ\trstuv wxyz2\n")
    assert mac_of(KEY, ALICE, CodeKind.RECOVERY, code) == mac_of(KEY, ALICE, CodeKind.RECOVERY, typed)


@pytest.mark.parametrize(
    "text", ["", "abcde", "abcde-fghij-kmnpq-rstuv-wxyz2a", "abcde-fghij-kmnpq-rstuv-wxyz1", "ą" * 25]
)
def test_what_is_no_code_has_no_hash(text: str) -> None:
    assert mac_of(KEY, ALICE, CodeKind.RECOVERY, Secret(text)) is None
