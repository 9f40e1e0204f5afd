"""``skrytka logins``: who logged in to an account."""

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask

COLUMNS = ("at", "outcome", "service", "mechanism", "means", "remote", "country", "detail")


@click.command()
@click.argument("address")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="So many, the newest.")
@options.json_option
@options.installation_options
def logins(*, address: str, limit: int, as_json: bool) -> None:
    """Logins to ADDRESS and tries at it: when, from where, how, and what came of each."""
    output.print_rows(COLUMNS, ask("login.list", address=address, limit=limit), as_json=as_json)
