"""Rewrites the table "what works today" in README.md from docs/mission.toml: ``python -m scripts.mission_table``."""

import tomllib
from pathlib import Path

from scripts.marked import replaced

ROOT = Path(__file__).resolve().parents[1]
MISSION = ROOT / "docs" / "mission.toml"
README = ROOT / "README.md"
BEGIN = "<!-- mission:begin (made by python -m scripts.mission_table) -->"
END = "<!-- mission:end -->"
STATE_WORDS = {"part": "in part", "done": "yes"}


def rows(text: str) -> list[dict[str, str]]:
    """The rows of the mission with their state."""
    return [{key: str(value) for key, value in row.items()} for row in tomllib.loads(text)["row"]]


def table(mission: list[dict[str, str]]) -> str:
    """What works, row by row; what does not yet, in one sentence."""
    working = [row for row in mission if row["state"] in STATE_WORDS]
    lines = ["| | What the mission promises | Works today | What that is |", "|---|---|---|---|"]
    lines += [f"| {row['id']} | {row['title']} | {STATE_WORDS[row['state']]} | {row['what']} |" for row in working]
    pending = [f"{row['title']} ({row['id']})" for row in mission if row["state"] not in STATE_WORDS]
    shown = "\n".join(lines) if working else "Nothing yet."
    return f"{shown}\n\nNot yet: {'; '.join(pending)}." if pending else shown


def rewritten(readme: str, mission: list[dict[str, str]]) -> str:
    """The README with the table between its two marks replaced."""
    return replaced(readme, BEGIN, END, table(mission), "README.md")


def main() -> None:
    mission = rows(MISSION.read_text(encoding="utf-8"))
    README.write_text(rewritten(README.read_text(encoding="utf-8"), mission), encoding="utf-8")


if __name__ == "__main__":
    main()
