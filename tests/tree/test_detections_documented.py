"""docs/detections.md: each rule holds by tests that exist, or says what is missing of it."""

import pytest

from tests.support.tree import DOCS, code_spans, table_rows
from tests.tree.test_standards_documented import TEST_ID, wrong

STATES = {"holds", "part", "later"}


@pytest.fixture(scope="module")
def rows() -> list[list[str]]:
    return [row for row in table_rows((DOCS / "detections.md").read_text(encoding="utf-8")) if len(row) == 5]


def test_each_rule_names_its_tests(rows: list[list[str]]) -> None:
    assert len(rows) > 15
    problems = []
    for rule, _asked, state, here, tests in rows:
        if state not in STATES:
            problems.append(f"{rule}: is {state!r}")
        elif state == "later":
            problems += [] if here and not code_spans(tests) else [f"{rule}: has to say why, and no tests"]
        elif problem := wrong("proven", tests, here):
            problems.append(f"{rule} {problem}")
        problems += [f"{rule}: {span} is no test" for span in code_spans(tests) if TEST_ID.fullmatch(span) is None]
    assert not problems, "\n".join(problems)
