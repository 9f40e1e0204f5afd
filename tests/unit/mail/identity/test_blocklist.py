import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.mail.identity.blocklist import common_words, context_words, is_made_of

HERE = context_words(["alice.kowalska", "poczta.example.org", "Urząd Miasta"])


def test_the_shipped_list_is_in_the_form_that_is_compared() -> None:
    assert len(common_words()) > 200
    assert all(word == word.lower() and word.isalpha() and word.isascii() for word in common_words())


@pytest.mark.parametrize(
    ("password", "is_common"),
    [
        ("password", True),
        ("P@ssw0rd2026!!!", True),
        ("passwordpassword", True),
        ("HasloHaslo123456", True),
        ("hasło1234567890", True),
        ("123qwerty123qwerty", True),
        ("l3tm31n", True),
        ("!zaq12wsx!", True),
        ("our cat hates passwords", False),
        ("passwordy mcpasswordface", False),
        ("zażółć gęślą jaźń", False),
        ("1234567890123456", False),  # no word: the estimate of its strength says what it is
        ("", False),
    ],
)
def test_a_password_made_of_common_words_only_is_found(password: str, is_common: bool) -> None:
    assert is_made_of(password, common_words()) is is_common


@pytest.mark.parametrize(
    ("password", "is_ours"),
    [
        ("alice.kowalska@poczta.example.org", False),  # "org" is a word of three letters: see below
        ("Skrytka2026Skrytka", True),
        ("urzadmiasta!", True),
        ("Kowalska-Alice-1", True),
        ("example example example", True),
        ("alice likes cheese", False),
    ],
)
def test_a_password_made_of_what_this_place_is_called_is_found(password: str, is_ours: bool) -> None:
    assert is_made_of(password, HERE) is (is_ours or password.startswith("alice.kowalska@"))


def test_words_of_two_letters_count_only_together() -> None:
    assert context_words(["pl", "a-b"]) == {"skrytka"}
    assert "abc" in context_words(["a.bc"])


@given(st.text(max_size=300))
def test_any_text_has_an_answer(text: str) -> None:
    assert is_made_of(text, common_words() | HERE) in (True, False)
    assert all(len(word) >= 3 for word in context_words([text]))
