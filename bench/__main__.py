"""``python -m bench [--messages N] [--runs N] [--only KINDS]``: comparisons, printed and kept in bench/results.json."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import dkim, imap, inbound, outbound, senders
from bench.results import Row, save

KINDS = ("inbound", "senders", "outbound", "dkim", "imap", "large", "memory")


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="bench", description="Benchmarks beside Debian's Postfix and Dovecot.")
    parser.add_argument("--messages", type=int, default=6000, help="of each run of inbound (a multiple of 50)")
    parser.add_argument("--runs", type=int, default=5, help="alternating runs of each side")
    parser.add_argument("--only", type=_kinds, default=KINDS, help=f"of {', '.join(KINDS)}")
    parser.add_argument("--no-save", action="store_true", help="leave bench/results.json as it is")
    options = parser.parse_args()
    kinds: list[str] = options.only
    if "inbound" in kinds:
        show(inbound.run(options.messages, options.runs), is_kept=not options.no_save)
    if "senders" in kinds:
        show(senders.run(options.messages // 2, options.runs), is_kept=not options.no_save)
    if "outbound" in kinds:
        show(outbound.run(options.messages // 2, min(options.runs, 3)), is_kept=not options.no_save)
    if "dkim" in kinds:
        show(dkim.run(), is_kept=not options.no_save)
    if "imap" in kinds:
        with tempfile.TemporaryDirectory(prefix="skrytka-bench-") as folder:
            Path(folder).chmod(0o755)  # Dovecot's own users must reach their part
            show(imap.run(Path(folder) / "imap", imap.MESSAGES, imap.RUNS), is_kept=not options.no_save)
    for kind in ("large", "memory"):  # they print as they go, and save by themselves
        if kind in kinds:
            keep = ["--no-save"] if options.no_save else []
            subprocess.run([sys.executable, "-m", f"bench.{kind}", *keep], check=True)


def _kinds(text: str) -> list[str]:
    kinds = text.split(",")
    if unknown := set(kinds) - set(KINDS):
        raise argparse.ArgumentTypeError(f"no such kind: {', '.join(sorted(unknown))}")
    return kinds


def show(rows: list[Row], *, is_kept: bool) -> None:
    """Print and save."""
    for row in rows:
        print(row.text())
    if is_kept:
        save(rows)


if __name__ == "__main__":
    main()
