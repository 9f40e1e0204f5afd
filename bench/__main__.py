"""``python -m bench [--messages N] [--runs N]``: every comparison, printed and kept in bench/results.json."""

import argparse

from bench import inbound
from bench.results import save


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="bench", description="Benchmarks beside Debian's Postfix and Dovecot.")
    parser.add_argument("--messages", type=int, default=6000, help="of each run (a multiple of 50)")
    parser.add_argument("--runs", type=int, default=5, help="alternating runs of each side")
    parser.add_argument("--no-save", action="store_true", help="leave bench/results.json as it is")
    options = parser.parse_args()
    rows = inbound.run(options.messages, options.runs)
    for row in rows:
        print(row.text())
    if not options.no_save:
        save(rows)


if __name__ == "__main__":
    main()
