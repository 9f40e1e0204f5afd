"""Every module has its test file, and none grows past what one can read."""

from pathlib import Path

import pytest

from tests.support.tree import ROOT, SRC, body_lines, functions, has_behaviour, modules, names_of_tests, parse, relative

FILE_LINES_MAX = 600
FILE_LINES_AIM = 400
FUNCTION_LINES_MAX = 60  # ruff PLR0915 already stops at 40 statements


def mirror_of(module: Path) -> Path:
    """``src/skrytka/a/b.py`` -> ``tests/unit/a/test_b.py`` (``_b.py`` likewise)."""
    mirrored = ROOT / "tests" / "unit" / module.relative_to(SRC).parent
    return mirrored / f"test_{module.stem.strip('_')}.py"


def needs_a_test(module: Path) -> bool:
    """All but packages' ``__init__`` and pure data (no function body and no lambda: structs, enums, tables)."""
    return module.name != "__init__.py" and has_behaviour(module)


def test_every_module_has_its_test_file() -> None:
    missing = [
        f"{relative(module)} wants {relative(expected)}"
        for module in modules()
        if needs_a_test(module) and not ((expected := mirror_of(module)).is_file() and names_of_tests(expected))
    ]
    assert not missing, "modules without tests of their own:\n" + "\n".join(missing)


def test_an_init_file_only_exports() -> None:
    """Code in an ``__init__`` would escape the rule above."""
    busy = [relative(module) for module in modules() if module.name == "__init__.py" and has_behaviour(module)]
    assert not busy, f"functions belong into a module with a test file: {busy}"


def test_no_file_is_too_long() -> None:
    sizes = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    too_long = {path: lines for path, lines in sizes.items() if lines > FILE_LINES_MAX}
    assert not too_long, f"over {FILE_LINES_MAX} lines (aim at {FILE_LINES_AIM}): {too_long}"


def test_no_function_is_too_long() -> None:
    too_long = [
        f"{relative(path)}:{function.lineno} {function.name}: {body_lines(function)} lines"
        for path in modules()
        for function in functions(parse(path))
        if body_lines(function) > FUNCTION_LINES_MAX
    ]
    assert not too_long, f"over {FUNCTION_LINES_MAX} lines without the docstring:\n" + "\n".join(too_long)


def test_every_package_says_what_it_is() -> None:
    folders = {module.parent for module in modules()}
    silent = [relative(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()]
    assert not silent, f"folders without an __init__.py: {silent}"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("class A:\n    x: int\nTABLE = {1: 2}\n", False),
        ("from typing import Protocol\nclass A(Protocol):\n    def f(self) -> int:\n        ...\n", False),
        ("def f():\n    return 1\n", True),
        ("class A:\n    async def f(self):\n        await g()\n", True),
        ("key = lambda x: x\n", True),
    ],
)
def test_pure_data_has_no_function_body(tmp_path: Path, source: str, expected: bool) -> None:
    module = tmp_path / "module.py"
    module.write_text(source, encoding="utf-8")
    assert has_behaviour(module) is expected


def python_files() -> list[Path]:
    folders = ["src", "tests", "scripts", "bench"]
    return [path for folder in folders for path in modules(ROOT / folder)]
