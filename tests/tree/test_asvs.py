"""docs/asvs.md names tests that exist."""

import re

from tests.support.tree import DOCS, ROOT, code_spans, functions, parse, table_rows

PAGE = DOCS / "asvs.md"
TEST = re.compile(r"(tests/[\w/]+\.py)::(test_\w+)")


def test_every_test_that_a_line_names_is_there() -> None:
    named = [
        TEST.fullmatch(span) for row in table_rows(PAGE.read_text(encoding="utf-8")) for span in code_spans(row[-1])
    ]
    found = [match for match in named if match is not None]
    assert len(found) > 20
    missing = [
        match[0]
        for match in found
        if not (ROOT / match[1]).is_file() or match[2] not in {one.name for one in functions(parse(ROOT / match[1]))}
    ]
    assert not missing, f"docs/asvs.md names tests that are not there: {missing}"
