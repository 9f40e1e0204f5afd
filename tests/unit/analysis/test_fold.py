"""analysis/fold.py."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.analysis.fold import POLISH, fold, fold_query

PANGRAM = "Zażółć gęślą jaźń, PCHNIJ W TĘ ŁÓDŹ JEŻA"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Hello  World", "hello world"),
        (PANGRAM, "zazolc gesla jazn, pchnij w te lodz jeza"),
        ("z\u0307o\u0301łw", "zolw"),  # composed first: z with a dot above
        ("Straße", "strasse"),
        ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
        ("\uff28\uff49", "hi"),  # wide letters
        ("e\ufb03cient", "efficient"),  # a ligature
        ("10\u00a0000", "10 000"),
        ("soft\u00adhy\u200bphen", "softhyphen"),
        ("line\r\n\tend", "line end"),
        ("čéü", "čéü"),  # only the Polish ones lose their marks
        ("", ""),
    ],
)
def test_text_is_folded(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert fold_query(text) == folded


def test_the_ends_of_a_query_are_kept() -> None:
    assert fold_query(" At ") == " at "
    assert fold_query("\r\n Łó") == " lo"
    assert fold(" At ") == "at"


def test_every_polish_letter_has_its_base_and_upper_case_too() -> None:
    assert set(POLISH) == set("ąćęłńóśźż")
    assert fold("ĄĆĘŁŃÓŚŹŻ") == fold("ąćęłńóśźż") == "acelnoszz"


@given(st.text(max_size=60))
def test_folding_again_changes_nothing_that_a_search_would_see(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet="aB \t\r\n\x0b\x0c\x1c\x1d\x1e\x1f\0\x7f", max_size=40))
def test_ascii_is_folded_as_other_text_is(text: str) -> None:
    assert fold(text) == " ".join(fold_query(text).split())


@given(st.text(alphabet="ab ąŁ\u00a0\n", max_size=1500), st.integers(0, 1500), st.integers(1, 30))
def test_a_word_of_the_text_is_found_by_its_own_fold(text: str, start: int, length: int) -> None:
    words = text.split()
    if words:
        assert fold_query(words[start % len(words)][:400]) in fold(text)


@pytest.mark.parametrize("text", ["a" + "\u0301\u0316" * 250_000, "\ufdfa" * 100_000, " \n" * 500_000, "ż" * 1_000_000])
def test_hostile_text_takes_linear_time(text: str) -> None:
    began = time.process_time()
    fold(text)
    assert time.process_time() - began < 3.0  # a normalisation of all combining marks at once takes minutes
