import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.mail.identity.totp import new_seed, seed_text, step_of, uri
from skrytka.model.address import Address
from skrytka.model.secret import Secret
from skrytka.store.system import SystemRandom

SEED = Secret(b"12345678901234567890")  # RFC 6238 appendix B
VECTORS = [  # its eight digits, of which six are used
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]


@pytest.mark.parametrize(("at_s", "code"), VECTORS)
def test_codes_are_those_of_rfc_6238(at_s: int, code: str) -> None:
    assert step_of(SEED, code, at_s * 1000, 0) == at_s // 30


def test_a_code_is_taken_one_step_early_or_late_and_not_two() -> None:
    at_ms, code = 1111111111_000, "050471"
    found = [step_of(SEED, code, at_ms + steps * 30_000, 0) for steps in (-2, -1, 0, 1, 2)]
    assert found == [None, *[1111111111 // 30] * 3, None]


def test_a_step_that_was_used_or_is_older_is_refused() -> None:
    step = 1111111111 // 30
    assert step_of(SEED, "050471", 1111111111_000, step - 1) == step
    assert step_of(SEED, "050471", 1111111111_000, step) is None
    assert step_of(SEED, "050471", 1111111111_000, step + 1) is None


@pytest.mark.parametrize("code", ["", "05047", "0504711", "05047x", "٠٥٠٤٧١", "-50471", "+50471", "050471\0"])
def test_what_is_no_code_is_refused(code: str) -> None:
    assert step_of(SEED, code, 1111111111_000, 0) is None


def test_blanks_in_a_code_do_not_matter() -> None:
    assert step_of(SEED, " 050 471\n", 1111111111_000, 0) is not None


@given(st.text(max_size=12), st.integers(0, 2**50))
def test_any_text_is_right_or_wrong(code: str, now_ms: int) -> None:
    found = step_of(SEED, code, now_ms, 0)
    assert found is None or abs(found - now_ms // 30_000) <= 1


def test_a_seed_has_160_random_bits_and_an_app_can_read_it() -> None:
    seeds = {new_seed(SystemRandom()).reveal() for _ in range(10)}
    assert len(seeds) == 10
    assert {len(seed) for seed in seeds} == {20}
    assert seed_text(SEED) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    text = uri(SEED, Address.parse("alice@example.org"), "Skrytka").reveal().decode()
    assert text.startswith("otpauth://totp/Skrytka:alice%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    assert "issuer=Skrytka" in text


@pytest.mark.needs("oathtool")
def test_an_independent_program_makes_the_same_codes() -> None:
    oathtool = shutil.which("oathtool")
    assert oathtool
    for at_s in (1_796_000_000, 1_796_000_029, 1_796_000_030, 1_900_000_001):
        command = [oathtool, "--totp", "--base32", seed_text(SEED), "--now", f"@{at_s}"]
        code = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        assert step_of(SEED, code, at_s * 1000, 0) == at_s // 30
