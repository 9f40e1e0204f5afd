"""Every path that the README and the documents name exists, and so does every module.

docs/notes (plans) and docs/adr (history, of things that may be gone) are left out.
"""

import re
from pathlib import Path

import pytest

from tests.support.tree import DOCS, ROOT, SRC, code_spans, relative

TOP = ("src/", "tests/", "docs/", "scripts/", "bench/", "requirements/", ".ci/", "changelog.d/", "deploy/")
PATH = re.compile(r"[\w.*/-]+")
MODULE = re.compile(r"skrytka(\.[a-z_]\w*)+")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")


def pages() -> list[Path]:
    found = [path for path in DOCS.rglob("*.md") if path.relative_to(DOCS).parts[0] not in {"notes", "adr"}]
    return [ROOT / "README.md", *sorted(found)]


def is_path(span: str) -> bool:
    return span.startswith(TOP) and PATH.fullmatch(span.partition("::")[0]) is not None


def exists(span: str, root: Path = ROOT) -> bool:
    """A star stands for at least one file."""
    path = span.partition("::")[0].rstrip("/")
    return any(root.glob(path)) if "*" in path else (root / path).exists()


def module_exists(dotted: str) -> bool:
    """A module or package, or a name inside one."""
    path = SRC.joinpath(*dotted.split(".")[1:])
    if path.is_dir() or path.with_suffix(".py").is_file():
        return True
    owner, name = path.parent, path.name
    sources = [file for file in (owner.with_suffix(".py"), owner / "__init__.py") if file.is_file()]
    return any(re.search(rf"\b{re.escape(name)}\b", file.read_text(encoding="utf-8")) for file in sources)


@pytest.mark.parametrize("page", pages(), ids=relative)
def test_every_named_path_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    spans = code_spans(text)
    gone = [span for span in spans if is_path(span) and not exists(span)]
    gone += [span for span in spans if MODULE.fullmatch(span) and not module_exists(span)]
    links = [link for link in LINK.findall(text) if "://" not in link and not link.startswith("mailto:")]
    gone += [link for link in links if not (page.parent / link).exists()]
    assert not gone, f"{relative(page)} names what is not there: {sorted(set(gone))}"


@pytest.mark.parametrize(
    ("span", "is_there"),
    [
        ("tests/tree/test_docs_paths.py", True),
        ("tests/tree/test_*.py", True),
        ("tests/tree/", True),
        ("tests/tree/gone.py", False),
        ("docs/gone/*.md", False),
    ],
)
def test_a_path_that_is_gone_is_found(span: str, is_there: bool) -> None:
    assert is_path(span)
    assert exists(span) is is_there


@pytest.mark.parametrize("span", ["text/plain", "/etc/hosts", "DIR/demo.json", "src / dst", "make test"])
def test_other_words_are_no_paths(span: str) -> None:
    assert not is_path(span)


def test_modules_and_names_in_them_are_told_apart() -> None:
    assert module_exists("skrytka.model.settings")
    assert module_exists("skrytka.model.settings.Settings")
    assert not module_exists("skrytka.model.gone")
