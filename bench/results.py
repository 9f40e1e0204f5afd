"""What a benchmark row says, and the file that keeps it."""

import json
import statistics
from pathlib import Path

import msgspec

RESULTS = Path(__file__).with_name("results.json")


class Row(msgspec.Struct):
    """One comparison: medians, and a ratio over 1 where we are better."""

    name: str
    ours: float
    peer: float
    ratio: float
    goal: float
    unit: str

    def text(self) -> str:
        """One line for people."""
        verdict = "met" if self.ratio >= self.goal else "MISSED"
        return (
            f"{self.name:44} ours {self.ours:9.1f}  peer {self.peer:9.1f} {self.unit:10} "
            f"ratio {self.ratio:5.2f}  goal {self.goal:4.1f}  {verdict}"
        )


def compare(name: str, ours: list[float], peer: list[float], *, goal: float, unit: str) -> Row:
    """Medians of figures where more is better."""
    our_median, peer_median = statistics.median(ours), statistics.median(peer)
    return Row(name, round(our_median, 1), round(peer_median, 1), round(our_median / peer_median, 2), goal, unit)


def save(rows: list[Row]) -> None:
    """Replace the rows of these names in ``bench/results.json``; other rows stay."""
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    names = {row.name for row in rows}
    merged = [row for row in kept if row["name"] not in names] + [msgspec.to_builtins(row) for row in rows]
    RESULTS.write_text(json.dumps(merged, indent=1) + "\n")
