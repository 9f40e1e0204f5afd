"""Looks at the source tree without importing it: modules, functions, and what documents name."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "skrytka"
DOCS = ROOT / "docs"
RFC_REFERENCE = re.compile(r"\bRFC (\d{3,5})\b")
CODE_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def modules(root: Path = SRC) -> list[Path]:
    return sorted(root.rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(tree: ast.AST) -> Iterator[FunctionNode]:
    for node in ast.walk(tree):
        if isinstance(node, FunctionNode):
            yield node


def body_lines(function: FunctionNode) -> int:
    """Lines of a function without its decorators and docstring."""
    first = function.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring_lines = (first.end_lineno or first.lineno) - first.lineno + 1 if is_docstring else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring_lines


def is_empty_body(function: FunctionNode) -> bool:
    """Only a docstring or ``...``: the method of a Protocol."""
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in function.body)


def has_behaviour(path: Path) -> bool:
    """Whether a module does anything: a module without a function body or lambda is pure data."""
    tree = parse(path)
    lambdas = any(isinstance(node, ast.Lambda) for node in ast.walk(tree))
    return lambdas or any(not is_empty_body(function) for function in functions(tree))


def code_spans(text: str) -> list[str]:
    """What stands in single backticks, outside fenced blocks."""
    return CODE_SPAN.findall(re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))


def table_rows(text: str) -> list[list[str]]:
    """The cells of every Markdown table row but the heading and its rule."""
    lines = [line.strip() for line in text.splitlines()]
    rows: list[list[str]] = []
    for number, line in enumerate(lines):
        is_rule = re.fullmatch(r"\|[\s:|-]+\|", line) is not None
        is_heading = number + 1 < len(lines) and re.fullmatch(r"\|[\s:|-]+\|", lines[number + 1]) is not None
        if line.startswith("|") and not is_rule and not is_heading:
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def names_of_tests(path: Path) -> set[str]:
    """The test functions of a file, those in classes too."""
    return {function.name for function in functions(parse(path)) if function.name.startswith("test_")}
