"""docs/standards.md: each check of the audit's sections 1.1 to 1.3 is proven by tests that exist, or says whose it is.

A row: ``| TLS-01 | what | proven | `tests/interop/test_x.py::test_name` | note |``.
"""

import re

import pytest

from tests.support.tree import DOCS, ROOT, code_spans, names_of_tests, table_rows

IDS = [
    *(f"TLS-{number:02}" for number in range(1, 32)),
    *(f"DNS-{number:02}" for number in range(1, 34)),
    *(f"CHN-{number:02}" for number in range(1, 16)),
]
STATES = {"proven", "outside", "later"}
TEST_ID = re.compile(r"(tests/[\w/.-]+\.py)::(test_\w+)")
LIVE = ("tests/interop/test_standards_tls.py", "tests/interop/test_standards_dns.py", "tests/interop/test_two_sites.py")


def wrong(state: str, tests: str, note: str) -> str | None:
    """What is the matter with a row."""
    named = [match for span in code_spans(tests) if (match := TEST_ID.fullmatch(span))]
    if state not in STATES:
        return f"is {state!r}, and has to be one of {sorted(STATES)}"
    if state != "proven":
        return None if note and not named else "has to say whose it is, and no tests"
    if not named:
        return "names no `tests/....py::test_name`"
    for match in named:
        path = ROOT / match[1]
        if not path.is_file() or match[2] not in names_of_tests(path):
            return f"names {match[0]}, which does not exist"
    return None


@pytest.fixture(scope="module")
def rows() -> list[list[str]]:
    return [row for row in table_rows((DOCS / "standards.md").read_text(encoding="utf-8")) if row[0] in IDS]


def test_each_check_has_one_row(rows: list[list[str]]) -> None:
    assert [row[0] for row in rows] == IDS


def test_each_row_names_its_tests_or_whose_it_is(rows: list[list[str]]) -> None:
    problems = [f"{row[0]} {problem}" for row in rows if (problem := wrong(row[2], row[3], row[4]))]
    assert not problems, "\n".join(problems)


def test_each_test_against_a_whole_installation_is_named(rows: list[list[str]]) -> None:
    named = {span for row in rows for span in code_spans(row[3])}
    for file in LIVE[:2]:
        unnamed = {name for name in names_of_tests(ROOT / file) if f"{file}::{name}" not in named}
        assert not unnamed, f"docs/standards.md has no row for {unnamed} of {file}"


def test_a_row_without_a_real_test_is_found() -> None:
    this = "tests/tree/test_standards_documented.py"
    assert wrong("proven", "", "") is not None
    assert wrong("proven", f"`{this}::test_that_is_gone`", "") is not None
    assert wrong("proven", f"`{this}::test_each_check_has_one_row`", "") is None
    assert wrong("outside", "", "") is not None
    assert wrong("outside", "", "the network's") is None
    assert wrong("done", "", "") is not None
