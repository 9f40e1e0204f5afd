"""docs/mission.toml has the rows of the mission, and the README says of them what it says."""

import re
from collections.abc import Iterator

from scripts.mission_table import MISSION, README, rewritten, rows, table
from tests.support.tree import ROOT

SECTIONS = {"N": 7, "A": 8, "T": 4, "S": 3, "F": 7, "W": 6, "R": 5, "X": 3, "C": 6, "H": 2, "V": 4}
STATES = {"none", "part", "done"}
SHARED_MISSION = ROOT.parent / "shared" / "mission.md"


def expected_ids() -> Iterator[str]:
    for section, count in SECTIONS.items():
        yield from (f"{section}{number}" for number in range(1, count + 1))


def mission() -> list[dict[str, str]]:
    return rows(MISSION.read_text(encoding="utf-8"))


def test_the_rows_are_those_of_the_mission() -> None:
    assert [row["id"] for row in mission()] == list(expected_ids())


def test_the_mission_beside_the_clone_has_no_other_rows() -> None:
    """Where the project's mission lies beside the clone; a clone alone has only the list above."""
    if SHARED_MISSION.is_file():
        named = re.findall(r"(?:^- |\. |^)([A-Z]\d) ", SHARED_MISSION.read_text(encoding="utf-8"), re.MULTILINE)
        assert sorted(set(named)) == sorted(expected_ids())


def test_every_row_says_what_works() -> None:
    wrong = [
        row["id"]
        for row in mission()
        if not row["title"] or row["state"] not in STATES or bool(row["what"]) is (row["state"] == "none")
    ]
    assert not wrong, (
        f"rows without title, without a state of {sorted(STATES)}, or whose `what` belies the state: {wrong}"
    )


def test_the_readme_has_the_table_of_the_mission() -> None:
    readme = README.read_text(encoding="utf-8")
    assert rewritten(readme, mission()) == readme, "run: python -m scripts.mission_table"


def test_the_table_shows_what_works_and_names_what_does_not() -> None:
    shown = table(
        [
            {"id": "N1", "title": "SMTP", "state": "part", "what": "port 25; no submission"},
            {"id": "N2", "title": "IMAP", "state": "none", "what": ""},
        ]
    )
    assert "| N1 | SMTP | in part | port 25; no submission |" in shown
    assert shown.endswith("Not yet: IMAP (N2).")
