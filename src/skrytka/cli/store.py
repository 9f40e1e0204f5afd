"""``skrytka store``: the mailbox store."""

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask


@click.group()
def store() -> None:
    """The mailbox store."""


@store.command()
@options.json_option
@options.installation_options
def check(*, as_json: bool) -> int:
    """Recompute quota, counters, references and journal; a sound store has no difference."""
    from skrytka.cli.main import EXIT_DIFFERENCES, EXIT_OK, complain

    report = ask("store.check")
    differences = report["differences"]
    count = sum(difference["count"] for difference in differences)
    if as_json:
        output.print_json({**report, "count": count})
    else:
        output.print_facts({"rules checked": len(report["rules"]), "difference": count})
        for difference in differences:
            complain(f"{difference['rule']}: {difference['count']}, such as {'; '.join(difference['examples'][:3])}")
    return EXIT_DIFFERENCES if count else EXIT_OK
