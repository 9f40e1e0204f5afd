"""Every fault that the code raises has its row in docs/faults.md."""

import ast
import re
from collections.abc import Iterator

from tests.support.tree import DOCS, code_spans, modules, parse, table_rows

ID = re.compile(r"F-[a-z0-9-]+")


def documented() -> set[str]:
    page = (DOCS / "faults.md").read_text(encoding="utf-8")
    return {span for row in table_rows(page) for span in code_spans(row[0]) if ID.fullmatch(span)}


def literals() -> Iterator[tuple[str, str]]:
    """(place, text) of each literal that is a fault's id, or is raised as one."""
    for path in modules():
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and ID.fullmatch(node.value):
                yield f"{path.name}:{node.lineno}", node.value
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "FaultRaised":
                for keyword in node.keywords:
                    if keyword.arg == "fault" and isinstance(keyword.value, ast.Constant):
                        yield f"{path.name}:{node.lineno}", str(keyword.value.value)


def test_every_fault_that_is_raised_is_documented() -> None:
    raised = list(literals())
    assert len(raised) > 10
    rows = documented()
    assert not [f"{place}: {text}" for place, text in raised if text not in rows]
