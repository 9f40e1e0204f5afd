"""docs/rfc/index.toml knows every RFC that the source and the transcripts refer to, and what became of it."""

import tomllib
from pathlib import Path

import pytest

from tests.support.tree import DOCS, RFC_REFERENCE, ROOT, modules, relative

INDEX = DOCS / "rfc" / "index.toml"
# full: all that concerns a server; part: see its note; planned: named in a comment, comes later;
# reference: definitions that others build on, nothing of its own to do.
STATES = {"full", "part", "planned", "reference"}
TRANSCRIPTS = ROOT / "tests" / "transcripts"
HEADING_LINES = 10


def index() -> dict[int, dict[str, str]]:
    entries = tomllib.loads(INDEX.read_text(encoding="utf-8"))["rfc"]
    return {int(number): entry for number, entry in entries.items()}


def transcripts() -> list[Path]:
    """All files of tests/transcripts that are no Python and no text about it."""
    files = [path for path in TRANSCRIPTS.rglob("*") if path.is_file()]
    return sorted(path for path in files if path.suffix not in {".py", ".pyc", ".md", ".toml"})


def references(text: str) -> set[int]:
    return {int(number) for number in RFC_REFERENCE.findall(text)}


def heading(path: Path) -> str:
    lines = path.read_bytes().decode("utf-8", "replace").splitlines()[:HEADING_LINES]
    return "\n".join(line for line in lines if line.startswith("#"))


@pytest.mark.parametrize("folder", ["src", "tests"])
def test_every_rfc_reference_is_in_the_index(folder: str) -> None:
    known = index()
    unknown = {
        f"RFC {number} in {relative(path)}"
        for path in modules(ROOT / folder)
        for number in references(path.read_text(encoding="utf-8"))
        if number not in known
    }
    assert not unknown, "add to docs/rfc/index.toml ([rfc.NNNN] title, status, note):\n" + "\n".join(sorted(unknown))


def test_every_rfc_of_the_index_has_a_title_and_a_state() -> None:
    wrong = [
        number
        for number, entry in index().items()
        if not entry.get("title")
        or entry.get("status") not in STATES
        or (entry["status"] == "part" and not entry.get("note"))
    ]
    assert not wrong, f"RFCs without title, a status of {sorted(STATES)}, or (part) a note: {wrong}"


def test_every_transcript_names_its_rfc() -> None:
    known = index()
    wrong = [
        relative(path)
        for path in transcripts()
        if not (found := references(heading(path))) or not found <= known.keys()
    ]
    assert not wrong, f"transcripts without a comment line `# ... RFC NNNN section` of the index: {wrong}"
