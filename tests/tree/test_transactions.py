"""docs/transactions.md: each row ends with a transcript or a test that is there, or says with what it comes."""

import re

import pytest

from tests.support.tree import DOCS, ROOT, code_spans, names_of_tests, table_rows

LATER = re.compile(r"later, with [A-Za-z ,]+")
PAGE = DOCS / "transactions.md"


def problem(row: list[str]) -> str | None:
    """What is wrong with the last cell of a row."""
    if LATER.fullmatch(row[-1]):
        return None
    spans = [span for span in code_spans(row[-1]) if span.startswith("tests/")]
    if not spans:
        return "names no transcript and no test"
    for span in spans:
        path, _, name = span.partition("::")
        if not (ROOT / path).is_file():
            return f"names {path}, which does not exist"
        if path.endswith(".py") and name not in names_of_tests(ROOT / path):
            return f"names {span}, which does not exist"
    return None


def test_every_fate_of_a_message_is_shown_by_something_that_exists() -> None:
    rows = table_rows(PAGE.read_text(encoding="utf-8"))
    assert rows
    wrong = [f"{row[0]}: {told}" for row in rows if (told := problem(row))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "later",
        "later, with `x`",
        "`tests/gone.smtp`",
        "`tests/tree/test_transactions.py`",
        "`tests/tree/test_transactions.py::test_gone`",
    ],
)
def test_a_row_that_nothing_shows_is_found(cell: str) -> None:
    assert problem(["what", cell]) is not None
