"""analysis/text.py."""

import pytest

from skrytka.analysis.text import cut, display, folded


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\n b\tc", "a b c"),
        ("a\0\x1b[31mb", "a [31mb"),
        ("invoice\u202efdp.exe", "invoice fdp.exe"),
        ("\u2066x\u2069", "x"),
        ("\ud800", "?"),
    ],
)
def test_what_is_shown_has_no_controls(text: str, shown: str) -> None:
    assert display(text, 100) == shown


@pytest.mark.parametrize("control", ["\0", "\x85", "\u202e", "\u2028"])
def test_a_control_behind_what_is_shown_is_as_good_as_a_blank(control: str) -> None:
    assert display("ab" + control + control + "cd", 2) == "ab"
    assert display("ab" + control + control + "cd", 4) == "ab c"
    assert display("ab " + control + "cd", 3) == display("ab cd", 3)


def test_a_cut_leaves_no_half_character() -> None:
    text = "ażż".encode()
    assert [cut(text, length).decode() for length in range(6)] == ["", "a", "a", "aż", "aż", "ażż"]
    assert cut("€".encode(), 2) == b""


def test_search_text_has_no_nul_and_no_surrogate() -> None:
    assert folded("a\0b\ud800") == b"ab?"
