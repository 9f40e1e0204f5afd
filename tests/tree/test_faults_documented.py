"""docs/faults.md: every fault has an id, a behaviour, and a test that makes it happen.

A row: ``| `F-disk-full` | what fails | what then happens | `tests/faults/test_disk.py::test_name` |``.
"""

import re
from collections import Counter

import pytest

from tests.support.needs import NOT_RUN
from tests.support.tree import DOCS, ROOT, code_spans, names_of_tests, table_rows

PAGE = DOCS / "faults.md"
FAULT_ID = re.compile(r"F-[a-z0-9-]+")
TEST_ID = re.compile(r"(tests/[\w/.-]+\.py)::(test_\w+)")


def fault_rows(text: str) -> dict[str, list[str]]:
    """Fault id -> the code spans of its row."""
    rows = [[span for cell in row for span in code_spans(cell)] for row in table_rows(text)]
    return {spans[0]: spans[1:] for spans in rows if spans and FAULT_ID.fullmatch(spans[0])}


def untested(spans: list[str]) -> str | None:
    """What is wrong with the tests that a row names."""
    named = [match for span in spans if (match := TEST_ID.fullmatch(span))]
    if not named:
        return "names no `tests/....py::test_name`"
    for match in named:
        path = ROOT / match[1]
        if not path.is_file() or match[2] not in names_of_tests(path):
            return f"names {match[0]}, which does not exist"
    return None


@pytest.fixture
def page() -> str:
    if not PAGE.is_file():
        pytest.skip(f"{NOT_RUN}docs/faults.md is not written yet")
    return PAGE.read_text(encoding="utf-8")


def test_every_fault_names_a_test_that_exists(page: str) -> None:
    rows = fault_rows(page)
    assert rows, "docs/faults.md has no row that begins with an id like `F-disk-full`"
    wrong = [f"{fault} {problem}" for fault, spans in rows.items() if (problem := untested(spans))]
    assert not wrong, "\n".join(wrong)


def test_fault_ids_are_unique(page: str) -> None:
    counts = Counter(span for row in table_rows(page) for span in code_spans(row[0]) if FAULT_ID.fullmatch(span))
    assert not [fault for fault, count in counts.items() if count > 1]


def test_a_row_without_a_real_test_is_found() -> None:
    this = "tests/tree/test_faults_documented.py"
    assert untested([]) is not None
    assert untested([f"{this}::test_that_is_gone"]) is not None
    assert untested([f"{this}::test_fault_ids_are_unique"]) is None
