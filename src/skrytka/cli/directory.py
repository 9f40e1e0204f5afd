"""``skrytka directory``: people whom an outside directory knows (docs/directories.md)."""

import click

from skrytka.cli import options, output
from skrytka.cli.connect import ask

COLUMNS = ("address", "change", "detail")


@click.group()
def directory() -> None:
    """People whom an LDAP server or Active Directory knows."""


@directory.command()
@click.option("--dry-run", "is_dry", is_flag=True, help="Only say what would be done.")
@click.option("--force", "is_forced", is_flag=True, help="Even if many are gone there at once.")
@options.json_option
@options.installation_options
def sync(*, is_dry: bool, is_forced: bool, as_json: bool) -> None:
    """Bring accounts and roles into line with the directory; who is gone there is suspended here."""
    changes = ask("directory.sync", is_dry=is_dry, is_forced=is_forced)
    if changes or as_json:
        output.print_rows(COLUMNS, changes, as_json=as_json)
    else:
        click.echo("Nothing to do.")
